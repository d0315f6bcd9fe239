-- The dimensions with most requests among those selected, and how many have any.
SELECT dim_id, count() OVER () AS dimensions
FROM rollup_1h
WHERE bucket >= {from:DateTime('UTC')} AND bucket < {to:DateTime('UTC')}$scope
GROUP BY dim_id
ORDER BY sum(total) DESC, dim_id
LIMIT {most:UInt32}
