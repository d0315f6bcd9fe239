"""The weekly report: made once whichever replica makes it, and sent like any message, so that it is not lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from o11y.alerting.notification import Notice
from o11y.worker.alert_log import AlertLog
from o11y.worker.budgets import Budgets
from o11y.worker.pause import pause
from o11y.worker.ports import Clock, MemoryLost, StoreError
from o11y.worker.ports.alert_log import LogQuestion
from o11y.worker.ports.overrides import Change
from o11y.worker.ports.reports import ReportTurns, Turn
from o11y.worker.weekly_text import Week, report_text

log = logging.getLogger(__name__)

WEEK = timedelta(days=7)
LOOK_EVERY_S = 30.0
#: what could not be made is tried again for so long
TRY_FOR = timedelta(hours=12)
#: changes that are counted; of more it says so
MOST_CHANGES = 200


class ObjectiveChanges(Protocol):
    """The part of the overrides' store that is needed here. Raises ``StoreError``."""

    async def changes(
        self, *, objective: str | None = None, since: datetime | None = None, most: int = 100
    ) -> Sequence[Change]: ...


class WeeklyReport:
    """``send`` hands a message to the receivers, by way of the outbox."""

    def __init__(
        self,
        *,
        budgets: Budgets,
        alert_log: AlertLog,
        changes: ObjectiveChanges,
        turns: ReportTurns,
        send: Callable[[Notice], Awaitable[object]],
        clock: Clock,
    ) -> None:
        self._budgets = budgets
        self._alert_log = alert_log
        self._changes = changes
        self._turns = turns
        self._send = send
        self._clock = clock

    async def run(self, stop: asyncio.Event, *, next_time: Callable[[datetime], datetime]) -> None:
        """At every ``next_time``, until ``stop``."""
        due = next_time(self._clock())
        while not stop.is_set():
            now = self._clock()
            if now >= due and await self._is_over(due, now):
                due = next_time(max(now, due))
            await pause(stop, LOOK_EVERY_S)

    async def _is_over(self, due: datetime, now: datetime) -> bool:
        """Whether nothing is left to do for the report that was due then."""
        try:
            if await self.make(due):
                return True
        except Exception:  # the loop's edge: it is tried again
            log.exception("the weekly report was not made")
        if now - due > TRY_FOR:
            log.error("the weekly report is given up", extra={"due": due.isoformat()})
            return True
        return False

    async def make(self, due: datetime) -> bool:
        """False: another replica is at it, or a store does not answer."""
        try:
            turn = await self._turns.take(due)
            if turn is Turn.MINE:
                await self._send(await self.notice(due))
                await self._turns.done(due)
                log.info("weekly report made", extra={"due": due.isoformat()})
        except (MemoryLost, StoreError) as error:
            log.warning("the weekly report waits", extra={"error": str(error)})
            return False
        return turn is not Turn.OTHERS

    async def notice(self, due: datetime) -> Notice:
        """Of the seven days before now. Raises ``StoreError``."""
        now = self._clock()
        since = now - WEEK
        report = await self._budgets.report(now)
        on_call = await self._alert_log.on_call(LogQuestion(since, now), now=now)
        changes = await self._changes.changes(since=since, most=MOST_CHANGES)
        week = Week(since, now, report, on_call, changes, more_changes=len(changes) == MOST_CHANGES)
        return report_text(week, notice_id=f"weekly-report-{due:%Y%m%dT%H%M}")
