"""A few days of traffic for questions that end in the clock of the server, and a recount of it in Python.

Every stretch stands clear of the edges that the questions look back to (5 min, 30 min, 1 h, 6 h, 1 d, 3 d), so a test
may take a minute.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.slo.status_class import StatusClass, status_class
from tests.adapters.clickhouse.rows import batch, event_row
from tests.builders import BAD, EXCLUDED

Row = dict[str, Any]

#: seconds before the sample was made: now, this half hour, this hour, this morning, yesterday, and before
_AGES = (
    range(15, 181, 5),
    range(900, 1_500, 20),
    range(2_400, 3_000, 20),
    range(10_800, 12_600, 60),
    range(93_600, 95_400, 60),
    range(180_000, 182_000, 100),
    range(777_600, 778_600, 100),
)
_MODELS = (("openai", "openai/gpt-5"), ("anthropic", "anthropic/claude-sonnet-4.5"), ("openrouter", "deepseek/v3"))


def sample(made_at: datetime) -> list[Row]:
    """Two clients and three models; a model of OpenAI's has been failing for half an hour."""
    ages = chain.from_iterable(_AGES)
    return [_row(number, age_s, made_at) for number, age_s in enumerate(age for age in ages for _ in range(6))]


def _row(number: int, age_s: int, made_at: datetime) -> Row:
    provider, model = _MODELS[number % 3]
    took_ms = 300 + number * 137 % 24_000
    tokens = {"input_tokens": None} if number % 7 == 0 else {
        "input_tokens": 1_000 + number % 50,
        "output_tokens": number % 90,
        "cache_hit_tokens": 400,
        "total_tokens": 1_000 + number % 50 + number % 90,
    }  # fmt: skip
    return event_row(
        made_at - timedelta(seconds=age_s),
        client_name=("kilo", "ide")[number // 3 % 2],
        kilo_user_id=f"user-{number * 7 % 40}",
        provider=provider,
        resolved_model=model,
        inference_provider=("east", "west")[number % 5 // 3],
        is_streaming=number % 4 != 0,
        user_byok=number % 11 == 0,
        tools_used=(["read"], ["read", "bash"], [])[number // 2 % 3],
        complete_request_ms=took_ms,
        ttfb_ms=took_ms // 8,
        status_code=_status(number, provider, age_s),
        **tokens,
    )


def _status(number: int, provider: str, age_s: int) -> int:
    if provider == "openai" and age_s < 1_800 and number // 6 % 3 == 0:
        return 503
    rare = {23: 400, 29: 429, 31: 499, 37: 500, 41: 401, 43: 504}
    return next((code for every, code in rare.items() if number % every == 0), 200)


async def fill(ch: ClickHouse) -> list[Row]:
    """Migrate, insert a sample made now, return its rows."""
    rows = sample(datetime.now(UTC))
    await migrate(ch)
    await ClickHouseEvents(ch).insert(batch(rows, "sample"))
    return rows


def at(row: Row) -> datetime:
    return datetime.fromisoformat(row["event_time"])


def dimension_of(row: Row) -> tuple[str, str, str]:
    return row["client_name"], row["provider"], row["resolved_model"]


def since(rows: Iterable[Row], moment: datetime | timedelta) -> list[Row]:
    """Those from then on, or of so long."""
    start = datetime.now(UTC) - moment if isinstance(moment, timedelta) else moment
    return [row for row in rows if at(row) >= start]


def class_of(row: Row) -> StatusClass:
    return status_class(row["status_code"])


def valid(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if not row["user_byok"] and class_of(row) not in EXCLUDED]


def bad(rows: Iterable[Row]) -> list[Row]:
    return [row for row in valid(rows) if class_of(row) in BAD]


def successful(rows: Iterable[Row]) -> list[Row]:
    return [row for row in valid(rows) if class_of(row) is StatusClass.OK]


def groups(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def floor(moment: datetime, step: timedelta) -> datetime:
    return moment - (moment - datetime(1970, 1, 1, tzinfo=UTC)) % step
