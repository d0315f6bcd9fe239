-- What was found and told, a row for each transition. `at` is the minute evaluated; '' stands for "all".
CREATE TABLE IF NOT EXISTS alert_history
(
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    transition LowCardinality(String),
    key String,
    severity LowCardinality(String),
    objective LowCardinality(String),
    indicator LowCardinality(String),
    scope LowCardinality(String),
    client LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    long_window_s UInt32,
    short_window_s UInt32,
    burn_rate_threshold Float64,
    burn_rate_long Float64,
    burn_rate_short Float64,
    valid UInt64,
    bad UInt64,
    short_valid UInt64,
    short_bad UInt64,
    reason String,
    notification_id String,
    spool_batch String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (at, key)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1;
