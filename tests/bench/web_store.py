"""A store full of traffic for measurements of pages, and for looking at them: made by the engine itself."""

import asyncio
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.migrations import migrate
from o11y.alerting.key import alert_key
from o11y.slo.dimension import Dimension

CLIENTS = ["web", "batch", "editor", "mobile"]
PROVIDERS = ["openai", "anthropic", "google", "mistral", "bedrock"]
#: of one dimension in ten an incident in the month, each of as many alerts as there are objectives
_ONE_INCIDENT_IN = 10
_OBJECTIVES = ("error-rate", "latency-p90", "ttfb-p90")
#: what happened to each, and after how many minutes
_LIFE = (("fired", 0.0), ("notified", 0.1), ("acknowledged", 4.0), ("resolved", 35.0))

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
    {clients:Array(String)}[1 + dim % 4],
    concat('user-', toString(rand(2) % 1000)),
    '',
    'code',
    false,
    rand(3) % 10 < 8,
    rand(4) % 20 = 0,
    {providers:Array(String)}[1 + intDiv(dim, 4) % 5] AS of_provider,
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
            "clients": CLIENTS,
            "providers": PROVIDERS,
        }
        left = int(events * share)
        while left > 0:
            await ch.command(_EVENTS, {**parameters, "events": min(left, _MOST_AT_ONCE)})
            left -= _MOST_AT_ONCE
    rows = b"".join(json.dumps(row).encode() + b"\n" for row in history(dimensions, now=now))
    await ch.insert_rows("alert_history", rows, token="history of the measurement")


def named(number: int) -> Dimension:
    """As the statement above names it."""
    model = number // 20
    return Dimension(CLIENTS[number % 4], PROVIDERS[number // 4 % 5], f"vendor-{model % 25}/model-{model}")


def history(dimensions: int, *, now: datetime) -> Iterator[dict[str, Any]]:
    """Rows of ``alert_history``: a month of incidents, one in four that nobody acknowledged."""
    dice = random.Random(5)
    for number, of in enumerate(dice.sample(range(dimensions), dimensions // _ONE_INCIDENT_IN)):
        dimension, opened = named(of), now - timedelta(minutes=dice.uniform(60, 30 * 24 * 60))
        for objective in _OBJECTIVES:
            for transition, minutes in _LIFE:
                if transition == "acknowledged" and number % 4 == 0:
                    continue
                at = f"{opened + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S.000}"
                yield {
                    "at": at if transition in ("fired", "resolved") else f"{opened:%Y-%m-%d %H:%M:%S.000}",
                    "recorded_at": at,
                    "transition": transition,
                    "key": alert_key(objective, dimension),
                    "severity": "page",
                    "objective": objective,
                    "indicator": "error_rate" if objective == "error-rate" else objective.partition("-")[0],
                    "scope": "model",
                    "client": dimension.client,
                    "provider": dimension.provider,
                    "model": dimension.model,
                    "long_window_s": 300,
                    "short_window_s": 60,
                    "burn_rate_threshold": 14.4,
                    "burn_rate_long": dice.uniform(15, 400),
                    "burn_rate_short": 400.0,
                    "valid": 100,
                    "bad": 40,
                    "short_valid": 20,
                    "short_bad": 8,
                    "reason": "by ann" if transition == "acknowledged" else "",
                    "notification_id": f"n-{number}",
                    "incident_id": f"incident-{number}",
                }


def filled(folder: Path, *, dimensions: int, events: int, broken_for: timedelta = timedelta(minutes=25)) -> None:
    """The ClickHouse of a data folder that no process has open."""
    ch = ClickHouse.embedded(folder / "clickhouse")
    try:
        asyncio.run(fill(ch, dimensions=dimensions, events=events, now=datetime.now(UTC), broken_for=broken_for))
    finally:
        ch.close()
