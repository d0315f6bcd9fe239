SELECT uniqExact(dim_id), min(first_seen), max(last_seen)
FROM dimensions
WHERE $scope
