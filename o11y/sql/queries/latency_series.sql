-- How long successful requests of a dimension took, a row a step. Spread evenly between two bounds of the rollup, as by
-- histogram_quantile of Prometheus; beyond the last bound, that one.
SELECT step, requests, $quantiles
FROM
(
    SELECT step, requests, arrayMap(
        (percent, place) -> if(place = 0, toFloat64(edges[-1]),
            edges[place] + (edges[place + 1] - edges[place])
                * (percent * requests / 100 - arrayConcat([0], at_most)[place])
                / (at_most[place] - arrayConcat([0], at_most)[place])),
        [50, 90, 99],
        arrayMap(percent -> arrayFirstIndex(n -> n * 100 >= percent * requests, at_most), [50, 90, 99])
    ) AS quantiles_ms
    FROM
    (
        SELECT
            intDiv(toUnixTimestamp(bucket), {step_s:UInt32}) * {step_s:UInt32} AS step,
            sum($valid) AS requests,
            [$at_most] AS at_most,
            [$edges]::Array(UInt32) AS edges
        FROM $rollup
        WHERE bucket >= {from:DateTime('UTC')} AND bucket < {to:DateTime('UTC')} AND $scope AND NOT user_byok
        GROUP BY step
        HAVING requests > 0
    )
)
ORDER BY step
LIMIT {most:UInt32}
