-- Each incident with news since then, from its beginning: a row for each of its alerts. A time that never was is 1970.
-- What was told names the minute at which the alert fired last. '' stands for no incident, of versions without.
SELECT
    incident_id,
    key,
    any(objective) AS objective,
    any(indicator) AS indicator,
    any(scope) AS scope,
    any(client) AS client,
    any(provider) AS provider,
    any(model) AS model,
    min(severity) AS severity, -- 'page' before 'ticket'
    argMax(long_window_s, at) AS long_s,
    argMax(short_window_s, at) AS short_s,
    argMax(burn_rate_threshold, at) AS threshold,
    argMax(bad, at) AS long_bad,
    argMax(valid, at) AS long_valid,
    argMax(h.short_bad, at) AS bad_of_short,
    argMax(h.short_valid, at) AS valid_of_short,
    argMax(burn_rate_long, at) AS burn_rate,
    max(burn_rate_long) AS peak,
    max(transition = 'inhibited') AS spoken_for,
    min(at) AS since,
    max(at) AS latest,
    maxIf(at, transition NOT IN ('no_data', 'resolved', 'expired', 'silenced', 'cooldown', 'unmuted')) AS fired_at,
    maxIf(at, transition IN ('fired', 'joined', 'reopened')) AS began_at,
    maxIf(at, transition = 'no_data') AS no_data_at,
    maxIf(at, transition IN ('resolved', 'expired')) AS ended_at,
    maxIf(at, transition = 'notified') AS told_at,
    maxIf(at, transition IN ('fired', 'reopened', 'escalated', 'reminded')) AS urged_at,
    maxIf(at, transition = 'escalated') AS rose_at,
    minIf(at, transition IN ('silenced', 'cooldown')) AS muted_at,
    maxIf(at, transition = 'unmuted') AS unmuted_at
FROM alert_history AS h
WHERE incident_id != ''
    AND incident_id IN (
        SELECT n.incident_id
        FROM alert_history AS n
        WHERE n.recorded_at >= {since:DateTime64(3, 'UTC')} AND n.at >= {since:DateTime64(3, 'UTC')} - INTERVAL 1 DAY
    )
    AND at >= {since:DateTime64(3, 'UTC')} - INTERVAL 30 DAY
    -- the ticket of a page
    AND NOT (transition = 'inhibited' AND reason IN ('its page is live', 'its page has just ended'))
GROUP BY incident_id, key
ORDER BY incident_id, key
LIMIT {most:UInt32}
