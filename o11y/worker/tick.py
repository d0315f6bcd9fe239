"""The tick: evaluate a minute, decide, tell.

    counts -> evaluate -> triage -> steps of incidents -> tell (keep with its message -> history -> send)

Between the counts and the telling everything is pure.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

from o11y.alerting.alert import Alert
from o11y.alerting.minute import Minute
from o11y.alerting.notification import Notice, Notification, Presence
from o11y.alerting.triage import PagePolicy, triage
from o11y.metrics import Metrics
from o11y.slo.counts import Counts
from o11y.slo.dimension import Dimension
from o11y.slo.evaluation import Evaluator, PairVerdict
from o11y.slo.joined_counts import joined
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity
from o11y.worker.delivery import Delivery
from o11y.worker.incidents import Incidents
from o11y.worker.ports import (
    BaselineStore,
    Clock,
    CountStore,
    MemoryLost,
    MemoryStore,
    RecommendedModels,
    StoreError,
)
from o11y.worker.telling import Telling
from o11y.worker.traffic_watch import TrafficWatch

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
    last_took_s: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a minute's evaluation found, before anything becomes of it."""

    minute: datetime
    until: datetime
    counts: Counts
    alerts: tuple[Alert, ...]
    incomplete: bool = False

    @property
    def dimensions(self) -> int:
        return len(self.counts)


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
    baselines: BaselineStore
    recommended: RecommendedModels
    memory: MemoryStore
    incidents: Incidents
    telling: Telling
    delivery: Delivery
    restore: Callable[[], Awaitable[None]]
    clock: Clock
    metrics: Metrics
    replica: str
    lag_s: int = 10
    beat: Callable[[], None] = lambda: None  # after each minute that was evaluated and told
    in_force: Callable[[], Awaitable[Sequence[Objective]]] | None = None  # asked before each tick; None: as they are
    health: Health = field(default_factory=Health)
    _burning: Sequence[Objective] = field(init=False)
    _evaluator: Evaluator = field(init=False)
    _traffic: TrafficWatch = field(init=False)
    _named: Mapping[str, Objective] = field(init=False)
    _present: _Present | None = None
    _unrestored: int = 0

    def __post_init__(self) -> None:
        self._traffic = TrafficWatch(self.objectives, counts=self.counts, baselines=self.baselines)
        self._use(self.objectives)
        self.delivery.presence_of = self._presence

    async def renew_objectives(self) -> None:
        """Take those in force by now, if they are others than before."""
        if self.in_force is not None and (found := await self.in_force()) is not self.objectives:
            self._use(found)
            self._traffic.use(found)

    def _use(self, objectives: Sequence[Objective]) -> None:
        self.objectives = objectives
        self._burning = [each for each in objectives if each.sli.indicator is not Indicator.TRAFFIC]
        self._evaluator = Evaluator(self._burning)
        self._named = {objective.name: objective for objective in objectives}

    async def tick(self, now: datetime) -> None:
        """Evaluate the minute of ``now`` and those missed before it; never raises."""
        self._traffic.attend(whole_minute(now))
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._tick(whole_minute(now))
        except Exception as error:  # the loop's edge
            await self._failed(whole_minute(now), error)
        else:
            self.health.failures_in_a_row = 0
            self.health.last_error = ""

    async def _tick(self, minute: datetime) -> None:
        await self.renew_objectives()
        await self._restore()
        missed = await self._missed(minute)
        if missed:  # what is told late says whether it still fires
            self._look(await self.evaluate(minute))
        errors: list[Exception] = []
        for earlier in missed:
            errors += await self._run(earlier, late=True)
        errors += await self._run(minute, late=False)
        await self._traffic.look_ahead(window_end(minute + MINUTE, self.lag_s))
        if errors:
            raise ExceptionGroup("incidents could not be told", errors)

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
                await self.incidents.load()  # should Redis go away, this replica knows what the others told
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
            errors = await self.telling.tell(self._minute(evaluation, late=late), until=evaluation.until)
        finally:
            if renewal:
                renewal.cancel()
        self.health.last_took_s = perf_counter() - started
        self.metrics.tick_seconds.observe(self.health.last_took_s)
        self.metrics.ticks.labels("incomplete" if evaluation.incomplete else "late" if late else "done").inc()
        self.metrics.last_tick.set(minute.timestamp())
        if not late:
            self.health.last_minute = minute
        if leased and not evaluation.incomplete and not errors:
            await self._finish(minute)
        if not errors:
            self.beat()
        return errors

    def _minute(self, evaluation: Evaluation, *, late: bool) -> Minute:
        return Minute(
            evaluation.minute,
            evaluation.alerts,
            evaluation.counts,
            self._named,
            complete=not evaluation.incomplete,
            late=late,
        )

    async def evaluate(self, minute: datetime, *, asked: bool = False) -> Evaluation:
        """What fires at this minute. Reads only; raises ``StoreError`` when ClickHouse does not answer.

        ``asked``: by somebody who wants to know, whether or not this process has watched the time before it.
        """
        until = window_end(minute, self.lag_s)
        lagging = await self._lagging(until)
        # at the same time: each is a query that keeps to one core
        burning, missing = await asyncio.gather(
            self._counted(until), self._missing_of(until, lagging=lagging, asked=asked)
        )
        breaches = await asyncio.to_thread(self._breaches, burning, missing)
        policy = PagePolicy(await self.recommended.ids(now=self.clock()))
        alerts = triage(breaches, policy, at=minute)
        return Evaluation(minute, until, joined(burning, missing), tuple(alerts), incomplete=bool(lagging))

    async def count(self, until: datetime, *, only: Dimension | None = None) -> Counts:
        """What the objectives count, in all their windows; of one client x provider x model if ``only`` names it."""
        return joined(await self._counted(until, only=only), await self._traffic.missing(until, only=only))

    async def _counted(self, until: datetime, *, only: Dimension | None = None) -> Counts:
        windows = {seconds for o in self._burning for pair in o.pairs for seconds in (pair.long_s, pair.short_s)}
        slis = {sli for objective in self._burning for sli in objective.slis}
        return await self.counts.counts(slis, windows, until=until, only=only)

    async def _missing_of(self, until: datetime, *, lagging: bool | None, asked: bool) -> Counts:
        if lagging is not False:  # what is missing may be on its way
            return {}
        return await (self._traffic.missing(until) if asked else self._traffic.watched(until))

    async def _lagging(self, until: datetime) -> bool | None:
        """Whether a spool still holds events of the windows; None while Redis, which knows, does not answer."""
        try:
            watermark = await self.memory.oldest()
        except MemoryLost:
            return None
        return watermark is not None and watermark < until

    def _breaches(self, burning: Counts, missing: Counts) -> list[PairVerdict]:
        return [*self._evaluator.breaches(burning), *self._traffic.breaches(missing)]

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
            )
        )


def _identity(alert: Alert) -> tuple[str, Severity]:
    return alert.key, alert.severity
