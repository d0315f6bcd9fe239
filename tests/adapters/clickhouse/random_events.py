"""Events at random, of the last day, and what is recounted of them."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.adapters.clickhouse.series import ClickHouseSeries
from o11y.slo.dimension import Dimension
from o11y.slo.status_class import StatusClass, status_class
from tests.adapters.clickhouse.rows import batch, event_row
from tests.builders import EXCLUDED

#: rows that are older than they are kept vanish when they are inserted, so the past is a recent one
NOW = datetime.now(UTC).replace(second=20, microsecond=0)
MODELS = ("vendor/model", "it's", "日本語 🙂")
EVERYTHING = Dimension(None, None, None)
#: single ones, those that objectives are about, and sums that none is about
LOOKED_AT = [
    Dimension("web", "vendor", "it's"),
    Dimension("batch", "other", "日本語 🙂"),
    Dimension(None, "vendor", None),
    Dimension("web", None, None),
    EVERYTHING,
    Dimension("web", "vendor", None),
    Dimension(None, None, "it's"),
]


def random_rows(seed: int, number: int = 2_500) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    return [
        event_row(
            (NOW - timedelta(seconds=dice.choice((900, 20_000, 86_000)) * dice.random())).replace(microsecond=0),
            client_name=dice.choice(("web", "batch")),
            provider=dice.choice(("vendor", "other")),
            resolved_model=dice.choice(MODELS),
            status_code=dice.choice((200, 200, 200, 200, 500, 503, 404, 429, 499)),
            complete_request_ms=dice.choice((50, 100, 101, 2_000, 5_001, 400_000)),
            ttfb_ms=dice.choice((50, 51, 3_000, 90_000)),
            is_streaming=dice.random() < 0.7,
            user_byok=dice.random() < 0.2,
            inference_provider=dice.choice(("", "eu", "us")),
            model_variant=dice.choice(("", "free")),
            tools_used=dice.choice(([], ["read"], ["read", "write", "read"])),
        )
        for _ in range(number)
    ]


async def stored(ch: ClickHouse, rows: list[dict[str, Any]]) -> ClickHouseSeries:
    await migrate(ch)
    for day in sorted({row["event_time"][:10] for row in rows}):
        of_day = [row for row in rows if row["event_time"][:10] == day]
        await ClickHouseEvents(ch).insert(batch(of_day, f"batch-{day}"))
    return ClickHouseSeries(ch)


def of(dimension: Dimension, rows: list[dict[str, Any]], since: datetime, until: datetime) -> list[dict[str, Any]]:
    names = (dimension.client, dimension.provider, dimension.model)
    keys = ("client_name", "provider", "resolved_model")
    return [
        row
        for row in rows
        if all(name is None or row[key] == name for key, name in zip(keys, names, strict=True))
        and since <= datetime.fromisoformat(row["event_time"]) < until
    ]


def by_step(rows: list[dict[str, Any]], step_s: int) -> dict[int, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in rows:
        found[int(datetime.fromisoformat(row["event_time"]).timestamp()) // step_s * step_s].append(row)
    return found


def status(row: dict[str, Any]) -> StatusClass:
    return status_class(row["status_code"])


def is_valid(row: dict[str, Any]) -> bool:
    return not row["user_byok"] and status(row) not in EXCLUDED
