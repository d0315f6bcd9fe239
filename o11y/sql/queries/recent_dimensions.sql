SELECT dim_id, any(client), any(provider), any(model)
FROM dimensions
GROUP BY dim_id
ORDER BY max(last_seen) DESC, dim_id
LIMIT {most:UInt32}
