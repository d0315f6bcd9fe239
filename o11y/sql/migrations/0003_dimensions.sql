-- The names behind dim_id, and when each was first and last seen.
CREATE TABLE IF NOT EXISTS dimensions
(
    dim_id UInt64,
    client SimpleAggregateFunction(any, String),
    provider SimpleAggregateFunction(any, String),
    model SimpleAggregateFunction(any, String),
    first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY dim_id
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS dimensions_view TO dimensions AS
SELECT
    e.dim_id AS dim_id,
    any(e.client_name) AS client,
    any(e.provider) AS provider,
    any(e.resolved_model) AS model,
    min(e.event_time) AS first_seen,
    max(e.event_time) AS last_seen
FROM api_events AS e
GROUP BY dim_id;
