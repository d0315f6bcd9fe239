-- For people and dashboards; the evaluation reads none of these. `docs/clickhouse.md` explains them, with examples.
--
-- What is bad and what is valid is as in the objective `error-rate` of the shipped objectives file: requests on users'
-- own keys, client_error and client_closed are neither good nor bad. A column ..._999 is for its target, 99.9 %; a view
-- cannot know the objectives of a file, so for another target divide by another budget.
-- Counts are summed by number before they are named, and so that a condition on the time reads only those buckets.

CREATE VIEW IF NOT EXISTS v_requests_1m
(
    minute DateTime('UTC') COMMENT 'Start of the minute in which the requests completed',
    client String COMMENT 'Who posted the events',
    provider String COMMENT 'Provider',
    model String COMMENT 'Resolved model, without its :variant',
    user_byok Bool COMMENT 'On the key of a user: no objective counts these',
    requests UInt64 COMMENT 'All requests: the sum of the nine classes that follow',
    ok UInt64 COMMENT 'Status 1xx to 3xx',
    client_error UInt64 COMMENT '4xx other than below',
    auth_error UInt64 COMMENT '401, 403',
    payment_required UInt64 COMMENT '402',
    rate_limited UInt64 COMMENT '429',
    client_closed UInt64 COMMENT '499: the caller hung up',
    timeout UInt64 COMMENT '408, 504, 522, 524',
    overloaded UInt64 COMMENT '503, 529',
    server_error UInt64 COMMENT '5xx other than above'
)
AS SELECT
    r.minute AS minute,
    d.client AS client,
    d.provider AS provider,
    d.model AS model,
    r.user_byok AS user_byok,
    r.requests AS requests,
    r.ok AS ok,
    r.client_error AS client_error,
    r.auth_error AS auth_error,
    r.payment_required AS payment_required,
    r.rate_limited AS rate_limited,
    r.client_closed AS client_closed,
    r.timeout AS timeout,
    r.overloaded AS overloaded,
    r.server_error AS server_error
FROM
(
    SELECT
        toStartOfMinute(t.bucket) AS minute,
        t.user_byok AS user_byok,
        t.dim_id AS dim_id,
        sum(t.total) AS requests,
        sum(t.ok) AS ok,
        sum(t.client_error) AS client_error,
        sum(t.auth_error) AS auth_error,
        sum(t.payment_required) AS payment_required,
        sum(t.rate_limited) AS rate_limited,
        sum(t.client_closed) AS client_closed,
        sum(t.timeout) AS timeout,
        sum(t.overloaded) AS overloaded,
        sum(t.server_error) AS server_error
    FROM rollup_10s AS t
    GROUP BY minute, user_byok, dim_id
) AS r
INNER JOIN
(
    SELECT dim_id, any(client) AS client, any(provider) AS provider, any(model) AS model
    FROM dimensions
    GROUP BY dim_id
) AS d ON d.dim_id = r.dim_id
COMMENT 'Requests by status class, a row a minute and dimension, of the last 2 days';

CREATE VIEW IF NOT EXISTS v_error_rate
(
    bucket DateTime('UTC') COMMENT 'Start of five minutes',
    client String COMMENT 'Who posted the events',
    provider String COMMENT 'Provider',
    model String COMMENT 'Resolved model, without its :variant',
    valid UInt64 COMMENT 'Requests that count: not on the key of a user, not client_error, not client_closed',
    bad UInt64 COMMENT 'Of these: server_error, overloaded, timeout, rate_limited, auth_error, payment_required',
    bad_fraction Float64 COMMENT 'bad / valid, 0 to 1. Never average it: sum bad and valid'
)
AS SELECT
    r.bucket AS bucket,
    d.client AS client,
    d.provider AS provider,
    d.model AS model,
    r.valid AS valid,
    r.bad AS bad,
    r.bad / r.valid AS bad_fraction
FROM
(
    SELECT
        bucket,
        dim_id,
        sum(total - client_error - client_closed) AS valid,
        sum(server_error + overloaded + timeout + rate_limited + auth_error + payment_required) AS bad
    FROM rollup_5m
    WHERE NOT user_byok
    GROUP BY bucket, dim_id
    HAVING valid > 0
) AS r
INNER JOIN
(
    SELECT dim_id, any(client) AS client, any(provider) AS provider, any(model) AS model
    FROM dimensions
    GROUP BY dim_id
) AS d ON d.dim_id = r.dim_id
COMMENT 'Valid and bad requests, a row every five minutes and dimension, of the last 35 days';

