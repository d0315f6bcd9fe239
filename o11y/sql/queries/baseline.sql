-- Requests of every dimension in every window at the same time of day, on each of the last seven days. `age_s` is the
-- time from the end of a bucket to the end of the newest of these windows, a day later.
SELECT
    dim_id,
    window_s,
    sumIf(total, days_ago = 1), sumIf(total, days_ago = 2), sumIf(total, days_ago = 3), sumIf(total, days_ago = 4),
    sumIf(total, days_ago = 5), sumIf(total, days_ago = 6), sumIf(total, days_ago = 7)
FROM
(
    SELECT
        dim_id,
        total,
        toUInt32({slot:DateTime('UTC')}) - toUInt32(bucket) - {grain_s:UInt32} AS age_s,
        intDiv(age_s, 86400) AS days_ago,
        age_s % 86400 AS back_s
    FROM rollup_5m
    WHERE ($stretches)$narrowed
)
ARRAY JOIN arrayFilter(length_s -> back_s < length_s, {windows:Array(UInt32)}) AS window_s
GROUP BY dim_id, window_s
ORDER BY dim_id
