"""Budgets are counted when somebody looks, once for all who do, and told with the incidents that spent them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from o11y.alerting.key import alert_key
from o11y.slo.budget_report import STEP_S, WINDOWS_S
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity
from o11y.worker.budgets import PERIOD, SPENDERS_KEPT_S, TOLD, Budgets, Wanted, key_of, rows_of
from o11y.worker.ports import StoreError
from o11y.worker.ports.alert_log import Episode
from tests.builders import ERROR_RATE, NOW, dimension, objective
from tests.fakes import SteppingClock
from tests.fakes_alert_log import FakeMonth, FakeSpend

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def month(**bad: int) -> Counts:
    """Bad of a thousand requests of each model."""
    return {
        dimension(model): {ERROR_RATE: {seconds: Ratio(number, 1_000) for seconds in WINDOWS_S if seconds >= STEP_S}}
        for model, number in bad.items()
    }


class Desk:
    """Somebody who looks at budgets."""

    def __init__(self, counts: Counts | None = None) -> None:
        self.clock = SteppingClock(NOW)
        self.month, self.spend = FakeMonth(month(one=3) if counts is None else counts), FakeSpend()
        self.in_force: tuple[Objective, ...] = (objective(),)
        self.passed_s = 0.0
        self.budgets = Budgets(
            objectives=lambda: self.in_force,
            counts=self.month,
            spend=self.spend,
            clock=self.clock,
            monotonic=lambda: self.passed_s,
            lag_s=0,
            wait_s=5,
        )

    def run(self, scenario: Callable[["Desk"], Awaitable[None]]) -> None:
        async def play() -> None:
            await scenario(self)

        asyncio.run(play())

    async def settled(self) -> None:
        """Until nothing is counted any more."""
        making = self.budgets._making
        assert making is not None
        await asyncio.wait({making})


def episode(number: int, began: timedelta, ended: timedelta | None, **changes: Any) -> Episode:
    """Of the model ``one``, so long before now."""
    values: dict[str, Any] = {
        "incident_id": f"i-{number}",
        "key": alert_key("error-rate", dimension("one")),
        "severity": Severity.PAGE,
        "began_at": NOW - began,
        "ended_at": None if ended is None else NOW - ended,
        **changes,
    }
    return Episode(**values)


def test_the_first_look_waits_and_others_are_answered_from_it() -> None:
    async def scenario(desk: Desk) -> None:
        first, second = await asyncio.gather(desk.budgets.look(), desk.budgets.look())
        assert first is not None
        assert first is second is await desk.budgets.look()
        assert desk.month.asked == 1

    Desk().run(scenario)


def test_after_five_minutes_a_look_begins_another_and_does_not_wait_for_it() -> None:
    async def scenario(desk: Desk) -> None:
        first = await desk.budgets.look()
        desk.clock.advance(299)
        assert await desk.budgets.look() is first
        assert desk.month.asked == 1
        desk.clock.advance(1)
        assert await desk.budgets.look() is first
        await desk.settled()
        assert await desk.budgets.look() is not first
        assert desk.month.asked == 2

    Desk().run(scenario)


def test_what_nobody_looked_at_for_long_is_counted_anew_before_it_is_shown() -> None:
    async def scenario(desk: Desk) -> None:
        first = await desk.budgets.look()
        desk.clock.advance(901)
        found = await desk.budgets.look()
        assert found is not None
        assert found is not first
        assert found.until == desk.clock().replace(second=0)

    Desk().run(scenario)


def test_a_changed_objective_is_seen_at_the_next_look() -> None:
    async def scenario(desk: Desk) -> None:
        await desk.budgets.look()
        desk.in_force = (objective(target="0.99"),)
        found = await desk.budgets.look()
        assert found is not None
        assert found.standing(found.order[0]).allowed == 10

    Desk().run(scenario)


def test_without_clickhouse_there_is_nothing_at_first_and_then_what_was_known() -> None:
    async def scenario(desk: Desk) -> None:
        desk.month.away = True
        assert await desk.budgets.look() is None
        desk.month.away = False
        found = await desk.budgets.look()
        assert found is not None, "a failure is no reason to wait for five minutes"
        desk.month.away = True
        desk.clock.advance(600)
        assert await desk.budgets.look() is found

    Desk().run(scenario)


def test_a_clock_that_was_stepped_back_does_not_stop_it() -> None:
    async def scenario(desk: Desk) -> None:
        first = await desk.budgets.look()
        desk.clock.advance(-7_200)
        await desk.budgets.look()
        await desk.settled()
        assert await desk.budgets.look() is not first

    Desk().run(scenario)


def test_rows_are_narrowed_by_whole_names_first_and_by_parts_of_them_otherwise() -> None:
    async def scenario(desk: Desk) -> None:
        report = await desk.budgets.report(NOW)

        def models(**wanted: str) -> list[str | None]:
            return [report.dimension(row).model for row in rows_of(report, Wanted(**wanted))]

        assert models() == ["gpt-5-mini", "GPT-5", "claude", "gpt-5"]
        assert models(model="gpt-5") == ["gpt-5"]
        assert models(model="GPT") == ["gpt-5-mini", "GPT-5", "gpt-5"]
        assert models(model="gpt-5", objective="p90") == []
        assert models(client="gate", provider="VEND", objective="error-rate", model="clau") == ["claude"]
        assert models(client="nobody") == []

    Desk(month(**{"gpt-5": 1, "gpt-5-mini": 9, "claude": 2, "GPT-5": 5})).run(scenario)


def test_an_incident_is_told_with_what_was_counted_from_its_window_to_its_end() -> None:
    async def scenario(desk: Desk) -> None:
        desk.spend.open = [episode(1, 2 * HOUR + 3 * MINUTE, HOUR + MINUTE)]
        desk.spend.each = Ratio(2, 50)
        report = await desk.budgets.report(NOW)
        standing = report.standing(report.order[0])
        found = (await desk.budgets.spenders([standing], until=report.until))[key_of(standing)]
        (spender,) = found.told
        assert (spender.incident_id, spender.counted) == ("i-1", Ratio(2, 50))
        (stretch,) = desk.spend.stretches
        assert (stretch.since, stretch.until) == (NOW - 2 * HOUR - 5 * MINUTE, NOW - HOUR)
        assert (stretch.sli, stretch.dimension) == (ERROR_RATE, dimension("one"))

    Desk().run(scenario)


@pytest.mark.parametrize(
    ("began", "ended", "since", "until"),
    [
        (DAY, None, DAY, timedelta()),
        (40 * DAY, 10 * DAY, PERIOD, 10 * DAY),
        (HOUR, -HOUR, HOUR, timedelta()),
    ],
    ids=["open", "begun before the period", "ended after it"],
)
def test_what_is_counted_lies_within_the_period(
    began: timedelta, ended: timedelta | None, since: timedelta, until: timedelta
) -> None:
    async def scenario(desk: Desk) -> None:
        desk.spend.open = [episode(1, began, ended)]
        report = await desk.budgets.report(NOW)
        await desk.budgets.spenders([report.standing(report.order[0])], until=NOW)
        (stretch,) = desk.spend.stretches
        assert (stretch.since, stretch.until) == (NOW - since, NOW - until)

    Desk().run(scenario)


def test_incidents_that_overlap_share_nothing() -> None:
    async def scenario(desk: Desk) -> None:
        desk.spend.open = [episode(3, HOUR, None), episode(2, 3 * HOUR, 30 * MINUTE), episode(1, 5 * HOUR, 2 * HOUR)]
        report = await desk.budgets.report(NOW)
        await desk.budgets.spenders([report.standing(report.order[0])], until=NOW)
        spans = sorted((stretch.since, stretch.until) for stretch in desk.spend.stretches)
        assert spans == [
            (NOW - 5 * HOUR, NOW - 2 * HOUR),
            (NOW - 2 * HOUR, NOW - 30 * MINUTE),
            (NOW - 30 * MINUTE, NOW),
        ]

    Desk().run(scenario)


def test_of_many_incidents_the_newest_are_told_and_the_others_counted() -> None:
    async def scenario(desk: Desk) -> None:
        desk.spend.open = [episode(n, n * DAY, n * DAY - HOUR) for n in range(1, 8)]
        report = await desk.budgets.report(NOW)
        standing = report.standing(report.order[0])
        found = (await desk.budgets.spenders([standing], until=NOW))[key_of(standing)]
        assert [one.incident_id for one in found.told] == ["i-1", "i-2", "i-3", "i-4"]
        assert (len(found.told), found.more) == (TOLD, 3)

    Desk().run(scenario)


def test_one_statement_counts_two_hundred_stretches_and_the_rest_stays_unknown() -> None:
    models = {f"m-{n:02}": n for n in range(1, 61)}

    async def scenario(desk: Desk) -> None:
        desk.spend.open = [
            episode(n, n * DAY, n * DAY - HOUR, key=alert_key("error-rate", dimension(model)))
            for model in models
            for n in range(1, 5)
        ]
        report = await desk.budgets.report(NOW)
        found = await desk.budgets.spenders([report.standing(row) for row in report.order], until=NOW)
        counted = [one.counted is not None for each in found.values() for one in each.told]
        assert (len(desk.spend.stretches), sum(counted), len(counted)) == (200, 200, 240)

    Desk(month(**models)).run(scenario)


def test_incidents_are_told_without_their_numbers_when_these_take_too_long() -> None:
    async def scenario(desk: Desk) -> None:
        desk.spend.open, desk.spend.counts_away = [episode(1, DAY, HOUR)], True
        report = await desk.budgets.report(NOW)
        standing = report.standing(report.order[0])
        found = await desk.budgets.spenders([standing], until=NOW)
        assert [one.counted for one in found[key_of(standing)].told] == [None]
        desk.spend.away = True
        desk.passed_s += SPENDERS_KEPT_S + 1
        with pytest.raises(StoreError):
            await desk.budgets.spenders([standing], until=NOW)

    Desk().run(scenario)


def test_who_spent_a_budget_is_asked_once_however_many_look() -> None:
    async def scenario(desk: Desk) -> None:
        desk.spend.open = [episode(1, DAY, HOUR)]
        report = await desk.budgets.report(NOW)
        standing = report.standing(report.order[0])
        looks = [desk.budgets.spenders([standing], until=NOW) for _ in range(8)]
        assert len({id(found) for found in await asyncio.gather(*looks)}) == 1
        assert len(desk.spend.stretches) == 1
        desk.passed_s += SPENDERS_KEPT_S + 1
        await desk.budgets.spenders([standing], until=NOW)
        assert len(desk.spend.stretches) == 2

    Desk().run(scenario)


def test_an_aggregate_is_found_by_the_name_that_it_has() -> None:
    async def scenario(desk: Desk) -> None:
        report = await desk.budgets.report(NOW)
        assert [report.dimension(row) for row in rows_of(report, Wanted(provider="vendor"))] == [dimension("one")]
        assert rows_of(report, Wanted(provider="vendor", model="all")) == []
        assert Dimension(None, "vendor", None) not in {report.dimension(row) for row in report.order}

    Desk().run(scenario)
