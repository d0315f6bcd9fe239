-- Requests of a dimension, a row a step; those on keys of users are counted apart, and not by status.
SELECT
    intDiv(toUnixTimestamp(bucket), {step_s:UInt32}) * {step_s:UInt32} AS step,
    sum(total) AS requests,
    sumIf(total, user_byok) AS on_keys_of_users,
    $classes
FROM $rollup
WHERE bucket >= {from:DateTime('UTC')} AND bucket < {to:DateTime('UTC')} AND $scope
GROUP BY step
ORDER BY step
LIMIT {most:UInt32}
