"""Which traffic is usual, by the statement against seven days of events."""

import asyncio
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from o11y.adapters.clickhouse.baselines import ClickHouseBaselines
from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.slo.dimension import Dimension
from o11y.slo.usual_traffic import DAYS, Requests, usual
from tests.adapters.clickhouse.rows import batch, event_row

#: as an evaluation asks: ten seconds before a minute, and nearest to its five minutes
UNTIL = datetime(2026, 11, 21, 11, 59, 50, tzinfo=UTC)
SLOT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOWS = (300, 600, 1_800)
MODELS = ("steady", "weekly", "rare", "it's", "日本語 🙂")


def dimension(model: str) -> Dimension:
    return Dimension("gateway", "vendor", model)


async def stored(ch: ClickHouse, rows: list[dict[str, Any]]) -> None:
    """A batch a day, as the spool makes them."""
    await migrate(ch, keep_forever=True)
    by_day: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_day[row["event_time"][:10]].append(row)
    for day, of_day in by_day.items():
        await ClickHouseEvents(ch).insert(batch(of_day, f"batch-{day}"))


def recount(rows: list[dict[str, Any]], windows_s: tuple[int, ...], *, byok: bool) -> Requests:
    """The obvious way: every event, every window, every day."""
    counted: defaultdict[tuple[Dimension, int], list[int]] = defaultdict(lambda: [0] * DAYS)
    for row in rows:
        at = datetime.fromisoformat(row["event_time"])
        for window_s in windows_s:
            for day in range(1, DAYS + 1):
                end = SLOT - day * DAY
                if end - timedelta(seconds=window_s) <= at < end and (byok or not row["user_byok"]):
                    counted[dimension(row["resolved_model"]), window_s][day - 1] += 1
    found: defaultdict[int, dict[Dimension, int]] = defaultdict(dict)
    for (part, window_s), days in counted.items():
        known = {day for (_, s), of in counted.items() if s == window_s for day in range(DAYS) if of[day]}
        if number := usual(days, sorted(known)):
            found[window_s][part] = number
    return dict(found)


def random_rows(dice: random.Random, number: int) -> list[dict[str, Any]]:
    """Near the same time of nine days, often on a boundary of five minutes or a millisecond beside it."""
    rows = []
    for _ in range(number):
        at = SLOT - dice.randrange(9) * DAY - timedelta(seconds=dice.choice((0, 300, 600, 900, 1_800)))
        late = timedelta(milliseconds=dice.choice((-1, 0, 1, dice.randrange(-600_000, 300_000))))
        rows.append(event_row(at + late, resolved_model=dice.choice(MODELS), user_byok=dice.random() < 0.2))
    return rows


def test_what_is_usual_is_what_the_raw_events_say(either: ClickHouse) -> None:
    rows = random_rows(random.Random(3), 3_000)

    async def check() -> None:
        await stored(either, rows)
        baselines = ClickHouseBaselines(either)
        for byok in (False, True):
            found = await baselines.usual(WINDOWS, until=UNTIL, exclude_user_byok=not byok)
            assert found == recount(rows, WINDOWS, byok=byok)
            assert set(found[1_800]) == {dimension(model) for model in MODELS}

    asyncio.run(check())


def test_what_was_silent_a_week_ago_is_not_expected(embedded: ClickHouse) -> None:
    rows = [
        event_row(SLOT - day * DAY - timedelta(seconds=second), resolved_model=model)
        for day in range(1, 8)
        for second in range(1, 101)
        for model in ("steady", "weekly")
        if model == "steady" or day != 7
    ]

    async def check() -> None:
        await stored(embedded, rows)
        assert await ClickHouseBaselines(embedded).usual((300,), until=UNTIL) == {300: {dimension("steady"): 100}}

    asyncio.run(check())


def test_two_days_are_too_few_to_call_anything_usual(embedded: ClickHouse) -> None:
    async def check() -> None:
        await stored(embedded, [event_row(SLOT - day * DAY - timedelta(seconds=9)) for day in (1, 2)])
        assert await ClickHouseBaselines(embedded).usual((300,), until=UNTIL) == {}

    asyncio.run(check())


def test_the_traffic_of_today_says_nothing_of_what_is_usual(embedded: ClickHouse) -> None:
    async def check() -> None:
        today = [event_row(SLOT - timedelta(seconds=back)) for back in range(0, 300, 3)]
        await stored(embedded, today)
        assert await ClickHouseBaselines(embedded).usual(WINDOWS, until=UNTIL) == {}

    asyncio.run(check())


def test_clickhouse_is_asked_once_in_five_minutes(embedded: ClickHouse) -> None:
    async def check() -> None:
        await stored(embedded, random_rows(random.Random(5), 300))
        asked: list[str] = []
        ask = embedded.query

        async def query(sql: str, *arguments: Any, **options: Any) -> Any:
            asked.append(sql)
            return await ask(sql, *arguments, **options)

        embedded.query = query  # type: ignore[method-assign]
        baselines = ClickHouseBaselines(embedded)
        for minute in range(5):
            await baselines.usual(WINDOWS, until=UNTIL + timedelta(minutes=minute, seconds=0))
        assert sum("FROM rollup_5m" in sql for sql in asked) == 2  # 11:59:50 to 12:01:50, and 12:02:50 to 12:03:50

    asyncio.run(check())


def test_nothing_is_asked_without_windows(embedded: ClickHouse) -> None:
    assert asyncio.run(ClickHouseBaselines(embedded).usual((), until=UNTIL)) == {}
