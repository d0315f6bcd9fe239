-- Valid and bad events of a scope over the last days, whole hours.
SELECT toInt64(sum($valid_events)), toInt64(sum($bad_events))
FROM rollup_1h
WHERE bucket >= {from:DateTime('UTC')} AND bucket < {until:DateTime('UTC')} AND $scope$narrowed
