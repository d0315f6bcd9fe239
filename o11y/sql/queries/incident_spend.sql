SELECT number, $sums
FROM
(
    SELECT toUnixTimestamp(bucket) AS start_s, $place AS place, $measures
    FROM $rollup AS r$joined
    WHERE ($ranges)$scope
    GROUP BY start_s, place
)
ARRAY JOIN arrayFilter(
    (n, its, from_s, to_s) -> its = place AND start_s >= from_s AND start_s < to_s,
    {numbers_$group:Array(UInt32)}, $places, {from_$group:Array(UInt32)}, {to_$group:Array(UInt32)}
) AS number
GROUP BY number
