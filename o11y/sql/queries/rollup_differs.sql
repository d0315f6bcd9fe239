-- Cells (bucket x dimension) of a rollup that differ from a recount of the events, for the dimensions named.
WITH arrayMap(
    (c, p, m) -> sipHash64(c, p, m), {clients:Array(String)}, {providers:Array(String)}, {models:Array(String)}
) AS named
SELECT count()
FROM
(
    SELECT cell, dim_id
    FROM
    (
        SELECT toUInt32(bucket) AS cell, dim_id, toInt64(total) AS events
        FROM $rollup
        WHERE bucket >= {from:DateTime('UTC')} AND bucket < {to:DateTime('UTC')} AND has(named, dim_id)
        UNION ALL
        SELECT intDiv(toUInt32(toDateTime(event_time)), $seconds) * $seconds AS cell, dim_id, toInt64(-1) AS events
        FROM api_events
        WHERE event_time >= {from:DateTime('UTC')} AND event_time < {to:DateTime('UTC')} AND has(named, dim_id)
    )
    GROUP BY cell, dim_id
    HAVING sum(events) != 0
)
