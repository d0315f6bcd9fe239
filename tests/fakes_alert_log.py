"""The alert history and what incidents cost, in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from o11y.alerting.incident import Thread
from o11y.slo.counts import Counts, Ratio
from o11y.slo.sli import Sli
from o11y.slo.windows import Severity
from o11y.worker.ports import StoreError
from o11y.worker.ports.alert_log import (
    After,
    Episode,
    LoggedIncident,
    LogQuestion,
    Standing,
    Step,
    Stretch,
    Transition,
)
from tests.builders import NOW, dimension


def logged(number: int = 1, **changes: Any) -> LoggedIncident:
    """A page of twenty minutes, acknowledged after five by Ann."""
    opened = changes.pop("opened_at", NOW - timedelta(days=number))
    values: dict[str, Any] = {
        "incident_id": f"i-{number}",
        "severity": Severity.PAGE,
        "standing": Standing.RESOLVED,
        "opened_at": opened,
        "ended_at": opened + timedelta(minutes=20),
        "objectives": ("error-rate",),
        "dimensions": (dimension(),),
        "alerts": 1,
        "peak": 480.0,
        "reopened": 0,
        "paged_at": opened + timedelta(seconds=30),
        "acknowledged_at": opened + timedelta(minutes=5.5),
        "acknowledged_by": "Ann",
        "slack": Thread("C0123ABC", "1700000000.000100"),
        **changes,
    }
    return LoggedIncident(**{"paging": values["objectives"], **values})


def step(transition: str = "fired", **changes: Any) -> Step:
    values: dict[str, Any] = {
        "incident_id": "i-1",
        "at": NOW,
        "transition": transition,
        "severity": "page",
        "reason": "",
        "alerts": 1,
        "objectives": ("error-rate",),
        "dimensions": (dimension(),),
        "peak": 480.0,
        **changes,
    }
    return Step(**values)


def transition(number: int = 1, **changes: Any) -> Transition:
    values: dict[str, Any] = {
        "at": NOW - timedelta(minutes=number),
        "key": f"{number:032}",
        "recorded_at": NOW - timedelta(minutes=number, seconds=-3),
        "transition": "fired",
        "severity": "page",
        "notification_id": f"n-{number}",
        "incident_id": "i-1",
        "objective": "error-rate",
        "dimension": dimension(),
        "bad": 50,
        "valid": 100,
        "burn_rate": 500.0,
        "burn_rate_threshold": 14.4,
        "reason": "",
        "slack": None,
        **changes,
    }
    return Transition(**values)


class FakeAlertLog:
    """Keeps what it was asked; answers what it was given, however it is narrowed."""

    def __init__(self) -> None:
        self.logged: list[LoggedIncident] = []
        self.happened: list[Step] = []
        self.rows: list[Transition] = []
        self.asked: list[LogQuestion] = []
        self.away = False

    async def transitions(self, asked: LogQuestion, *, after: After | None, most: int) -> Sequence[Transition]:
        self._ask(asked)
        rest = [row for row in self.rows if after is None or (row.at, row.key) < (after.at, after.key)]
        return rest[:most]

    async def incidents(
        self, asked: LogQuestion, *, after: tuple[datetime, str] | None, most: int
    ) -> Sequence[LoggedIncident]:
        self._ask(asked)
        newest_first = sorted(self.logged, key=lambda one: (one.opened_at, one.incident_id), reverse=True)
        rest = [one for one in newest_first if after is None or (one.opened_at, one.incident_id) < after]
        return rest[:most]

    async def steps(self, incidents: Sequence[LoggedIncident], *, most_of_each: int) -> Sequence[Step]:
        named = {one.incident_id for one in incidents}
        return [one for one in self.happened if one.incident_id in named][:most_of_each]

    def _ask(self, asked: LogQuestion) -> None:
        self.asked.append(asked)
        if self.away:
            raise StoreError("ClickHouse does not answer")


class FakeSpend:
    """Each stretch counts the same, and is kept."""

    def __init__(self) -> None:
        self.open: list[Episode] = []
        self.each = Ratio(0, 0)
        self.stretches: list[Stretch] = []
        self.away = False
        self.counts_away = False

    async def episodes(
        self, keys: Collection[str], *, since: datetime, until: datetime, most: int
    ) -> Sequence[Episode]:
        if self.away:
            raise StoreError("ClickHouse does not answer")
        return [one for one in self.open if one.key in keys][:most]

    async def counted(self, stretches: Sequence[Stretch]) -> Sequence[Ratio]:
        if self.counts_away:
            raise StoreError("took longer than 2 s")
        self.stretches += stretches
        return [self.each for _ in stretches]


class FakeMonth:
    """A ``CountStore`` with the counts that it is given; ``asked`` counts the questions."""

    def __init__(self, counts: Counts) -> None:
        self.found = counts
        self.asked = 0
        self.away = False

    async def counts(self, slis: Collection[Sli], windows_s: Collection[int], **_: Any) -> Counts:
        self.asked += 1
        if self.away:
            raise StoreError("ClickHouse does not answer")
        return self.found
