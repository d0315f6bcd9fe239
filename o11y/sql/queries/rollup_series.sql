-- Valid and bad events of a few dimensions, a row for each bucket of one rollup that holds any.
SELECT
    $part AS part,
    toUnixTimestamp(bucket) AS start_s,
    toInt64(sum($bad)) AS bad_events,
    toInt64(sum($valid)) AS valid_events
FROM $rollup
WHERE bucket >= {from:DateTime('UTC')} AND bucket < {to:DateTime('UTC')} AND $scope$narrowed
GROUP BY part, start_s
HAVING valid_events > 0
ORDER BY part, start_s
LIMIT {most:UInt32}
