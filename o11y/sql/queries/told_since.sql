-- The last time that each alert was delivered. A day is longer than a notification is retried.
SELECT key, severity, max(recorded_at) AS told_at
FROM alert_history
WHERE transition = 'notified' AND recorded_at >= {since:DateTime64(3, 'UTC')}
    AND at >= {since:DateTime64(3, 'UTC')} - INTERVAL 1 DAY
GROUP BY key, severity
ORDER BY told_at, key, severity
LIMIT {most:UInt32}
