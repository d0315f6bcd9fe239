-- Events as they were posted; read for colour and by people, never by the evaluation.
-- Column names are the keys of the spooled JSON rows. An address never comes here.
CREATE TABLE IF NOT EXISTS api_events
(
    event_id UUID,
    event_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    client_name LowCardinality(String),
    kilo_user_id String CODEC(ZSTD(1)),
    organization_id String CODEC(ZSTD(1)),
    mode LowCardinality(String),
    is_anonymous Bool,
    is_streaming Bool,
    user_byok Bool,
    provider LowCardinality(String),
    requested_model LowCardinality(String),
    resolved_model LowCardinality(String),
    model_variant LowCardinality(String),
    inference_provider LowCardinality(String),
    tools_available Array(LowCardinality(String)),
    tools_used Array(LowCardinality(String)),
    ttfb_ms UInt32 CODEC(T64, ZSTD(1)),
    complete_request_ms UInt32 CODEC(T64, ZSTD(1)),
    status_code UInt16 CODEC(T64, ZSTD(1)),
    input_tokens Nullable(UInt64) CODEC(T64, ZSTD(1)),
    output_tokens Nullable(UInt64) CODEC(T64, ZSTD(1)),
    cache_write_tokens Nullable(UInt64) CODEC(T64, ZSTD(1)),
    cache_hit_tokens Nullable(UInt64) CODEC(T64, ZSTD(1)),
    total_tokens Nullable(UInt64) CODEC(T64, ZSTD(1)),
    spool_batch String CODEC(ZSTD(1)),
    dim_id UInt64 MATERIALIZED sipHash64(client_name, provider, resolved_model) CODEC(ZSTD(1)),
    status_class Enum8(
        'ok' = 1, 'client_error' = 2, 'auth_error' = 3, 'payment_required' = 4, 'rate_limited' = 5,
        'client_closed' = 6, 'timeout' = 7, 'overloaded' = 8, 'server_error' = 9
    ) MATERIALIZED multiIf(
        status_code < 400, 'ok',
        status_code IN (401, 403), 'auth_error',
        status_code = 402, 'payment_required',
        status_code = 429, 'rate_limited',
        status_code = 499, 'client_closed',
        status_code IN (408, 504, 522, 524), 'timeout',
        status_code IN (503, 529), 'overloaded',
        status_code < 500, 'client_error',
        'server_error'
    ),
    INDEX spool_batch_index spool_batch TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(event_time)
-- Time first: dimensions first would double what a scan of a recent window reads.
ORDER BY (toStartOfInterval(event_time, INTERVAL 5 MINUTE), client_name, provider, resolved_model, event_time)
-- The deduplication window counts blocks; a retry of a spool batch inside it changes nothing.
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1;
