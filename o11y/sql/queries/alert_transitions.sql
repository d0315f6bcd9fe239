-- Rows of the alert history, the newest first, from behind the last row of the page before.
SELECT
    at, key, recorded_at, transition, severity, notification_id,
    incident_id, objective, scope, client, provider, model, bad, valid, burn_rate_long, burn_rate_threshold, reason,
    slack
FROM alert_history
WHERE at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')}$narrowed$after
ORDER BY at DESC, key DESC, recorded_at DESC, transition DESC, severity DESC, notification_id DESC
LIMIT {most:UInt32}
