-- Bad and valid events of a dimension, a row a bucket (its start as Unix time).
SELECT *
FROM
(
    $stretches
)
ORDER BY start_s
LIMIT {most:UInt32}
