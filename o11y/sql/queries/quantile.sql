-- The measured value at the percentile of a latency objective.
SELECT quantileExact({level:Float64})($latency)
FROM api_events
WHERE event_time >= {from:DateTime64(3, 'UTC')} AND event_time < {until:DateTime64(3, 'UTC')}
    AND $scope AND $valid
HAVING count() > 0
