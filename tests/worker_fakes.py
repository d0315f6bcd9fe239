"""Stand-ins for the worker's stores and receivers, and replicas put together from them."""

import asyncio
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from o11y.alerting.alert import Alert
from o11y.alerting.incident import Incident, Thread
from o11y.alerting.lifecycle import Terms
from o11y.alerting.notification import NO_FACTS, Facts, Notice, Notification
from o11y.alerting.silence import Silence
from o11y.alerting.volume import Cap
from o11y.metrics import Metrics
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.objective import Objective
from o11y.slo.sli import Sli
from o11y.slo.usual_traffic import Requests
from o11y.slo.windows import Severity
from o11y.worker.delivery import Delivery
from o11y.worker.history import History
from o11y.worker.incidents import Incidents
from o11y.worker.notices import Notices
from o11y.worker.ports import BatchState, SpoolBatch, StoreError
from o11y.worker.silences import Silencing
from o11y.worker.telling import Telling
from o11y.worker.tick import Ticker
from o11y.worker.volumes import Volumes
from tests.builders import ERROR_RATE, NOW, PAIRS, dimension, objective
from tests.fakes import FakeIncidents, FakeMemory, FakeOutbox, SteppingClock
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
        found = _of(slis, self.at.get(until, self.now))
        return found if only is None else {place: counts for place, counts in found.items() if place == only}


def _of(slis: Collection[Sli], counts: Counts) -> Counts:
    """Of what is there, what was asked for."""
    if all(by_sli.keys() <= set(slis) for by_sli in counts.values()):
        return counts
    asked = {place: {sli: of for sli, of in by_sli.items() if sli in slis} for place, by_sli in counts.items()}
    return {place: by_sli for place, by_sli in asked.items() if by_sli}


class FakeBaselines:
    """A ``BaselineStore``: ``now`` is usual at any time."""

    def __init__(self, now: Requests | None = None) -> None:
        self.now: Requests = now or {}
        self.fail: Exception | None = None
        self.asked: list[tuple[frozenset[int], datetime]] = []

    async def usual(self, windows_s: Collection[int], *, until: datetime, exclude_user_byok: bool = True) -> Requests:
        self.asked.append((frozenset(windows_s), until))
        if self.fail is not None:
            raise self.fail
        return {window_s: requests for window_s, requests in self.now.items() if window_s in windows_s}


class FakeColour:
    """A ``ColourStore``."""

    def __init__(self, facts: Facts = NO_FACTS) -> None:
        self.facts = facts
        self.asked: list[Alert] = []
        self.spent = Ratio(120, 1_000)
        self.fail: BaseException | None = None

    async def colour(self, alert: Alert, *, until: datetime) -> Facts:
        self.asked.append(alert)
        if self.fail is not None:
            raise self.fail
        return self.facts

    async def bad_between(self, alert: Alert, *, since: datetime, until: datetime) -> Ratio:
        if self.fail is not None:
            raise self.fail
        return self.spent


class FakeNotifier:
    """A ``Notifier``: raises what ``fails`` holds, one an attempt, then delivers. With ``threads`` it keeps them."""

    def __init__(self, *, threads: bool = False) -> None:
        self.threads = threads
        self.fails: list[BaseException] = []
        self.attempts = 0
        self.sent: list[Notification | Notice] = []
        self.told_in: list[Thread | None] = []  # the thread that each was sent with

    async def notify(self, message: Notification | Notice, *, thread: Thread | None = None) -> Thread | None:
        self.attempts += 1
        if self.fails:
            raise self.fails.pop(0)
        self.sent.append(message)
        self.told_in.append(thread)
        await asyncio.sleep(0)
        if not self.threads or isinstance(message, Notice):
            return None
        return thread or Thread("C1", f"{len(self.sent)}.0")

    @property
    def changes(self) -> list[str]:
        """What each message of an incident says happened."""
        return [message.account.change.value for message in self.alerts if message.account is not None]

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
    """A ``HistoryStore`` that says what it is told to."""

    def __init__(self) -> None:
        self.incidents: list[Incident] = []
        self.fail: Exception | None = None

    async def incidents_since(self, since: datetime) -> Sequence[Incident]:
        if self.fail is not None:
            raise self.fail
        return self.incidents


