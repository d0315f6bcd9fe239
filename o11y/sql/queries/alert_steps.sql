-- What happened to some incidents, the last steps of each. What was told happened when it was written down.
SELECT
    incident_id,
    if(transition IN ('notified', 'acknowledged', 'undeliverable', 'superseded'), recorded_at, at) AS moment,
    transition,
    min(severity) AS worst,
    reason,
    uniqExact(key) AS alerts,
    arraySort(groupUniqArray(6)(objective)) AS objectives,
    arraySort(groupUniqArray(6)((scope, client, provider, model))) AS dimensions,
    max(burn_rate_long) AS peak
FROM alert_history
WHERE at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')}
    AND incident_id IN {incidents:Array(String)}
-- a human answers to all of its alerts at once
GROUP BY incident_id, moment, transition, if(transition = 'acknowledged', '', severity), reason
ORDER BY incident_id, moment DESC, max(recorded_at) DESC, transition DESC, worst DESC, reason DESC
LIMIT {most_of_each:UInt32} BY incident_id