CREATE VIEW IF NOT EXISTS v_latency
(
    bucket DateTime('UTC') COMMENT 'Start of five minutes',
    client String COMMENT 'Who posted the events',
    provider String COMMENT 'Provider',
    model String COMMENT 'Resolved model, without its :variant',
    successful UInt64 COMMENT 'Successful requests, not on the key of a user: those whose time is told here',
    p50_ms Float64 COMMENT 'Half of them completed within this time, interpolated between two bounds',
    p90_ms Float64 COMMENT 'Nine of ten did',
    p99_ms Float64 COMMENT '99 of 100 did',
    streaming UInt64 COMMENT 'Of these, the streaming ones: those whose time to first byte is told here',
    ttfb_p50_ms Nullable(Float64) COMMENT 'Half of them sent a first byte within this time. NULL of none',
    ttfb_p90_ms Nullable(Float64) COMMENT 'Nine of ten did',
    ttfb_p99_ms Nullable(Float64) COMMENT '99 of 100 did',
    complete_at_most Array(UInt64) COMMENT 'How many completed within each bound: sumForEach adds them up',
    complete_bounds_ms Array(UInt32) COMMENT 'The bounds',
    ttfb_at_most Array(UInt64) COMMENT 'How many sent a first byte within each bound: sumForEach adds them up',
    ttfb_bounds_ms Array(UInt32) COMMENT 'The bounds'
)
AS SELECT
    r.bucket AS bucket,
    d.client AS client,
    d.provider AS provider,
    d.model AS model,
    r.successful AS successful,
    r.complete_ms[1] AS p50_ms,
    r.complete_ms[2] AS p90_ms,
    r.complete_ms[3] AS p99_ms,
    r.streaming AS streaming,
    if(streaming = 0, NULL, ttfb_ms[1]) AS ttfb_p50_ms,
    if(streaming = 0, NULL, ttfb_ms[2]) AS ttfb_p90_ms,
    if(streaming = 0, NULL, ttfb_ms[3]) AS ttfb_p99_ms,
    r.complete_at_most AS complete_at_most,
    arraySlice(complete_edges, 2) AS complete_bounds_ms,
    r.ttfb_at_most AS ttfb_at_most,
    arraySlice(ttfb_edges, 2) AS ttfb_bounds_ms
FROM
(
    WITH
        [50, 90, 99] AS percents,
        [0, 100, 250, 500, 750, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 7500, 10000, 12500, 15000,
            20000, 25000, 30000, 45000, 60000, 90000, 120000, 180000, 300000]::Array(UInt32) AS complete_edges,
        [0, 50, 100, 150, 200, 250, 300, 400, 500, 600, 750, 1000, 1250, 1500, 2000, 2500, 3000, 4000, 5000,
            7500, 10000, 15000, 20000, 30000, 45000, 60000]::Array(UInt32) AS ttfb_edges
    SELECT
        bucket,
        dim_id,
        successful,
        streaming,
        complete_at_most,
        ttfb_at_most,
        complete_edges,
        ttfb_edges,
        -- Spread evenly between two bounds, as by histogram_quantile of Prometheus; beyond the last bound, that one.
        arrayMap(
            (percent, i) -> if(
                i = 0,
                toFloat64(complete_edges[-1]),
                complete_edges[i] + (complete_edges[i + 1] - complete_edges[i])
                    * (percent * successful / 100 - arrayConcat([0], complete_at_most)[i])
                    / (complete_at_most[i] - arrayConcat([0], complete_at_most)[i])
            ),
            percents,
            arrayMap(
                percent -> arrayFirstIndex(counted -> counted * 100 >= percent * successful, complete_at_most), percents
            )
        ) AS complete_ms,
        arrayMap(
            (percent, i) -> if(
                i = 0,
                toFloat64(ttfb_edges[-1]),
                ttfb_edges[i] + (ttfb_edges[i + 1] - ttfb_edges[i])
                    * (percent * streaming / 100 - arrayConcat([0], ttfb_at_most)[i])
                    / (ttfb_at_most[i] - arrayConcat([0], ttfb_at_most)[i])
            ),
            percents,
            arrayMap(
                percent -> arrayFirstIndex(counted -> counted * 100 >= percent * streaming, ttfb_at_most), percents
            )
        ) AS ttfb_ms
    FROM
    (
        SELECT
            bucket,
            dim_id,
            sum(ok) AS successful,
            sum(ttfb_valid) AS streaming,
            [
                sum(complete_le_100), sum(complete_le_250), sum(complete_le_500), sum(complete_le_750),
                sum(complete_le_1000), sum(complete_le_1500), sum(complete_le_2000), sum(complete_le_2500),
                sum(complete_le_3000), sum(complete_le_4000), sum(complete_le_5000), sum(complete_le_6000),
                sum(complete_le_7500), sum(complete_le_10000), sum(complete_le_12500), sum(complete_le_15000),
                sum(complete_le_20000), sum(complete_le_25000), sum(complete_le_30000), sum(complete_le_45000),
                sum(complete_le_60000), sum(complete_le_90000), sum(complete_le_120000), sum(complete_le_180000),
                sum(complete_le_300000)
            ] AS complete_at_most,
            [
                sum(ttfb_le_50), sum(ttfb_le_100), sum(ttfb_le_150), sum(ttfb_le_200), sum(ttfb_le_250),
                sum(ttfb_le_300), sum(ttfb_le_400), sum(ttfb_le_500), sum(ttfb_le_600), sum(ttfb_le_750),
                sum(ttfb_le_1000), sum(ttfb_le_1250), sum(ttfb_le_1500), sum(ttfb_le_2000), sum(ttfb_le_2500),
                sum(ttfb_le_3000), sum(ttfb_le_4000), sum(ttfb_le_5000), sum(ttfb_le_7500), sum(ttfb_le_10000),
                sum(ttfb_le_15000), sum(ttfb_le_20000), sum(ttfb_le_30000), sum(ttfb_le_45000), sum(ttfb_le_60000)
            ] AS ttfb_at_most
        FROM rollup_5m
        WHERE NOT user_byok
        GROUP BY bucket, dim_id
    )
    WHERE successful > 0
) AS r
INNER JOIN
(
    SELECT dim_id, any(client) AS client, any(provider) AS provider, any(model) AS model
    FROM dimensions
    GROUP BY dim_id
) AS d ON d.dim_id = r.dim_id
COMMENT 'How long successful requests took, a row every five minutes and dimension, of the last 35 days';

