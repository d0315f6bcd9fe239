-- Incidents with a transition that is asked for, each from its beginning to its end. A time that never was is 1970.
SELECT
    incident_id,
    min(h.severity) AS highest, -- 'page' before 'ticket'
    min(at) AS opened_at,
    maxIf(at, transition IN ('fired', 'reopened')) AS began_at,
    maxIf(at, transition = 'no_data') AS no_data_at,
    maxIf(at, transition = 'resolved') AS resolved_at,
    maxIf(at, transition = 'expired') AS expired_at,
    arraySort(groupUniqArray(20)(objective)) AS objectives,
    arraySort(groupUniqArrayIf(20)(objective, h.severity = 'page' AND transition != 'inhibited')) AS paging,
    arraySort(
        place -> (tupleElement(place, 1) != 'model', place), -- single dimensions before sums of them
        groupUniqArray(6)((scope, client, provider, model))
    ) AS dimensions,
    uniqExact(key) AS alerts,
    max(burn_rate_long) AS peak,
    uniqExactIf(at, transition = 'reopened') AS times_reopened,
    minIf(recorded_at, transition = 'notified' AND h.severity = 'page') AS paged_at,
    minIf(recorded_at, transition = 'acknowledged') AS acknowledged_at,
    argMinIf(reason, recorded_at, transition = 'acknowledged') AS acknowledged_by,
    argMaxIf(slack, recorded_at, slack != '') AS place
FROM alert_history AS h
WHERE at >= {since:DateTime64(3, 'UTC')} - INTERVAL 30 DAY AND at < {until:DateTime64(3, 'UTC')} + INTERVAL 30 DAY
    AND incident_id IN (
        SELECT n.incident_id
        FROM alert_history AS n
        WHERE n.at >= {since:DateTime64(3, 'UTC')} AND n.at < {until:DateTime64(3, 'UTC')}
            AND n.incident_id != ''$narrowed
    )
GROUP BY incident_id$after
ORDER BY opened_at DESC, incident_id DESC
LIMIT {most:UInt32}
