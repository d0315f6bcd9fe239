-- Some alerts in their incidents, of those that were open since then: from the long window that made each fire to its
-- end. What a larger cause holds back is inhibited instead of fired. A time that never was is 1970.
SELECT
    incident_id,
    key,
    min(h.severity) AS highest,
    argMin(at - toIntervalSecond(long_window_s), at) AS began_at,
    maxIf(at, transition IN ('fired', 'joined', 'inhibited', 'reopened')) AS fired_at,
    maxIf(at, transition IN ('resolved', 'expired')) AS ended_at
FROM alert_history AS h
WHERE at >= {since:DateTime64(3, 'UTC')} - INTERVAL 30 DAY AND at < {until:DateTime64(3, 'UTC')}
    AND incident_id != '' AND key IN {keys:Array(String)}
    AND NOT (transition = 'inhibited' AND reason = 'its page is live') -- the ticket of a page
GROUP BY incident_id, key
HAVING ended_at < fired_at OR ended_at >= {since:DateTime64(3, 'UTC')}
ORDER BY began_at DESC, incident_id, key
LIMIT {most:UInt32}