CREATE VIEW IF NOT EXISTS v_burn_rate
(
    client String COMMENT 'Who posted the events',
    provider String COMMENT 'Provider',
    model String COMMENT 'Resolved model, without its :variant',
    window_s UInt32 COMMENT 'Length in seconds: 60, 180, 300, 1800, 3600, 7200, 21600, 86400 or 259200',
    since DateTime('UTC') COMMENT 'Its start: up to 5 minutes early above 1 h, up to an hour above 24 h',
    until DateTime('UTC') COMMENT 'Its end: the last whole 10 s that are at least 10 s ago',
    valid UInt64 COMMENT 'Requests that count, as in v_error_rate',
    bad UInt64 COMMENT 'Of these, the bad ones',
    bad_fraction Float64 COMMENT 'bad / valid, 0 to 1',
    burn_rate_999 Float64 COMMENT 'bad_fraction / (1 - 0.999): at 1 the budget of 99.9 % lasts exactly its period'
)
AS WITH
    [60, 180, 300, 1800, 3600, 7200, 21600, 86400, 259200]::Array(UInt32) AS windows,
    toStartOfInterval(now('UTC') - INTERVAL 10 SECOND, INTERVAL 10 SECOND) AS until,
    toStartOfInterval(until - INTERVAL 1 HOUR, INTERVAL 5 MINUTE) AS from_10s, -- each band from the coarsest rollup
    toStartOfHour(until - INTERVAL 1 DAY) AS from_5m,
    toStartOfHour(until - INTERVAL 3 DAY) AS from_1h
SELECT
    d.client AS client,
    d.provider AS provider,
    d.model AS model,
    r.window_s AS window_s,
    multiIf(
        window_s <= 3600, until - window_s,
        window_s <= 86400, toStartOfInterval(until - window_s, INTERVAL 5 MINUTE),
        toStartOfHour(until - window_s)
    ) AS since,
    until,
    r.valid AS valid,
    r.bad AS bad,
    r.bad / r.valid AS bad_fraction,
    r.bad / r.valid * 1000 AS burn_rate_999
FROM
(
    SELECT dim_id, window_s, sum(band_valid) AS valid, sum(band_bad) AS bad
    FROM
    (
        SELECT
            dim_id,
            arrayFirst(w -> bucket + 10 > until - w, windows) AS band, -- the shortest window that it is in
            sum(total - client_error - client_closed) AS band_valid,
            sum(server_error + overloaded + timeout + rate_limited + auth_error + payment_required) AS band_bad
        FROM rollup_10s
        WHERE bucket >= from_10s AND bucket < until AND NOT user_byok
        GROUP BY dim_id, band
        UNION ALL
        SELECT
            dim_id,
            arrayFirst(w -> bucket + 300 > until - w, windows) AS band,
            sum(total - client_error - client_closed) AS band_valid,
            sum(server_error + overloaded + timeout + rate_limited + auth_error + payment_required) AS band_bad
        FROM rollup_5m
        WHERE bucket >= from_5m AND bucket < from_10s AND NOT user_byok
        GROUP BY dim_id, band
        UNION ALL
        SELECT
            dim_id,
            259200 AS band,
            sum(total - client_error - client_closed) AS band_valid,
            sum(server_error + overloaded + timeout + rate_limited + auth_error + payment_required) AS band_bad
        FROM rollup_1h
        WHERE bucket >= from_1h AND bucket < from_5m AND NOT user_byok
        GROUP BY dim_id
    )
    ARRAY JOIN windows AS window_s
    WHERE window_s >= band
    GROUP BY dim_id, window_s
    HAVING valid > 0
) AS r
INNER JOIN
(
    SELECT dim_id, any(client) AS client, any(provider) AS provider, any(model) AS model
    FROM dimensions
    GROUP BY dim_id
) AS d ON d.dim_id = r.dim_id
COMMENT 'Valid and bad requests in the windows up to now, a row for each dimension and window that has any';

