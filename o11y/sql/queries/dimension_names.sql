SELECT dim_id, any(client), any(provider), any(model)
FROM dimensions
WHERE dim_id IN {ids:Array(UInt64)}
GROUP BY dim_id
