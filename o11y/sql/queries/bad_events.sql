-- Among the bad events of a scope and a stretch of time: the most frequent status codes and inference providers.
SELECT
    grouping(status_code) AS by_provider,
    if(by_provider = 1, inference_provider, toString(status_code)) AS name,
    count() AS events
FROM api_events
WHERE event_time >= {from:DateTime64(3, 'UTC')} AND event_time < {until:DateTime64(3, 'UTC')}
    AND $scope AND $valid AND $bad
GROUP BY GROUPING SETS ((status_code), (inference_provider))
ORDER BY by_provider, events DESC, name
LIMIT 5 BY by_provider
