-- The newest bad events of a dimension. The order is that of the table, backwards, so it ends when it has enough.
SELECT
    event_time,
    client_name,
    provider,
    resolved_model,
    status_code,
    ttfb_ms,
    complete_request_ms,
    is_streaming,
    inference_provider,
    model_variant,
    tools_used,
    kilo_user_id,
    organization_id,
    mode,
    toString(event_id) AS id
FROM api_events
WHERE event_time >= {from:DateTime64(3, 'UTC')} AND event_time < {to:DateTime64(3, 'UTC')}
    AND $scope AND $valid AND $bad
ORDER BY toStartOfInterval(event_time, INTERVAL 5 MINUTE) DESC, event_time DESC, id
LIMIT {most:UInt32}
