"""The tick: evaluate a minute, decide, tell.

    counts -> evaluate -> triage -> tell (claim -> send -> confirm -> history)

Between the counts and the telling everything is pure.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

from o11y.alerting.alert import Alert
from o11y.alerting.notification import Notice, Notification, Presence
from o11y.alerting.triage import PagePolicy, triage
from o11y.metrics import Metrics
from o11y.slo.counts import Counts
from o11y.slo.dimension import Dimension
from o11y.slo.evaluation import Evaluator
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity
from o11y.worker.claims import Claims
from o11y.worker.delivery import Delivery
from o11y.worker.history import History
from o11y.worker.ports import (
    Clock,
    ColourStore,
    CountStore,
    MemoryLost,
    MemoryStore,
    RecommendedModels,
    StoreError,
)
from o11y.worker.telling import Sleep, Telling

log = logging.getLogger(__name__)

LEASE_S = 20
DEADLINE_S = 50
CATCH_UP = timedelta(minutes=30)
BLIND_AFTER = 3
#: what an evaluation found is the present state until the next but one is due
PRESENT_FOR = timedelta(minutes=2)
MINUTE = timedelta(minutes=1)
#: a finished minute this far ahead was finished before the clock stepped back; less is a replica whose clock differs
STEPPED_BACK = timedelta(minutes=5)


@dataclass(slots=True)
class Health:
    """What ``/readyz`` tells of the evaluation."""

    last_minute: datetime | None = None
    failures_in_a_row: int = 0
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a minute's evaluation found, before anything is claimed."""

    minute: datetime
    until: datetime
    dimensions: int
    alerts: tuple[Alert, ...]
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class _Present:
    """The newest minute evaluated here, and what fired in it."""

    minute: datetime
    firing: frozenset[tuple[str, Severity]]
    complete: bool  # no event of its windows was still on its way


def window_end(minute: datetime, lag_s: int) -> datetime:
    """The end of every window: the minute minus the ingest lag, on the 10 s grain."""
    end = minute - timedelta(seconds=lag_s)
    return end - timedelta(seconds=end.second % 10, microseconds=end.microsecond)


def whole_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


