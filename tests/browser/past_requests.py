"""Requests of former days and of very many models, made inside ClickHouse: the views count them as any others."""

from datetime import datetime, timedelta
from typing import Any

from tests.browser.story import PAST, STREAMS, Outage, Stream

#: since when there is traffic as today; from then back to a month ago there is a tenth of it
RECENT, MONTH = timedelta(days=2), timedelta(days=31)

_EVENTS = """
INSERT INTO api_events (event_id, event_time, received_at, client_name, kilo_user_id, mode, is_streaming, provider,
    requested_model, resolved_model, inference_provider, tools_available, tools_used, ttfb_ms, complete_request_ms,
    status_code, input_tokens, output_tokens)
SELECT
    generateUUIDv4(),
    toDateTime64({start:UInt32}, 3, 'UTC')
        + toIntervalMillisecond(number * {every_ms:UInt64} + noise % {every_ms:UInt64}),
    now64(3), {client:String}, concat('user-', toString(noise % 400)), 'code', true, {provider:String},
    {model:String}, {model:String},
    splitByChar('|', {served_by:String})[1 + noise % length(splitByChar('|', {served_by:String}))],
    ['read', 'write'], ['read'],
    toUInt32({ttfb_ms:UInt32} * spread), toUInt32({complete_ms:UInt32} * spread),
    if(noise % 1000 < {bad_in_1000:UInt32} OR noise % {one_in:UInt32} = 0, {status:UInt16}, 200),
    noise % 90000, noise % 3000
FROM (SELECT number, cityHash64(number, {model:String}) AS noise, exp((noise % 997) / 997 - 0.5) AS spread
      FROM numbers({rows:UInt64}))
"""

_MANY = """
INSERT INTO api_events (event_id, event_time, received_at, client_name, kilo_user_id, is_streaming, provider,
    requested_model, resolved_model, ttfb_ms, complete_request_ms, status_code)
SELECT
    generateUUIDv4(), toDateTime64({until:UInt32}, 3, 'UTC') - toIntervalMillisecond(noise % 3600000), now64(3),
    concat('gateway-', toString(dimension % 5)), 'user-1', true, concat('provider-', toString(dimension % 20)),
    model, model, 300 + noise % 700, 1500 + noise % 6000, if(dimension % 500 = 7 AND noise % 3 = 0, 503, 200)
FROM (SELECT number % {dimensions:UInt64} AS dimension, cityHash64(number) AS noise,
             concat('vendor/model-', leftPad(toString(dimension), 5, '0')) AS model
      FROM numbers({dimensions:UInt64} * {each:UInt64}))
"""


def fill_past(engine: Any, *, until: datetime, present: datetime) -> None:
    """A month of every stream up to ``until``, with the outages that are over. ``engine`` is a connection of chDB: the
    worker's own gives up before it is done.
    """
    for stream in STREAMS:
        _fill(engine, stream, start=until - RECENT, end=until, per_minute=stream.per_minute)
        _fill(engine, stream, start=until - MONTH, end=until - RECENT, per_minute=stream.per_minute / 10)
    for outage in PAST:
        _fill_outage(engine, outage, present=present)


def fill_many(engine: Any, *, until: datetime, dimensions: int, each: int) -> None:
    """So many models with ``each`` requests in the hour before ``until``; every 500th is down."""
    engine.query(_MANY, params={"until": int(until.timestamp()), "dimensions": dimensions, "each": each})


def _fill_outage(engine: Any, outage: Outage, *, present: datetime) -> None:
    assert outage.until is not None, "an outage that is over"
    start, end = present + outage.since, present + outage.until
    _fill(engine, outage.of, start=start, end=end, per_minute=outage.of.per_minute * 3, bad=outage.share,
          status=outage.statuses[0])  # fmt: skip


def _fill(
    engine: Any,
    stream: Stream,
    *,
    start: datetime,
    end: datetime,
    per_minute: float,
    bad: float = 0,
    status: int = 500,
) -> None:
    """Beside the ``bad`` share one in 2,500 fails."""
    parameters = {
        "start": int(start.timestamp()),
        "every_ms": int(60_000 / per_minute),
        "rows": int((end - start).total_seconds() / 60 * per_minute),
        "client": stream.dimension.client,
        "provider": stream.dimension.provider,
        "model": stream.dimension.model,
        "served_by": "|".join(stream.served_by),
        "ttfb_ms": stream.ttfb_ms,
        "complete_ms": stream.complete_ms,
        "bad_in_1000": int(bad * 1000),
        "one_in": 2_500,
        "status": status,
    }
    engine.query(_EVENTS, params=parameters)
