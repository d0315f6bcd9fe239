"""The weekly report: once, whatever fails meanwhile, and never longer than a receiver takes."""

import asyncio
import json
import time
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from o11y.adapters.slack.message import slack_message
from o11y.alerting.notification import Notice
from o11y.slo.counts import Counts
from o11y.slo.override import Selector, Values
from o11y.slo.windows import Severity
from o11y.worker.alert_log import AlertLog
from o11y.worker.budgets import Budgets
from o11y.worker.ports import MemoryLost
from o11y.worker.ports.overrides import Change
from o11y.worker.ports.reports import Turn
from o11y.worker.weekly_report import MOST_CHANGES, TRY_FOR, WeeklyReport
from tests.builders import NOW, objective
from tests.fakes import SteppingClock
from tests.fakes_alert_log import FakeAlertLog, FakeMonth, FakeSpend, logged
from tests.fakes_overrides import FakeOverrides
from tests.hostile_text import HOSTILE
from tests.slack_stand_in import problems_of
from tests.worker.test_budgets import month

WEEK = timedelta(days=7)


class FakeTurns:
    """Shared by replicas; ``away`` as when Redis is."""

    def __init__(self) -> None:
        self.holder: dict[datetime, str] = {}
        self.away = False

    def of(self, replica: str) -> "FakeTurn":
        return FakeTurn(self, replica)


class FakeTurn:
    def __init__(self, turns: FakeTurns, replica: str) -> None:
        self._turns = turns
        self._replica = replica

    async def take(self, due: datetime) -> Turn:
        if self._turns.away:
            raise MemoryLost("Redis does not answer")
        holder = self._turns.holder.setdefault(due, self._replica)
        return Turn.DONE if holder == "done" else Turn.MINE if holder == self._replica else Turn.OTHERS

    async def done(self, due: datetime) -> None:
        self._turns.holder[due] = "done"


class Office:
    """Replicas that make reports of one store."""

    def __init__(self, counts: Counts | None = None, *, name: str = "error-rate") -> None:
        self.clock, self.turns = SteppingClock(NOW), FakeTurns()
        self.month, self.log, self.overrides = (
            FakeMonth(month(one=3) if counts is None else counts),
            FakeAlertLog(),
            FakeOverrides(),
        )
        self.objectives = (objective(name=name),)
        self.sent: list[Notice] = []

    def replica(self, name: str = "one") -> WeeklyReport:
        async def send(notice: Notice) -> None:
            self.sent.append(notice)

        return WeeklyReport(
            budgets=Budgets(
                objectives=lambda: self.objectives,
                counts=self.month,
                spend=FakeSpend(),
                clock=self.clock,
                monotonic=time.monotonic,
                lag_s=0,
            ),
            alert_log=AlertLog(self.log, monotonic=time.monotonic),
            changes=self.overrides,
            turns=self.turns.of(name),
            send=send,
            clock=self.clock,
        )

    def changed(self, *names: str, note: str = "") -> None:
        for number, name in enumerate(names):
            after = Values(target=Decimal("0.995"))
            at = NOW - timedelta(minutes=number)
            self.overrides.kept.append(
                Change(str(number), 1, at, name, Selector("error-rate", model=name), None, after, note)
            )


def test_of_several_replicas_one_sends_it_to_the_receiver_of_tickets() -> None:
    async def scenario() -> None:
        office = Office()
        reports = [office.replica(name) for name in ("one", "two", "three")]
        assert sorted(await asyncio.gather(*(report.make(NOW) for report in reports))) == [False, False, True]
        assert [await report.make(NOW) for report in reports] == [True, True, True], "all know that it is done"
        (notice,) = office.sent
        assert (notice.severity, notice.report, notice.notice_id) == (
            Severity.TICKET,
            True,
            "weekly-report-20261121T1200",
        )
        assert notice.title == "Weekly report, 2026-11-14 to 2026-11-21"
        await reports[1].make(NOW + WEEK)
        assert len(office.sent) == 2

    asyncio.run(scenario())