@dataclass(slots=True)
class Ticker:
    """One evaluator. ``tick`` is called at second 0 of every minute, by a scheduler or by a replay."""

    objectives: Sequence[Objective]
    counts: CountStore
    colour: ColourStore
    recommended: RecommendedModels
    memory: MemoryStore
    claims: Claims
    delivery: Delivery
    history: History
    restore: Callable[[], Awaitable[None]]
    clock: Clock
    metrics: Metrics
    replica: str
    lag_s: int = 10
    sleep: Sleep = asyncio.sleep
    health: Health = field(default_factory=Health)
    _evaluator: Evaluator = field(init=False)
    _telling: Telling = field(init=False)
    _present: _Present | None = None
    _unrestored: int = 0

    def __post_init__(self) -> None:
        self._evaluator = Evaluator(self.objectives)
        self._telling = Telling(
            self.claims,
            delivery=self.delivery,
            history=self.history,
            colour=self.colour,
            clock=self.clock,
            metrics=self.metrics,
            sleep=self.sleep,
        )
        self.delivery.presence_of = self._presence

    async def tick(self, now: datetime) -> None:
        """Evaluate the minute of ``now`` and those missed before it; never raises."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._tick(whole_minute(now))
        except Exception as error:  # the loop's edge
            await self._failed(whole_minute(now), error)
        else:
            self.health.failures_in_a_row = 0
            self.health.last_error = ""

    async def _tick(self, minute: datetime) -> None:
        await self._restore()
        missed = await self._missed(minute)
        if missed:  # what is told late says whether it still fires
            self._look(await self.evaluate(minute))
        errors: list[Exception] = []
        for earlier in missed:
            errors += await self._run(earlier, late=True)
        errors += await self._run(minute, late=False)
        if errors:
            raise ExceptionGroup("alerts could not be told", errors)

    async def _restore(self) -> None:
        """After a flush nothing is told before the history was read; but a repeat is better than a long silence."""
        try:
            await self.restore()
        except StoreError:
            self._unrestored += 1
            if self._unrestored < BLIND_AFTER:
                raise
            log.exception("evaluating without knowing what was told before")
        else:
            self._unrestored = 0

    async def _missed(self, minute: datetime) -> list[datetime]:
        """Minutes of the last half hour that nobody has finished, whose events have all arrived."""
        try:
            last = await self.memory.last_finished()
            if last is not None:
                await self._mind_the_gap(last, minute)
            missed = await self.memory.unfinished(minute - CATCH_UP, minute)
            watermark = await self.memory.oldest()
        except MemoryLost:
            return []
        return [m for m in missed if watermark is None or watermark >= window_end(m, self.lag_s)]

    async def _mind_the_gap(self, last: datetime, minute: datetime) -> None:
        """Nothing is skipped in silence; and minutes told of before the clock stepped back are evaluated again."""
        if (skipped := (minute - CATCH_UP - last) // MINUTE - 1) > 0:
            log.warning("minutes that will not be evaluated", extra={"minutes": skipped, "last": last.isoformat()})
            self.metrics.ticks.labels("skipped").inc(skipped)
        elif last - minute >= STEPPED_BACK and abs(self.clock() - minute) < PRESENT_FOR:
            log.warning("the clock stepped back", extra={"minute": minute.isoformat(), "last": last.isoformat()})
            await self.memory.rewind(minute)

    async def _run(self, minute: datetime, *, late: bool) -> list[Exception]:
        """One minute under its lease; skipped when another replica has it. A failed group leaves it unfinished."""
        leased = True
        try:
            if not await self.memory.acquire(minute, owner=self.replica, lease_s=LEASE_S):
                self.metrics.ticks.labels("elsewhere").inc()
                return []
        except MemoryLost:
            self.metrics.memory_lost.inc()
            leased = False
        renewal = asyncio.create_task(self._keep_lease(minute)) if leased else None
        started = perf_counter()
        try:
            evaluation = await self.evaluate(minute)
            if not late:
                self._look(evaluation)
            errors = await self._telling.tell(evaluation.alerts, until=evaluation.until, late=late)
        finally:
            if renewal:
                renewal.cancel()
        self.metrics.tick_seconds.observe(perf_counter() - started)
        self.metrics.ticks.labels("incomplete" if evaluation.incomplete else "late" if late else "done").inc()
        self.metrics.last_tick.set(minute.timestamp())
        if not late:
            self.health.last_minute = minute
        if leased and not evaluation.incomplete and not errors:
            await self._finish(minute)
        return errors

    async def evaluate(self, minute: datetime) -> Evaluation:
        """What fires at this minute. Reads only; raises ``StoreError`` when ClickHouse does not answer."""
        until = window_end(minute, self.lag_s)
        try:
            watermark = await self.memory.oldest()
        except MemoryLost:
            watermark = None
        counts = await self.count(until)
        breaches = await asyncio.to_thread(lambda: list(self._evaluator.breaches(counts)))
        policy = PagePolicy(await self.recommended.ids(now=self.clock()))
        alerts = triage(breaches, policy, at=minute)
        return Evaluation(minute, until, len(counts), tuple(alerts), watermark is not None and watermark < until)

    async def count(self, until: datetime, *, only: Dimension | None = None) -> Counts:
        """What the objectives count, in all their windows; of one client x provider x model if ``only`` names it."""
        windows = {seconds for o in self.objectives for pair in o.pairs for seconds in (pair.long_s, pair.short_s)}
        return await self.counts.counts({o.sli for o in self.objectives}, windows, until=until, only=only)

    async def _keep_lease(self, minute: datetime) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            try:
                await self.memory.renew(minute, owner=self.replica, lease_s=LEASE_S)
            except MemoryLost:
                continue

    async def _finish(self, minute: datetime) -> None:
        try:
            await self.memory.finish(minute, owner=self.replica)
        except MemoryLost:
            self.metrics.memory_lost.inc()

    def _look(self, evaluation: Evaluation) -> None:
        firing = frozenset(_identity(alert) for alert in evaluation.alerts)
        self._present = _Present(evaluation.minute, firing, not evaluation.incomplete)

    def _presence(self, notification: Notification) -> Presence:
        """Of the severity told: a ticket that still fires does not make its page one that does."""
        present = self._present
        if present is None or abs(self.clock() - present.minute) > PRESENT_FOR:
            return Presence.UNKNOWN
        if any(_identity(alert) in present.firing for alert in notification.alerts):
            return Presence.FIRING
        return Presence.OVER if present.complete else Presence.UNKNOWN

    async def _failed(self, minute: datetime, error: Exception) -> None:
        self.health.failures_in_a_row += 1
        self.health.last_error = str(error) or type(error).__name__
        self.metrics.ticks.labels("failed").inc()
        log.exception("tick failed", extra={"minute": minute.isoformat(), "in_a_row": self.health.failures_in_a_row})
        if self.health.failures_in_a_row == BLIND_AFTER:
            try:
                await self._say_blind(minute)
            except Exception:  # nor can this be told: the log and /readyz say so
                log.exception("notice not sent")

    async def _say_blind(self, minute: datetime) -> None:
        await self.delivery.send(
            Notice(
                notice_id=f"blind-{self.replica}-{minute:%Y%m%d%H%M}",
                severity=Severity.PAGE,
                title="o11y is blind",
                text=f"{BLIND_AFTER} evaluations in a row have failed; alerts may be missing until one works again.\n"
                f"Last error: {self.health.last_error}",
                at=minute,
            ),
            token=f"blind-{self.replica}",
        )


def _identity(alert: Alert) -> tuple[str, Severity]:
    return alert.key, alert.severity
