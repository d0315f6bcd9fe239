"""Stand-ins for the worker's stores and receivers, and replicas put together from them."""

import asyncio
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from o11y.alerting.alert import Alert
from o11y.alerting.notification import NO_FACTS, Facts, Notice, Notification
from o11y.metrics import Metrics
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.objective import Objective
from o11y.slo.sli import Sli
from o11y.slo.windows import Severity
from o11y.worker.claims import Claims
from o11y.worker.delivery import Delivery
from o11y.worker.history import History
from o11y.worker.local_memory import LocalMemory
from o11y.worker.notices import Notices
from o11y.worker.ports import BatchState, SpoolBatch, StoreError, ToldAlert
from o11y.worker.tick import Ticker
from tests.builders import ERROR_RATE, NOW, PAIRS, dimension, objective
from tests.fakes import FakeMemory, FakeOutbox, SteppingClock
from tests.fakes_spool import FakeSpool

DAY = timedelta(hours=24)
WINDOWS = sorted({seconds for pair in PAIRS for seconds in (pair.long_s, pair.short_s)})


def counted(bad: int, *where: Dimension, sli: Sli = ERROR_RATE, windows: Collection[int] = WINDOWS) -> Counts:
    """``bad`` of 100 requests in each of ``windows``, none in any other."""
    return {place: {sli: {window: Ratio(bad, 100) for window in windows}} for place in where or (dimension(),)}


BURNING = counted(50)  # page and ticket fire
SMOULDERING = counted(50, windows=(1800, 21_600))  # the ticket alone fires
QUIET: Counts = {}


class FakeCounts:
    """A ``CountStore``: ``now`` holds what any evaluation finds, ``at`` what one that ends there finds instead."""

    def __init__(self, now: Counts = QUIET) -> None:
        self.now = now
        self.at: dict[datetime, Counts] = {}
        self.fail: Exception | None = None
        self.asked: list[datetime] = []

    async def counts(
        self, slis: Collection[Sli], windows_s: Collection[int], *, until: datetime, only: Dimension | None = None
    ) -> Counts:
        self.asked.append(until)
        if self.fail is not None:
            raise self.fail
        found = self.at.get(until, self.now)
        return found if only is None else {place: counts for place, counts in found.items() if place == only}


class FakeColour:
    """A ``ColourStore``."""

    def __init__(self, facts: Facts = NO_FACTS) -> None:
        self.facts = facts
        self.asked: list[Alert] = []
        self.fail: BaseException | None = None

    async def colour(self, alert: Alert, *, until: datetime) -> Facts:
        self.asked.append(alert)
        if self.fail is not None:
            raise self.fail
        return self.facts


class FakeNotifier:
    """A ``Notifier``: raises what ``fails`` holds, one an attempt, then delivers."""

    def __init__(self) -> None:
        self.fails: list[BaseException] = []
        self.attempts = 0
        self.sent: list[Notification | Notice] = []

    async def notify(self, notification: Notification | Notice) -> None:
        self.attempts += 1
        if self.fails:
            raise self.fails.pop(0)
        self.sent.append(notification)
        await asyncio.sleep(0)

    @property
    def alerts(self) -> list[Notification]:
        return [message for message in self.sent if isinstance(message, Notification)]

    @property
    def notices(self) -> list[Notice]:
        return [message for message in self.sent if isinstance(message, Notice)]

    def severities(self) -> list[str]:
        return [message.severity.value for message in self.sent]


