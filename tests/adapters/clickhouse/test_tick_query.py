"""The one statement of a tick against a slow, obvious count of the raw events."""

import asyncio
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from o11y.adapters.clickhouse.bands import Grain, bands
from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.counts import ClickHouseCounts
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator, LatencyOf, Sli
from o11y.slo.status_class import StatusClass, status_class
from tests.adapters.clickhouse.rows import batch, event_row
from tests.builders import error_rate, latency, ttfb

UNTIL = datetime(2026, 11, 21, 12, 3, 40, tzinfo=UTC)
DAY_S = 86_400
WINDOWS = (60, 180, 300, 1_800, 7_200, 21_600, DAY_S, 3 * DAY_S)
EVERY = LatencyOf.EVERY_REQUEST
SLIS = (
    error_rate(),
    error_rate(bad=frozenset(StatusClass) - {StatusClass.OK}, excluded=frozenset(), exclude_user_byok=False),
    latency(5_000),
    latency(15_000, exclude_user_byok=False),
    latency(5_000, of=EVERY),
    ttfb(500),
    ttfb(1_000, of=EVERY),
)
CODES = (100, 200, 301, 400, 401, 402, 403, 404, 408, 429, 499, 500, 502, 503, 504, 522, 524, 529, 599)
NAMES = (
    "vendor/model", "it's", 'say "yes"', "a:b", "a\\b", "{x:String}", "日本語 🙂", "tab\tand\nline", "%s $name", "",
)  # fmt: skip


def window_start(window_s: int, until: datetime) -> datetime:
    """Exact up to a day; a longer window begins on the 5 min boundary at or before its start."""
    start = until - timedelta(seconds=window_s)
    return start if window_s <= DAY_S else start - timedelta(seconds=start.timestamp() % 300)


def valid_and_bad(sli: Sli, row: dict[str, Any]) -> tuple[bool, bool]:
    kind = status_class(row["status_code"])
    if sli.exclude_user_byok and row["user_byok"]:
        return False, False
    if sli.indicator is Indicator.ERROR_RATE:
        return kind not in sli.excluded, kind in sli.bad
    if sli.latency_of is LatencyOf.SUCCESSFUL and kind is not StatusClass.OK:
        return False, False
    if sli.indicator is Indicator.LATENCY:
        return True, row["complete_request_ms"] > sli.threshold_ms
    return row["is_streaming"], row["is_streaming"] and row["ttfb_ms"] > sli.threshold_ms


def recount(rows: Iterable[dict[str, Any]], slis: Iterable[Sli], windows_s: Iterable[int], until: datetime) -> Any:
    """The obvious way: every event, every window, every indicator."""
    counts: dict[Any, Ratio] = {}
    for row in rows:
        at = datetime.fromisoformat(row["event_time"])
        name = Dimension(row["client_name"], row["provider"], row["resolved_model"])
        for window in windows_s:
            if not window_start(window, until) <= at < until:
                continue
            for sli in slis:
                valid, bad = valid_and_bad(sli, row)
                if valid:
                    key = (name, sli, window)
                    counts[key] = counts.get(key, Ratio(0, 0)) + Ratio(int(bad), 1)
    return counts


def flat(counts: Any) -> dict[Any, Ratio]:
    return {
        (name, sli, window): ratio
        for name, by_sli in counts.items()
        for sli, windows in by_sli.items()
        for window, ratio in windows.items()
    }


def random_row(dice: random.Random, until: datetime) -> dict[str, Any]:
    """Dense near ``until``, some of it after; often on a boundary of a bucket or window, or a millisecond beside it."""
    back = dice.choice((0, 60, 180, 300, 1_800, 7_200, 21_600, DAY_S, 3 * DAY_S, 250_000))
    at = until - timedelta(seconds=back)
    match dice.randrange(5):
        case 0:
            at += timedelta(milliseconds=dice.choice((-1, 0, 1)))
        case 1:
            at = at - timedelta(seconds=at.timestamp() % 300) + timedelta(milliseconds=dice.choice((-1, 0, 1)))
        case 2:
            at = at - timedelta(seconds=at.timestamp() % 3600) + timedelta(milliseconds=dice.choice((-1, 0, 1)))
        case _:
            at += timedelta(milliseconds=dice.randrange(-400_000, 400_000))
    return event_row(
        at,
        client_name=dice.choice(("gateway", "o'client")),
        provider=dice.choice(("vendor", "a:b")),
        resolved_model=dice.choice(NAMES),
        status_code=dice.choice(CODES),
        is_streaming=dice.random() < 0.7,
        user_byok=dice.random() < 0.2,
        ttfb_ms=dice.choice((0, 499, 500, 501, 1_000, 1_001, 2**31 - 1)),
        complete_request_ms=dice.choice((0, 4_999, 5_000, 5_001, 15_000, 15_001, 2**31 - 1)),
    )