class FakeSilences:
    """A ``SilenceStore``'s reading side; see the silences' own tests for the rest."""

    def __init__(self) -> None:
        self.kept: list[Silence] = []

    async def all(self) -> Sequence[Silence]:
        return self.kept

    async def put(self, silence: Silence) -> Silence:
        self.kept.append(silence)
        return silence

    async def expire(self, silence_id: str, *, at: datetime, by: str) -> Silence | None:
        for place, silence in enumerate(self.kept):
            if silence.silence_id == silence_id:
                self.kept[place] = replace(silence, expired_at=silence.expired_at or at, expired_by=by)
                return self.kept[place]
        return None


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
    incidents: Incidents
    notices: Notices
    metrics: Metrics


@dataclass
class World:
    """What replicas share, and what outlives them."""

    objectives: Sequence[Objective] = field(default_factory=lambda: [objective()])
    clock: SteppingClock = field(default_factory=lambda: SteppingClock(NOW))
    counts: FakeCounts = field(default_factory=FakeCounts)
    baselines: FakeBaselines = field(default_factory=FakeBaselines)
    colour: FakeColour = field(default_factory=FakeColour)
    slack: FakeNotifier = field(default_factory=FakeNotifier)
    spool: RecordingSpool = field(default_factory=RecordingSpool)
    models: FakeModels = field(default_factory=FakeModels)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    silences: FakeSilences = field(default_factory=FakeSilences)
    told: FakeHistory = field(default_factory=FakeHistory)
    terms: Terms = field(default_factory=Terms)
    cap: Cap = field(default_factory=Cap)

    def __post_init__(self) -> None:
        self.memory = FakeMemory(self.clock)
        self.incidents = FakeIncidents(self.outbox)

    def lose_redis(self, lost: bool = True) -> None:
        """The whole of it; the outbox has its mirror."""
        self.memory.lost = self.incidents.lost = lost

    def flush_redis(self) -> None:
        self.memory.flush()
        self.incidents.flush()

    def replica(self, name: str = "a", *, memory: Any = None, store: Any = None, **changes: Any) -> Replica:
        """A fresh process: nothing in it remembers an earlier one."""
        memory, metrics = memory or self.memory, Metrics()
        store = store or self.incidents
        incidents = Incidents(store, self.outbox, objectives=self.objectives, clock=self.clock, metrics=metrics)
        history = History(self.spool)
        delivery = Delivery(
            dict.fromkeys(Severity, self.slack),
            outbox=self.outbox,
            incidents=incidents,
            history=history,
            clock=self.clock,
            metrics=metrics,
        )
        telling = Telling(
            incidents,
            delivery=delivery,
            history=history,
            colour=self.colour,
            silencing=Silencing(self.silences, clock=self.clock, metrics=metrics),
            volumes=Volumes(store, cap=self.cap),
            terms=self.terms,
            clock=self.clock,
            metrics=metrics,
        )
        values: dict[str, Any] = {
            "objectives": self.objectives,
            "counts": self.counts,
            "baselines": self.baselines,
            "recommended": self.models,
            "memory": memory,
            "incidents": incidents,
            "telling": telling,
            "delivery": delivery,
            "restore": lambda: incidents.restore_after_flush(
                lambda: self.told.incidents_since(self.clock() - DAY), now=self.clock()
            ),
            "clock": self.clock,
            "metrics": metrics,
            "replica": name,
        }
        ticker = Ticker(**{**values, **changes})
        return Replica(ticker, delivery, incidents, Notices(delivery, clock=self.clock), metrics)

    async def tick(self, replica: Replica, *, minutes: int = 1) -> None:
        """Evaluate this minute, and so many in all, each at its second 0; the clock ends on the next."""
        for _ in range(minutes):
            await replica.ticker.tick(self.clock.now)
            await replica.delivery.retry_due()
            self.clock.advance(60 - self.clock.now.second)