@pytest.mark.parametrize("part", ["turns", "month", "log"])
def test_while_a_store_is_away_the_report_waits_and_is_made_when_it_is_back(part: str) -> None:
    async def scenario() -> None:
        office = Office()
        report = office.replica()
        getattr(office, part).away = True
        assert not await report.make(NOW)
        assert office.sent == []
        getattr(office, part).away = False
        assert await report.make(NOW)
        assert len(office.sent) == 1

    asyncio.run(scenario())


def test_it_is_tried_for_half_a_day_and_then_left_to_the_next_week() -> None:
    async def scenario() -> None:
        office = Office()
        office.turns.away = True
        report = office.replica()
        assert not await report._is_over(NOW, NOW + TRY_FOR)
        assert await report._is_over(NOW, NOW + TRY_FOR + timedelta(seconds=1))

    asyncio.run(scenario())


def test_a_fault_of_ours_does_not_end_the_reports() -> None:
    async def scenario() -> None:
        office = Office()
        report = office.replica()
        office.objectives = None  # type: ignore[assignment]
        assert not await report._is_over(NOW, NOW)

    asyncio.run(scenario())


def test_it_is_made_at_its_time_and_the_loop_ends_with_the_process() -> None:
    async def scenario() -> None:
        office, stop = Office(), asyncio.Event()
        report = office.replica()
        due = [NOW, NOW + WEEK]

        def next_time(_: datetime) -> datetime:
            if len(due) == 1:
                stop.set()
            return due.pop(0)

        await report.run(stop, next_time=next_time)
        assert [notice.notice_id for notice in office.sent] == ["weekly-report-20261121T1200"]

    asyncio.run(scenario())


def text_of(office: Office) -> str:
    return asyncio.run(office.replica().notice(NOW)).text


def test_it_tells_pages_budgets_the_worst_and_changes() -> None:
    office = Office(month(one=3, two=0))
    office.log.logged = [logged(1), logged(2, acknowledged_at=None), logged(3, paged_at=None)]
    office.changed("ann")
    text = text_of(office)
    for line in (
        "2 pages, 1 acknowledged, after 5m in the median, resolved after 20m. 1 ticket.",
        "• error-rate: 2 pages, 1 not acknowledged",
        "• error-rate: overspent by 50 % (1 of 2 dimensions overspent)",
        "• error-rate, gateway / vendor / one: overspent by 200 %, 3 bad of 1,000",
        "1 change of objectives:",
        "• 2026-11-21, ann: error-rate, model ann: as in the file → target 0.995",
    ):
        assert line in text.splitlines()
    assert "two" not in text, "nothing was spent there"


def test_a_quiet_week_is_told_as_one() -> None:
    text = text_of(Office({}))
    assert text.splitlines() == [
        "No page. 0 tickets.",
        "",
        "No events in the last 30 days, so no budget was touched.",
        "",
        "No objective was changed.",
    ]


def test_changes_are_those_of_the_week_and_of_many_the_newest() -> None:
    office = Office()
    office.changed(*(f"m-{n}" for n in range(MOST_CHANGES + 5)))
    office.overrides.kept[0] = Change("old", 1, NOW - WEEK - timedelta(minutes=1), "bob", Selector("p90"), None, None)
    text = text_of(office)
    assert f"More than {MOST_CHANGES} changes of objectives:" in text
    assert "m-1:" in text
    assert "m-6:" not in text
    assert "bob" not in text


@pytest.mark.parametrize("name", [*HOSTILE.values(), "x" * 1_000, "<&>" * 300], ids=str)
def test_slack_takes_it_whatever_names_there_are(name: str) -> None:
    office = Office(month(**{f"{name}{n}": n for n in range(1, 40)}), name=f"{name}!")
    office.log.logged = [logged(n, objectives=(f"{name}{n}",)) for n in range(1, 7)]
    office.changed(*(f"{name}{n}" for n in range(20)), note=name)
    notice = asyncio.run(office.replica().notice(NOW))
    assert len(notice.text) < 2_900
    message = slack_message(notice)
    assert list(problems_of(json.dumps(message.payload).encode())) == []
