"""What the rollups say of the last days is what the raw events say, counted one by one."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.adapters.clickhouse.past import ClickHousePast
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.override import Names
from o11y.slo.rehearsal import Past
from o11y.worker.ports import StoreError
from tests.adapters.clickhouse.rows import batch, event_row
from tests.builders import BAD, ERROR_RATE, EXCLUDED, error_rate, latency, ttfb
from tests.hostile_text import HOSTILE

#: rows that are older than they are kept vanish when they are inserted, so the past is a recent one
NOW = datetime.now(UTC).replace(second=20, microsecond=0)
DAY_S = 86_400
MODELS = ("vendor/model", "vendor/other", "it's", "日本語 🙂")


def random_rows(dice: random.Random, number: int) -> list[dict[str, Any]]:
    """Of the last eight days, more of them the nearer they are."""
    rows = []
    for _ in range(number):
        at = NOW - timedelta(seconds=dice.choice((600, 7_200, DAY_S, 3 * DAY_S, 8 * DAY_S)) * dice.random())
        rows.append(
            event_row(
                at.replace(microsecond=0),
                client_name=dice.choice(("web", "batch")),
                provider=dice.choice(("vendor", "other")),
                resolved_model=dice.choice(MODELS),
                status_code=dice.choice((200, 200, 200, 500, 404, 429)),
                complete_request_ms=dice.choice((50, 100, 101, 2_000, 400_000)),
                ttfb_ms=dice.choice((50, 51, 3_000, 90_000)),
                is_streaming=dice.random() < 0.7,
                user_byok=dice.random() < 0.2,
            )
        )
    return rows


async def stored(ch: ClickHouse, rows: list[dict[str, Any]]) -> None:
    await migrate(ch)
    days = {row["event_time"][:10] for row in rows}
    for day in sorted(days):
        of_day = [row for row in rows if row["event_time"][:10] == day]
        await ClickHouseEvents(ch).insert(batch(of_day, f"batch-{day}"))


def selected(rows: list[dict[str, Any]], names: Names) -> list[dict[str, Any]]:
    keys = ("client_name", "provider", "resolved_model")
    return [row for row in rows if all(n is None or row[k] == n for k, n in zip(keys, names, strict=True))]


def moment(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["event_time"])


_CODES = {500: "server_error", 429: "rate_limited", 404: "client_error", 200: "ok"}


def recount(rows: list[dict[str, Any]]) -> Ratio:
    """The shipped error rate."""
    valid = [_CODES[r["status_code"]] for r in rows if not r["user_byok"]]
    counted = [each for each in valid if each not in EXCLUDED]
    return Ratio(sum(each in BAD for each in counted), len(counted))


SELECTED: list[Names] = [
    (None, None, None),
    (None, None, "vendor/model"),
    ("web", None, "it's"),
    (None, "vendor", None),
    ("web", "vendor", "日本語 🙂"),
    ("nobody", None, None),
]


@pytest.mark.parametrize("seed", [1, 2])
def test_counts_are_those_of_every_event_selected(either: ClickHouse, seed: int) -> None:
    rows = random_rows(random.Random(seed), 2_000)

    async def check() -> None:
        await stored(either, rows)
        past = ClickHousePast(either)
        for names in SELECTED:
            found = await past.counts([ERROR_RATE], [3_600, 3 * DAY_S], names=names, until=NOW)
            for window_s in (3_600, 3 * DAY_S):
                start = NOW - timedelta(seconds=window_s)
                if window_s > 7_200:  # begins on a boundary of five minutes
                    start -= timedelta(seconds=start.timestamp() % 300)
                inside = [row for row in selected(rows, names) if start <= moment(row) < NOW]
                assert found[ERROR_RATE].get(window_s, Ratio(0, 0)) == recount(inside), (names, window_s)

    asyncio.run(check())


def test_latencies_are_counted_at_every_bound_in_one_question(embedded: ClickHouse) -> None:
    rows = random_rows(random.Random(3), 1_000)

    async def check() -> None:
        await stored(embedded, rows)
        slis = [latency(100), latency(2_000), latency(300_000), ttfb(50), ttfb(3_000)]
        found = await ClickHousePast(embedded).counts(slis, [3_600], names=(None, None, "it's"), until=NOW)
        start = NOW - timedelta(hours=1)
        good = [
            row
            for row in selected(rows, (None, None, "it's"))
            if start <= moment(row) < NOW and row["status_code"] == 200 and not row["user_byok"]
        ]
        for sli in slis:
            field = "complete_request_ms" if sli in slis[:3] else "ttfb_ms"
            valid = good if sli in slis[:3] else [row for row in good if row["is_streaming"]]
            assert sli.threshold_ms is not None
            slow = sum(row[field] > sli.threshold_ms for row in valid)
            assert found[sli].get(3_600) == Ratio(slow, len(valid))

    asyncio.run(check())


def test_the_busiest_come_first_and_the_rest_is_counted(embedded: ClickHouse) -> None:
    rows = [event_row(NOW - timedelta(hours=1), resolved_model=f"m{n}") for n in range(6) for _ in range(n + 1)]

    async def check() -> None:
        await stored(embedded, rows)
        past = ClickHousePast(embedded)
        found, number = await past.busiest((None, None, None), until=NOW, most=2)
        assert ([each.model for each in found], number) == (["m5", "m4"], 6)
        assert await past.busiest((None, None, "m1"), until=NOW, most=2) == ([Dimension("gateway", "vendor", "m1")], 1)
        assert await past.busiest(("nobody", None, None), until=NOW, most=2) == ((), 0)

    asyncio.run(check())


def test_the_past_of_several_dimensions_is_told_apart_and_that_of_a_sum_is_summed(either: ClickHouse) -> None:
    rows = random_rows(random.Random(4), 3_000)
    two = [Dimension("web", "vendor", "it's"), Dimension("batch", "other", "日本語 🙂")]
    start, until = NOW.replace(second=0) - timedelta(days=7), NOW.replace(second=0)

    def window(past: Past, length_s: int, end: datetime) -> Ratio:
        return past.window(length_s, int(end.timestamp()))

    async def check() -> None:
        await stored(either, rows)
        store = ClickHousePast(either)
        found = await store.past(ERROR_RATE, two, since=start, until=until)
        (whole,) = await store.past(ERROR_RATE, [Dimension(None, "vendor", None)], since=start, until=until)
        of: list[tuple[Past, Names]] = [
            (past, (d.client, d.provider, d.model)) for past, d in zip(found, two, strict=True)
        ]
        for past, names in [*of, (whole, (None, "vendor", None))]:
            assert past.fine_from_s == int((until - timedelta(days=2)).timestamp()) // 300 * 300
            for length_s in (60, 600, 3_600):
                inside = [r for r in selected(rows, names) if until - timedelta(seconds=length_s) <= moment(r) < until]
                assert window(past, length_s, until) == recount(inside)
            old_end = (until - timedelta(days=3)).replace(minute=0)
            inside = [r for r in selected(rows, names) if old_end - timedelta(days=1) <= moment(r) < old_end]
            assert window(past, DAY_S, old_end) == recount(inside)

    asyncio.run(check())


def test_with_the_fine_grain_out_of_reach_the_coarse_one_answers_for_everything(embedded: ClickHouse) -> None:
    rows = random_rows(random.Random(5), 500)
    until = NOW.replace(second=0)

    async def check() -> None:
        await stored(embedded, rows)
        answer = embedded.query

        async def slow(sql: str, *arguments: Any, **more: Any) -> Any:
            if "FROM rollup_10s" in sql:
                raise StoreError("too much to read in time")
            return await answer(sql, *arguments, **more)

        embedded.query = slow  # type: ignore[method-assign]
        (past,) = await ClickHousePast(embedded).past(
            ERROR_RATE, [Dimension(None, None, None)], since=until - timedelta(days=7), until=until
        )
        assert past.fine_from_s == int(until.timestamp())
        end = until - timedelta(seconds=until.timestamp() % 300)
        inside = [row for row in rows if end - timedelta(hours=1) <= moment(row) < end]
        assert past.window(3_600, int(end.timestamp())) == recount(inside)

    asyncio.run(check())


def test_a_store_that_does_not_answer_is_said_so(embedded: ClickHouse) -> None:
    async def check() -> None:
        await ClickHousePast(embedded).past(ERROR_RATE, [Dimension(None, None, None)], since=NOW, until=NOW)

    with pytest.raises(StoreError):
        asyncio.run(check())


def test_names_are_values_and_never_sql(either: ClickHouse) -> None:
    rows = [event_row(NOW - timedelta(minutes=5), resolved_model=text) for text in HOSTILE.values()]

    async def check() -> None:
        await stored(either, rows)
        past = ClickHousePast(either)
        for text in HOSTILE.values():
            found = await past.counts([ERROR_RATE], [3_600], names=(None, None, text), until=NOW)
            assert found[ERROR_RATE] == {3_600: Ratio(0, 1)}
        where = [Dimension("gateway", "vendor", text) for text in list(HOSTILE.values())[:5]]
        series = await past.past(ERROR_RATE, where, since=NOW - timedelta(hours=1), until=NOW)
        assert [one.window(3_600, int(NOW.timestamp())) for one in series] == [Ratio(0, 1)] * 5

    asyncio.run(check())


def test_requests_on_the_users_own_key_are_valid_only_where_an_objective_says_so(embedded: ClickHouse) -> None:
    rows = [event_row(NOW - timedelta(minutes=5), user_byok=True), event_row(NOW - timedelta(minutes=5))]
    every = error_rate(exclude_user_byok=False)

    async def check() -> None:
        await stored(embedded, rows)
        past = ClickHousePast(embedded)
        found = await past.counts([ERROR_RATE, every], [3_600], names=(None, None, None), until=NOW)
        assert (found[ERROR_RATE][3_600].valid, found[every][3_600].valid) == (1, 2)
        for sli, valid in ((ERROR_RATE, 1), (every, 2)):
            (one,) = await past.past(sli, [Dimension(None, None, None)], since=NOW - timedelta(hours=1), until=NOW)
            assert one.window(3_600, int(NOW.timestamp())).valid == valid

    asyncio.run(check())
