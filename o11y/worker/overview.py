"""Where every objective stands, kept for as long as somebody looks: no page waits for it but the first."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

from o11y.alerting.book import Book
from o11y.slo.evaluation import Evaluator
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, Sli
from o11y.worker.ports import BaselineStore, Clock, CountStore, StoreError
from o11y.worker.ports.series import QuantileStore
from o11y.worker.snapshot import RECENT_S, Snapshot
from o11y.worker.snapshot_making import BUDGET_WINDOWS_S, BudgetCounts, Counted, made
from o11y.worker.tick import window_end
from o11y.worker.traffic_watch import TrafficWatch

log = logging.getLogger(__name__)

REFRESHED_EVERY = timedelta(seconds=15)
BUDGETS_EVERY = timedelta(minutes=5)
#: what is older says nothing of now: a page waits for a new one, as the first does
TOO_OLD = timedelta(seconds=60)
WAIT_AT_MOST_S = 5.0
_QUANTILE_GRAIN_S = 300


class Overview:
    """One snapshot, made in the background when somebody looks and it is older than 15 s; one at a time.

    The budgets, which read a month, follow every five minutes, and are absent from the first snapshot.
    """

    def __init__(
        self,
        *,
        objectives: Callable[[], Sequence[Objective]],
        counts: CountStore,
        baselines: BaselineStore,
        quantiles: QuantileStore,
        book: Callable[[], Awaitable[Book]],
        clock: Clock,
        lag_s: int = 10,
        wait_s: float = WAIT_AT_MOST_S,
    ) -> None:
        self._objectives = objectives
        self._counts = counts
        self._quantiles = quantiles
        self._book = book
        self._clock = clock
        self._lag_s = lag_s
        self._wait_s = wait_s
        self._in_force: Sequence[Objective] = ()
        self._evaluator = Evaluator(())
        self._traffic = TrafficWatch((), counts=counts, baselines=baselines)
        self._snapshot: Snapshot | None = None
        self._budgets: BudgetCounts | None = None
        self._making: asyncio.Task[None] | None = None
        self._counting: asyncio.Task[None] | None = None
        self._began: datetime | None = None
        self._budgets_began: datetime | None = None
        self.failure: str = ""  # why the newest attempt failed; "" when it did not

    async def look(self) -> Snapshot | None:
        """The newest. None: the first is still being made after five seconds, or cannot be (see ``failure``)."""
        now = self._clock()
        if self._due(self._began, REFRESHED_EVERY, now) and _is_over(self._making):
            self._began = now
            self._making = asyncio.create_task(self._make(now))
        found = self._snapshot
        if (found is None or now - found.at > TOO_OLD) and self._making is not None:
            await asyncio.wait({self._making}, timeout=self._wait_s)
        return self._snapshot

    @property
    def is_being_made(self) -> bool:
        return not _is_over(self._making)

    async def settled(self) -> None:
        """Once nothing is under way."""
        for task in (self._making, self._counting):
            if task is not None:
                await asyncio.wait({task})

    def _due(self, began: datetime | None, every: timedelta, now: datetime) -> bool:
        return began is None or not timedelta() <= now - began < every

    async def _make(self, now: datetime) -> None:
        try:
            snapshot = await self._made(now)
        except StoreError as error:
            log.warning("the overview is not refreshed", extra={"error": str(error)})
            self.failure = "ClickHouse does not answer"
        except Exception:  # a task's edge
            log.exception("the overview is not refreshed")
            self.failure = "it could not be made; the log says more"
        else:
            self._snapshot, self.failure = snapshot, ""
            if self._due(self._budgets_began, BUDGETS_EVERY, now) and _is_over(self._counting):
                self._budgets_began = now
                self._counting = asyncio.create_task(self._count_budgets(now))

    async def _made(self, now: datetime) -> Snapshot:
        self._renew()
        until = window_end(now, self._lag_s)
        since = until - timedelta(seconds=RECENT_S + until.timestamp() % _QUANTILE_GRAIN_S)
        burning, missing, quantiles, book = await asyncio.gather(
            self._counts.counts(self._slis, self._windows_s, until=until),
            self._traffic.missing(until),
            self._quantiles.quantiles(since=since, until=until),
            self._book(),
        )
        return await asyncio.to_thread(
            made,
            self._evaluator,
            Counted(until, burning, missing),
            at=now,
            book=book,
            quantiles=quantiles,
            budgets=self._budgets,
        )

    async def _count_budgets(self, now: datetime) -> None:
        until = window_end(now, self._lag_s)
        try:
            counts = await self._counts.counts(self._slis, BUDGET_WINDOWS_S, until=until)
        except StoreError as error:
            log.warning("the budgets of the overview are not refreshed", extra={"error": str(error)})
        except Exception:  # a task's edge
            log.exception("the budgets of the overview are not refreshed")
        else:
            first = self._budgets is None
            self._budgets = BudgetCounts(now, counts)
            if first:  # the next look has them
                self._began = None

    def _renew(self) -> None:
        in_force = self._objectives()
        if in_force is not self._in_force:
            self._in_force, self._evaluator = in_force, Evaluator(in_force)
            self._traffic.use(in_force)

    @property
    def _slis(self) -> Collection[Sli]:
        return {sli for each in self._in_force for sli in each.slis if sli.indicator is not Indicator.TRAFFIC}

    @property
    def _windows_s(self) -> Collection[int]:
        pairs = (p for each in self._in_force for p in each.pairs if each.sli.indicator is not Indicator.TRAFFIC)
        return {RECENT_S, *(seconds for pair in pairs for seconds in (pair.long_s, pair.short_s))}


def _is_over(task: "asyncio.Task[None] | None") -> bool:
    return task is None or task.done()
