"""A store full of traffic for measurements of pages, and for looking at them: made by the engine itself."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.migrations import migrate

#: one in a thousand fails everywhere; one provider fails in the last half hour
_EVENTS = """
INSERT INTO api_events (
    event_id, event_time, received_at, client_name, kilo_user_id, organization_id, mode, is_anonymous, is_streaming,
    user_byok, provider, requested_model, resolved_model, model_variant, inference_provider, tools_available,
    tools_used, ttfb_ms, complete_request_ms, status_code, spool_batch
)
SELECT
    generateUUIDv4(),
    fromUnixTimestamp64Milli(toInt64({from_ms:Int64} + rand64(1) % {length_ms:UInt64})) AS at,
    at,
    ['web', 'batch', 'editor', 'mobile'][1 + dim % 4],
    concat('user-', toString(rand(2) % 1000)),
    '',
    'code',
    false,
    rand(3) % 10 < 8,
    rand(4) % 20 = 0,
    ['openai', 'anthropic', 'google', 'mistral', 'bedrock'][1 + intDiv(dim, 4) % 5] AS of_provider,
    'm',
    concat('vendor-', toString(intDiv(dim, 20) % 25), '/model-', toString(intDiv(dim, 20))),
    if(rand(5) % 5 = 0, 'free', ''),
    ['eu-1', 'us-1', 'us-2'][1 + rand(6) % 3],
    ['read', 'write'],
    if(rand(7) % 3 = 0, ['read'], []),
    toUInt32(150 + exp(rand(8) % 1000 / 1000 * 5) * 9),
    toUInt32(700 + exp(rand(9) % 1000 / 1000 * 5) * 60 + if(rand(10) % 40 = 0, 15000, 0)),
    multiIf(
        of_provider = 'mistral' AND at >= {broken_from:DateTime64(3, 'UTC')} AND rand(11) % 10 < 6, 503,
        rand(12) % 1000 = 0, 500,
        rand(12) % 1000 = 1, 429,
        rand(12) % 200 = 1, 404,
        200
    ),
    'seed'
FROM (SELECT rand64(13) % {dimensions:UInt64} AS dim FROM numbers({events:UInt64}))
"""


#: a bucket of 10 s is a row of 115 columns for nearly each of them
_MOST_AT_ONCE = 50_000


def stretches(now: datetime) -> Iterator[tuple[datetime, datetime, float]]:
    """With the share of the events that each has: most are of late."""
    day = timedelta(days=1)
    for days in range(30, 2, -1):
        yield now - days * day, now - (days - 1) * day, 0.6 / 28
    yield now - 2 * day, now - timedelta(hours=1), 0.25
    yield now - timedelta(hours=1), now + timedelta(minutes=15), 0.15


async def fill(ch: ClickHouse, *, dimensions: int, events: int, now: datetime, broken_for: timedelta) -> None:
    """Thirty days up to a quarter of an hour from now, so that what is looked at goes on."""
    await migrate(ch)
    for since, until, share in stretches(now):
        parameters = {
            "from_ms": int(since.timestamp() * 1000),
            "length_ms": int((until - since).total_seconds() * 1000),
            "broken_from": f"{now - broken_for:%Y-%m-%d %H:%M:%S}.000",
            "dimensions": dimensions,
        }
        left = int(events * share)
        while left > 0:
            await ch.command(_EVENTS, {**parameters, "events": min(left, _MOST_AT_ONCE)})
            left -= _MOST_AT_ONCE


def filled(folder: Path, *, dimensions: int, events: int, broken_for: timedelta = timedelta(minutes=25)) -> None:
    """The ClickHouse of a data folder that no process has open."""
    ch = ClickHouse.embedded(folder / "clickhouse")
    try:
        asyncio.run(fill(ch, dimensions=dimensions, events=events, now=datetime.now(UTC), broken_for=broken_for))
    finally:
        ch.close()
