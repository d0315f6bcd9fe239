-- Whom bad events have in common: of each kind of name those with the most bad ones, beside all valid events of theirs.
SELECT kind_and_name.1 AS kind, kind_and_name.2 AS name, countIf($bad) AS bad_events, count() AS valid_events
FROM api_events
ARRAY JOIN arrayConcat(
    [('status', toString(status_code)), ('provider', inference_provider), ('variant', model_variant)],
    arrayMap(tool -> ('tool', tool), arrayDistinct(tools_used))
) AS kind_and_name
WHERE event_time >= {from:DateTime64(3, 'UTC')} AND event_time < {to:DateTime64(3, 'UTC')}
    AND toStartOfInterval(event_time, INTERVAL 5 MINUTE) >= toStartOfInterval({from:DateTime64(3, 'UTC')}, INTERVAL 5 MINUTE)
    AND $scope AND $valid AND name != ''
GROUP BY kind, name
HAVING bad_events > 0
ORDER BY kind, bad_events DESC, name
LIMIT {most:UInt32} BY kind
