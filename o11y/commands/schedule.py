"""When the tick runs: at second 0 of every minute, by the wall clock, also after that clock was stepped.

The scheduler decides once how long to sleep. A clock stepped back by an hour while it sleeps would leave nobody
evaluating for an hour, so steps are looked for, and the next run is worked out anew.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC

from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from o11y.worker.ports import Clock

log = logging.getLogger(__name__)

#: between two looks the wall clock and the monotonic one part by this much only where somebody set the clock
STEP_S = 1.0
LOOK_EVERY_S = 1.0


class MinuteSchedule:
    """Runs ``tick`` in the event loop, one at a time; a run that is more than 30 s late is left to the next."""

    def __init__(self, tick: Callable[[], Awaitable[None]], *, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._offset_s = self._offset()
        self._watch: asyncio.Task[None] | None = None
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self.job: Job = self._scheduler.add_job(
            tick, _second_0(), max_instances=1, coalesce=True, misfire_grace_time=30
        )

    def start(self) -> None:
        """Within a running event loop."""
        self._scheduler.start()
        self._watch = asyncio.create_task(self._keep_looking())

    def stop(self) -> None:
        """No further run begins. The scheduler cancels one under way, unless it is shielded."""
        if self._watch is not None:
            self._watch.cancel()
        self._scheduler.shutdown(wait=False)

    def look(self) -> None:
        """Follow the wall clock where it was stepped since the last look."""
        before, self._offset_s = self._offset_s, self._offset()
        if abs(step_s := self._offset_s - before) >= STEP_S:
            log.warning("the clock was stepped", extra={"seconds": round(step_s)})
            self.job.reschedule(_second_0())

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.look()

    def _offset(self) -> float:
        return self._clock().timestamp() - self._monotonic()


def _second_0() -> CronTrigger:
    return CronTrigger(second=0, timezone=UTC)
