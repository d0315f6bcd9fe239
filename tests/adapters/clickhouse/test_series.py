"""What a dimension's page shows is what its events say, counted one by one; and what is copied gives the same."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.counts import ClickHouseCounts
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.series import ClickHouseSeries
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS
from o11y.slo.quantiles import quantile
from o11y.slo.sli import Indicator
from o11y.slo.status_class import StatusClass
from o11y.worker.burn_history import budget_stretches
from o11y.worker.ports import BatchKind
from o11y.worker.ports.series import (
    LAST_BAD,
    AlertsAsked,
    Asked,
    BreakdownAsked,
    CountsAsked,
    LastBadAsked,
    LatencyAsked,
    RequestsAsked,
    Rows,
)
from o11y.worker.time_range import TimeRange
from tests.adapters.clickhouse.random_events import LOOKED_AT, NOW, by_step, is_valid, of, random_rows, status, stored
from tests.adapters.clickhouse.rows import batch, event_row, history_row
from tests.builders import BAD, ERROR_RATE, latency, ttfb
from tests.hostile_text import HOSTILE


async def asked(series: ClickHouseSeries, ch: ClickHouse, question: Asked) -> Rows:
    """The answer; the statement as it is copied gives the same."""
    rows = await series.ask(question)
    assert list((await ch.query(series.sql(question))).rows) == list(rows)
    return rows


@pytest.mark.parametrize("hours", [1, 6, 24])
def test_requests_and_statuses_are_those_of_every_event(either: ClickHouse, hours: int) -> None:
    rows = random_rows(hours)
    shown = TimeRange.of(NOW - timedelta(hours=hours), NOW, now=NOW)
    stretch = shown.stretch

    async def check() -> None:
        series = await stored(either, rows)
        for dimension in LOOKED_AT:
            found = await asked(series, either, RequestsAsked(dimension, stretch))
            steps = by_step(of(dimension, rows, stretch.since, stretch.until), stretch.step_s)
            counted = []
            for step, events in sorted(steps.items()):
                classes = Counter(status(row) for row in events if not row["user_byok"])
                byok = sum(row["user_byok"] for row in events)
                counted.append((step, len(events), byok, *(classes[each] for each in StatusClass)))
            assert found == counted

    asyncio.run(check())


@pytest.mark.parametrize("indicator", [Indicator.LATENCY, Indicator.TTFB])
def test_percentiles_are_interpolated_between_the_bounds(embedded: ClickHouse, indicator: Indicator) -> None:
    rows = random_rows(7)
    stretch = TimeRange.of(NOW - timedelta(hours=6), NOW, now=NOW).stretch
    bounds, field = COMPLETE_BOUNDS_MS, "complete_request_ms"
    if indicator is Indicator.TTFB:
        bounds, field = TTFB_BOUNDS_MS, "ttfb_ms"

    async def check() -> None:
        series = await stored(embedded, rows)
        for dimension in LOOKED_AT:
            found = await asked(series, embedded, LatencyAsked(dimension, stretch, indicator))
            good = [
                row
                for row in of(dimension, rows, stretch.since, stretch.until)
                if status(row) is StatusClass.OK
                and not row["user_byok"]
                and (row["is_streaming"] or indicator is Indicator.LATENCY)
            ]
            steps = sorted(by_step(good, stretch.step_s).items())
            assert [row[:2] for row in found] == [(step, len(events)) for step, events in steps]
            for row, (_, events) in zip(found, steps, strict=True):
                at_most = [sum(event[field] <= bound for event in events) for bound in bounds]
                for measured, level in zip(row[2:], ("0.5", "0.9", "0.99"), strict=True):
                    told = quantile(bounds, at_most, total=len(events), level=Decimal(level))
                    assert told is not None
                    assert measured == pytest.approx(float(told))

    asyncio.run(check())


def test_counts_of_several_stretches_are_those_of_every_event(either: ClickHouse) -> None:
    rows = random_rows(11)
    shown = TimeRange.of(NOW - timedelta(hours=1), NOW, now=NOW)
    stretches = shown.stretches_before(6 * 3_600)
    slis = (ERROR_RATE, latency(2_000), ttfb(50))

    async def check() -> None:
        series = await stored(either, rows)
        for dimension in LOOKED_AT:
            found = await asked(series, either, CountsAsked(dimension, slis, stretches))
            inside = of(dimension, rows, stretches[0].since, stretches[-1].until)
            valid = [row for row in inside if is_valid(row)]
            good = [row for row in inside if status(row) is StatusClass.OK and not row["user_byok"]]
            streamed = [row for row in good if row["is_streaming"]]
            sums = [sum(column) for column in list(zip(*found, strict=True))[1:]]
            assert sums == [
                sum(status(row) in BAD for row in valid),
                len(valid),
                sum(row["complete_request_ms"] > 2_000 for row in good),
                len(good),
                sum(row["ttfb_ms"] > 50 for row in streamed),
                len(streamed),
            ]
            assert [row[0] for row in found] == sorted(row[0] for row in found)

    asyncio.run(check())


def test_a_budget_of_the_charts_is_that_of_the_evaluation(embedded: ClickHouse) -> None:
    rows = random_rows(12)
    days = [event_row(NOW - timedelta(days=day, seconds=37), status_code=500) for day in (1, 29, 31)]
    edge = [event_row(NOW - timedelta(days=30, seconds=second), status_code=503) for second in range(-300, 600, 60)]
    period_s = 30 * 86_400

    async def check() -> None:
        series = await stored(embedded, [*rows, *days, *edge])
        counts = await ClickHouseCounts(embedded).counts([ERROR_RATE], [period_s], until=NOW)
        for dimension, by_sli in counts.items():
            found = await series.ask(CountsAsked(dimension, (ERROR_RATE,), budget_stretches(NOW)))
            bad, valid = (sum(row[place] for row in found) for place in (1, 2))
            assert Ratio(bad, valid) == by_sli[ERROR_RATE][period_s]

    asyncio.run(check())


def test_the_last_bad_events_and_what_they_have_in_common(either: ClickHouse) -> None:
    rows = random_rows(13)
    since = NOW - timedelta(hours=6)

    async def check() -> None:
        series = await stored(either, rows)
        for dimension in LOOKED_AT:
            inside = [row for row in of(dimension, rows, since, NOW) if is_valid(row)]
            bad = [row for row in inside if status(row) in BAD]
            last = await asked(series, either, LastBadAsked(dimension, ERROR_RATE, since, NOW, most=20))
            events = [dict(zip(LAST_BAD, row, strict=True)) for row in last]
            times = sorted((datetime.fromisoformat(row["event_time"]) for row in bad), reverse=True)[:20]
            assert [event["at"].replace(tzinfo=UTC) for event in events] == times
            assert {event["event_id"] for event in events} <= {row["event_id"] for row in bad}
            found = await asked(series, either, BreakdownAsked(dimension, ERROR_RATE, since, NOW))
            assert {row[1:] for row in found if row[0] == "status"} == _grouped(
                inside, bad, lambda r: [r["status_code"]]
            )
            assert {row[1:] for row in found if row[0] == "tool"} == _grouped(inside, bad, lambda r: r["tools_used"])
            assert {row[1:] for row in found if row[0] == "provider"} == _grouped(
                inside, bad, lambda r: [r["inference_provider"]]
            )

    asyncio.run(check())


def _grouped(valid: list[dict[str, Any]], bad: list[dict[str, Any]], names: Any) -> set[tuple[str, int, int]]:
    of_valid = Counter(str(name) for row in valid for name in set(names(row)) if name != "")
    of_bad = Counter(str(name) for row in bad for name in set(names(row)) if name != "")
    return {(name, of_bad[name], of_valid[name]) for name in of_bad}


def test_alerts_are_told_from_their_beginning_to_their_end(embedded: ClickHouse) -> None:
    def at(minutes: int) -> datetime:
        return NOW.replace(second=0) - timedelta(minutes=minutes)

    rows = [
        history_row(at(90), transition="fired", severity="ticket"),
        history_row(at(80), transition="escalated"),
        history_row(at(70), transition="resolved"),
        history_row(at(30), transition="fired", incident_id="i-2"),
        history_row(at(30), transition="inhibited", severity="ticket", incident_id="i-2", reason="its page is live"),
        history_row(at(50), transition="fired", incident_id="i-3", model="another"),
        history_row(at(300), transition="fired", incident_id="i-4"),
        history_row(at(280), transition="resolved", incident_id="i-4"),
        history_row(at(40), transition="fired", incident_id="i-5", provider="", model="", scope="client"),
        history_row(at(20), transition="inhibited", incident_id="i-6", model="part", reason="provider pages"),
        history_row(at(60), transition="inhibited", incident_id="i-7", model="over", reason="provider pages"),
        history_row(at(45), transition="resolved", incident_id="i-7", model="over"),
    ]

    async def check() -> None:
        series = await stored(embedded, [event_row(NOW)])
        await ClickHouseEvents(embedded).insert(batch(rows, "history", BatchKind.HISTORY))
        since = NOW - timedelta(hours=2)
        found = await asked(series, embedded, AlertsAsked(Dimension("gateway", "vendor", "vendor/model"), since, NOW))
        told = [(objective, worst, _utc(began), _utc(ended)) for objective, worst, began, ended in found]
        assert told == [("error-rate", "page", at(90), at(70)), ("error-rate", "page", at(30), None)]
        (client,) = await series.ask(AlertsAsked(Dimension("gateway", None, None), since, NOW))
        assert _utc(client[2]) == at(40)
        for model, times in (("part", (at(20), None)), ("over", (at(60), at(45)))):  # held back by a larger cause
            (held,) = await series.ask(AlertsAsked(Dimension("gateway", "vendor", model), since, NOW))
            assert (_utc(held[2]), _utc(held[3])) == times

    asyncio.run(check())


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)


def test_a_dimension_that_never_was_is_not_seen(embedded: ClickHouse) -> None:
    async def check() -> None:
        series = await stored(embedded, [event_row(NOW), event_row(NOW, resolved_model="other")])
        known = await series.seen(Dimension("gateway", "vendor", None))
        assert known is not None
        assert known.dimensions == 2
        for nowhere in (Dimension("gateway", "vendor", "no"), Dimension(None, "no", None), Dimension("no", None, None)):
            assert await series.seen(nowhere) is None

    asyncio.run(check())


def test_whatever_models_are_called_their_numbers_are_their_own(embedded: ClickHouse) -> None:
    rows = [
        event_row(NOW - timedelta(minutes=5), resolved_model=name, status_code=500)
        for number, name in enumerate(HOSTILE.values(), start=1)
        for _ in range(number)
    ]
    shown = TimeRange.of(NOW - timedelta(hours=1), NOW, now=NOW)

    async def check() -> None:
        series = await stored(embedded, rows)
        for number, name in enumerate(HOSTILE.values(), start=1):
            here = Dimension("gateway", "vendor", name)
            ((_, requests, *_),) = await asked(series, embedded, RequestsAsked(here, shown.stretch))
            last = await asked(series, embedded, LastBadAsked(here, ERROR_RATE, shown.since, shown.until))
            assert (requests, len(last), {row[3] for row in last}) == (number, number, {name})

    asyncio.run(check())