CREATE VIEW IF NOT EXISTS v_budget
(
    client String COMMENT 'Who posted the events',
    provider String COMMENT 'Provider',
    model String COMMENT 'Resolved model, without its :variant',
    since DateTime('UTC') COMMENT 'Start of the period: the whole hour that was 30 days ago',
    valid UInt64 COMMENT 'Requests that count, as in v_error_rate',
    good UInt64 COMMENT 'valid - bad',
    bad UInt64 COMMENT 'Of these, the bad ones',
    compliance Float64 COMMENT 'good / valid, 0 to 1: what the target is compared with',
    allowed_999 Float64 COMMENT 'Bad requests that a target of 99.9 % allows: valid * (1 - 0.999)',
    spent_999 Float64 COMMENT 'bad / allowed_999: above 1 it is overspent',
    left_999 Float64 COMMENT '1 - spent_999: below 0 it is overspent'
)
AS WITH toStartOfHour(now('UTC') - INTERVAL 30 DAY) AS since
SELECT
    d.client AS client,
    d.provider AS provider,
    d.model AS model,
    since,
    r.valid AS valid,
    r.valid - r.bad AS good,
    r.bad AS bad,
    (r.valid - r.bad) / r.valid AS compliance,
    r.valid / 1000 AS allowed_999,
    r.bad * 1000 / r.valid AS spent_999,
    1 - r.bad * 1000 / r.valid AS left_999
FROM
(
    SELECT
        dim_id,
        sum(total - client_error - client_closed) AS valid,
        sum(server_error + overloaded + timeout + rate_limited + auth_error + payment_required) AS bad
    FROM rollup_1h
    WHERE bucket >= since AND NOT user_byok
    GROUP BY dim_id
    HAVING valid > 0
) AS r
INNER JOIN
(
    SELECT dim_id, any(client) AS client, any(provider) AS provider, any(model) AS model
    FROM dimensions
    GROUP BY dim_id
) AS d ON d.dim_id = r.dim_id
COMMENT 'The error budget of the last 30 days, a row a dimension';

CREATE VIEW IF NOT EXISTS v_token_usage
(
    hour DateTime('UTC') COMMENT 'Start of the hour in which the requests completed: always ask for a stretch of it',
    client String COMMENT 'Who posted the events',
    provider String COMMENT 'Provider',
    model String COMMENT 'Resolved model, without its :variant',
    user_byok Bool COMMENT 'On the key of a user: somebody else pays',
    requests UInt64 COMMENT 'All requests',
    counted UInt64 COMMENT 'Of these, those that came with any count of tokens',
    input_tokens UInt64 COMMENT 'Their sum',
    output_tokens UInt64 COMMENT 'Their sum',
    cache_write_tokens UInt64 COMMENT 'Their sum',
    cache_hit_tokens UInt64 COMMENT 'Their sum',
    total_tokens UInt64 COMMENT 'Their sum, as the gateway said: not computed from the others'
)
AS SELECT
    toStartOfHour(toDateTime(e.event_time, 'UTC')) AS hour,
    e.client_name AS client,
    e.provider AS provider,
    e.resolved_model AS model,
    e.user_byok AS user_byok,
    count() AS requests,
    countIf(
        coalesce(e.input_tokens, e.output_tokens, e.cache_write_tokens, e.cache_hit_tokens, e.total_tokens) IS NOT NULL
    ) AS counted,
    ifNull(sum(e.input_tokens), 0) AS input_tokens,
    ifNull(sum(e.output_tokens), 0) AS output_tokens,
    ifNull(sum(e.cache_write_tokens), 0) AS cache_write_tokens,
    ifNull(sum(e.cache_hit_tokens), 0) AS cache_hit_tokens,
    ifNull(sum(e.total_tokens), 0) AS total_tokens
FROM api_events AS e
GROUP BY hour, client, provider, model, user_byok
COMMENT 'Tokens, a row an hour and dimension, of the last 30 days. Reads the raw events of the hours asked for';