class RecordingSpool(FakeSpool):
    """Keeps the rows of the alert history readable."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[dict[str, Any]] = []

    def append_history(self, rows: Sequence[bytes], *, now: datetime) -> None:
        super().append_history(rows, now=now)
        self.history += [json.loads(row + b"}") for row in rows]

    def transitions(self, severity: Severity = Severity.PAGE) -> list[str]:
        return [row["transition"] for row in self.history if row["severity"] == severity]


class FakeHistory:
    """A ``HistoryStore`` over what the spool was given."""

    def __init__(self, spool: RecordingSpool) -> None:
        self._spool = spool
        self.fail: Exception | None = None

    async def told_since(self, since: datetime) -> Sequence[ToldAlert]:
        if self.fail is not None:
            raise self.fail
        return [
            ToldAlert(row["key"], Severity(row["severity"]), datetime.fromisoformat(row["recorded_at"]))
            for row in self._spool.history
            if row["transition"] == "notified" and datetime.fromisoformat(row["recorded_at"]) >= since
        ]


class FakeModels:
    """``RecommendedModels``: a list, or none."""

    def __init__(self, ids: frozenset[str] | None = None) -> None:
        self.now = ids

    async def ids(self, *, now: datetime) -> frozenset[str] | None:
        return self.now


class FakeEvents:
    """An ``EventStore`` that keeps what it is given, once a batch id; ``fail`` may raise for a batch."""

    def __init__(self) -> None:
        self.inserted: dict[str, bytes] = {}
        self.offered: list[tuple[str, bytes]] = []
        self.states: dict[str, BatchState] = {}
        self.looked_up: list[str] = []
        self.fail: Callable[[SpoolBatch], None] = lambda batch: None

    async def insert(self, batch: SpoolBatch) -> None:
        self.offered.append((batch.batch_id, batch.rows))
        self.fail(batch)
        self.inserted.setdefault(batch.batch_id, batch.rows)

    async def find(self, batch: SpoolBatch, *, now: datetime) -> BatchState:
        self.looked_up.append(batch.batch_id)
        self.fail(batch)
        return self.states.get(batch.batch_id, BatchState.ABSENT)

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for rows in self.inserted.values() for line in rows.splitlines()]


class Away:
    """The ``fail`` of a ``FakeEvents`` whose server is away for some calls."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def __call__(self, batch: SpoolBatch) -> None:
        if self.calls:
            self.calls -= 1
            raise StoreError("connection refused")


@dataclass
class Replica:
    """One process of o11y: what dies with it."""

    ticker: Ticker
    delivery: Delivery
    claims: Claims
    notices: Notices
    metrics: Metrics


@dataclass
class World:
    """What replicas share, and what outlives them."""

    objectives: Sequence[Objective] = field(default_factory=lambda: [objective()])
    clock: SteppingClock = field(default_factory=lambda: SteppingClock(NOW))
    counts: FakeCounts = field(default_factory=FakeCounts)
    colour: FakeColour = field(default_factory=FakeColour)
    slack: FakeNotifier = field(default_factory=FakeNotifier)
    spool: RecordingSpool = field(default_factory=RecordingSpool)
    models: FakeModels = field(default_factory=FakeModels)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)

    def __post_init__(self) -> None:
        self.memory = FakeMemory(self.clock)
        self.told = FakeHistory(self.spool)

    async def pause(self, seconds: float) -> None:
        """Stands in for ``asyncio.sleep``: only the simulated clock moves."""
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    def replica(self, name: str = "a", *, memory: Any = None, simulated: bool = True, **changes: Any) -> Replica:
        """A fresh process: nothing in it remembers an earlier one."""
        memory, metrics = memory or self.memory, Metrics()
        claims = Claims(memory, LocalMemory(self.clock), metrics=metrics, simulated=simulated)
        history = History(self.spool)
        delivery = Delivery(
            dict.fromkeys(Severity, self.slack),
            outbox=self.outbox,
            claims=claims,
            history=history,
            clock=self.clock,
            metrics=metrics,
        )
        values: dict[str, Any] = {
            "objectives": self.objectives,
            "counts": self.counts,
            "colour": self.colour,
            "recommended": self.models,
            "memory": memory,
            "claims": claims,
            "delivery": delivery,
            "history": history,
            "restore": lambda: claims.restore_after_flush(lambda: self.told.told_since(self.clock() - DAY)),
            "clock": self.clock,
            "metrics": metrics,
            "replica": name,
            "sleep": self.pause,
        }
        ticker = Ticker(**{**values, **changes})
        return Replica(ticker, delivery, claims, Notices(delivery, clock=self.clock), metrics)

    async def tick(self, replica: Replica, *, minutes: int = 1) -> None:
        """Evaluate this minute, and so many in all, each at its second 0; the clock ends on the next."""
        for _ in range(minutes):
            await replica.ticker.tick(self.clock.now)
            await replica.delivery.retry_due()
            self.clock.advance(60 - self.clock.now.second)
