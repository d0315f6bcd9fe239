-- How long successful requests took of late: of every dimension, of each provider, each client and all together.
-- Interpolated as in latency_series.sql.
SELECT
    client, provider, model, every_client, every_provider, every_model,
    complete[1] AS p50_ms, complete[2] AS p90_ms, ttfb[2] AS ttfb_p90_ms
FROM
(
    SELECT
        *,
        if(ok_events = 0, [NULL, NULL], arrayMap(
            (percent, place) -> if(place = 0, toFloat64(complete_edges[-1]),
                complete_edges[place] + (complete_edges[place + 1] - complete_edges[place])
                    * (percent * ok_events / 100 - arrayConcat([0], complete_at_most)[place])
                    / (complete_at_most[place] - arrayConcat([0], complete_at_most)[place])),
            [50, 90],
            arrayMap(percent -> arrayFirstIndex(n -> n * 100 >= percent * ok_events, complete_at_most), [50, 90])
        )) AS complete,
        if(streaming_events = 0, [NULL, NULL], arrayMap(
            (percent, place) -> if(place = 0, toFloat64(ttfb_edges[-1]),
                ttfb_edges[place] + (ttfb_edges[place + 1] - ttfb_edges[place])
                    * (percent * streaming_events / 100 - arrayConcat([0], ttfb_at_most)[place])
                    / (ttfb_at_most[place] - arrayConcat([0], ttfb_at_most)[place])),
            [50, 90],
            arrayMap(percent -> arrayFirstIndex(n -> n * 100 >= percent * streaming_events, ttfb_at_most), [50, 90])
        )) AS ttfb
    FROM
    (
        SELECT
            d.client AS client,
            d.provider AS provider,
            d.model AS model,
            grouping(d.client) AS every_client,
            grouping(d.provider) AS every_provider,
            grouping(d.model) AS every_model,
            sum(r.ok_events) AS ok_events,
            sum(r.streaming_events) AS streaming_events,
            sumForEach(r.complete_at_most) AS complete_at_most,
            sumForEach(r.ttfb_at_most) AS ttfb_at_most,
            [$complete_edges]::Array(UInt32) AS complete_edges,
            [$ttfb_edges]::Array(UInt32) AS ttfb_edges
        FROM
        (
            SELECT
                dim_id,
                sum(ok) AS ok_events,
                sum(ttfb_valid) AS streaming_events,
                [$complete_at_most] AS complete_at_most,
                [$ttfb_at_most] AS ttfb_at_most
            FROM rollup_5m
            WHERE bucket >= {from:DateTime('UTC')} AND bucket < {to:DateTime('UTC')} AND NOT user_byok
            GROUP BY dim_id
        ) AS r
        INNER JOIN
        (
            SELECT dim_id, any(client) AS client, any(provider) AS provider, any(model) AS model
            FROM dimensions
            GROUP BY dim_id
        ) AS d ON d.dim_id = r.dim_id
        GROUP BY GROUPING SETS ((d.client, d.provider, d.model), (d.provider), (d.client), ())
    )
)