async def stored(ch: ClickHouse, rows: list[dict[str, Any]], batches: int = 1) -> None:
    await migrate(ch, keep_forever=True)
    for number in range(batches):
        await ClickHouseEvents(ch).insert(batch(rows[number::batches], f"batch-{number}"))


@pytest.mark.parametrize("seed", range(3))
def test_the_tick_counts_what_the_raw_events_say(embedded: ClickHouse, seed: int) -> None:
    dice = random.Random(seed)
    rows = [random_row(dice, UNTIL) for _ in range(2_500)]
    dice.shuffle(rows)  # late events: batches hold times in no order

    async def check() -> None:
        await stored(embedded, rows, batches=4)
        counts = ClickHouseCounts(embedded)
        for until in (UNTIL, UNTIL.replace(minute=0, second=0), UNTIL.replace(minute=5, second=0)):
            assert flat(await counts.counts(SLIS, WINDOWS, until=until)) == recount(rows, SLIS, WINDOWS, until)

    asyncio.run(check())


def test_one_dimension_alone_is_counted_like_all(either: ClickHouse) -> None:
    dice = random.Random(7)
    rows = [random_row(dice, UNTIL) for _ in range(600)]

    async def check() -> None:
        await stored(either, rows)
        everything = recount(rows, SLIS, WINDOWS, UNTIL)
        for model in NAMES:
            only = Dimension("o'client", "a:b", model)
            found = flat(await ClickHouseCounts(either).counts(SLIS, WINDOWS, until=UNTIL, only=only))
            assert found == {key: ratio for key, ratio in everything.items() if key[0] == only}

    asyncio.run(check())


def test_any_pair_of_windows_can_be_asked_for(embedded: ClickHouse) -> None:
    dice = random.Random(11)
    rows = [random_row(dice, UNTIL) for _ in range(500)]

    async def check() -> None:
        await stored(embedded, rows)
        for _ in range(15):
            until = UNTIL - timedelta(seconds=10 * dice.randrange(400))
            windows = [10 * dice.randrange(1, 30_000) for _ in range(dice.randrange(1, 4))]
            found = flat(await ClickHouseCounts(embedded).counts(SLIS[:3], windows, until=until))
            assert found == recount(rows, SLIS[:3], windows, until)

    asyncio.run(check())


def test_an_event_at_the_start_is_inside_and_one_at_the_end_is_not(either: ClickHouse) -> None:
    start = UNTIL - timedelta(seconds=60)
    millisecond = timedelta(milliseconds=1)
    rows = [event_row(at) for at in (start - millisecond, start, UNTIL - millisecond, UNTIL)]

    async def check() -> None:
        await stored(either, rows)
        counts = await ClickHouseCounts(either).counts([error_rate()], [60], until=UNTIL)
        assert flat(counts) == {(Dimension("gateway", "vendor", "vendor/model"), error_rate(), 60): Ratio(0, 2)}

    asyncio.run(check())


def test_a_later_event_is_counted_by_the_next_evaluation_of_the_same_minute(embedded: ClickHouse) -> None:
    async def check() -> None:
        counts = ClickHouseCounts(embedded)
        await stored(embedded, [event_row(UNTIL - timedelta(seconds=30))])
        before = flat(await counts.counts([error_rate()], [60], until=UNTIL))
        late = event_row(UNTIL - timedelta(seconds=40), status_code=500)
        await ClickHouseEvents(embedded).insert(batch([late], "late"))
        after = flat(await counts.counts([error_rate()], [60], until=UNTIL))
        assert list(before.values()) == [Ratio(0, 1)]
        assert list(after.values()) == [Ratio(1, 2)]

    asyncio.run(check())


def test_nothing_stored_is_nothing_counted(either: ClickHouse) -> None:
    async def check() -> None:
        await migrate(either)
        counts = ClickHouseCounts(either)
        assert await counts.counts(SLIS, WINDOWS, until=UNTIL) == {}
        assert await counts.counts([], WINDOWS, until=UNTIL) == {}
        assert await counts.counts(SLIS, [], until=UNTIL) == {}

    asyncio.run(check())


def test_a_minute_off_the_grain_is_refused() -> None:
    with pytest.raises(ValueError, match="10 s grain"):
        bands([60], until=UNTIL + timedelta(seconds=1))


def test_no_moment_of_a_grain_is_read_twice() -> None:
    for grain in Grain:
        cut = [band for band in bands(WINDOWS, until=UNTIL) if band.grain is grain]
        assert all(left.end <= right.start for left, right in pairwise(cut))


def test_long_windows_need_no_bucket_that_is_gone() -> None:
    oldest = min(band.start for band in bands([30 * DAY_S, DAY_S], until=UNTIL) if band.grain is Grain.FINE)
    assert oldest >= UNTIL - timedelta(days=1)
