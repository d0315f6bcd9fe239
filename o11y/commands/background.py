"""What runs beside the doors: shipping, the outbox, o11y's watch over itself, a server's migrations."""

import asyncio
import logging

from o11y.adapters.clickhouse.migrations import SchemaTooNew, migrate
from o11y.app import Role, Worker, retries_messages
from o11y.commands.clock import utc_now
from o11y.report_times import report_times
from o11y.settings import Settings
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.loss_report import tell_losses
from o11y.worker.pause import pause
from o11y.worker.ports import EventSink, StoreError
from o11y.worker.self_checks.watch import EVERY_S, Watch
from o11y.worker.shipper import backoff_s

log = logging.getLogger(__name__)

SEEDED_DIMENSIONS = 100_000
OBJECTIVES_EVERY_S = 60.0


class Background:
    """Tasks that end with the process; what they could not finish is in the spool and in the outbox."""

    def __init__(
        self,
        settings: Settings,
        worker: Worker,
        limit: DimensionLimit,
        sink: EventSink,
        *,
        watch: Watch,
        role: Role,
        stop: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._worker = worker
        self._limit = limit
        self._sink = sink
        self._watch = watch
        self._role = role
        self._stop = stop  # of the process: a schema that is too new ends it
        self._ending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loops = [self._worker.shipper.run(self._ending), self._keep_watch(), self._prepare()]
        if retries_messages(self._settings, self._role):
            loops.append(self._worker.delivery.run(self._ending))
        if not self._role.evaluates:
            loops.append(self._follow_objectives())
        elif self._settings.weekly_report is not None:
            times = report_times(self._settings.weekly_report)
            loops.append(self._worker.weekly_report.run(self._ending, next_time=times))
        self._tasks += map(asyncio.create_task, loops)

    async def end(self) -> None:
        """Ask every loop to end; a batch or a send in flight may take its time, within the process's deadline."""
        self._ending.set()
        done, late = await asyncio.wait(self._tasks, timeout=3)
        for task in late:
            task.cancel()
        await asyncio.gather(*done, *late, return_exceptions=True)
        await self._worker.heartbeats.close()

    async def _prepare(self) -> None:
        """Bring a server's tables up to date, whenever it answers; then learn which dimensions are open.

        An embedded database was brought up to date when it was opened.
        """
        failures = 0
        while not self._ending.is_set():
            try:
                if not self._settings.embedded_clickhouse:
                    await migrate(self._worker.stores.clickhouse)
                known = await self._worker.dimensions.known_dimensions(SEEDED_DIMENSIONS)
                self._limit.seed(known, now=utc_now())
                await self._worker.in_force.renew()
            except SchemaTooNew as error:
                log.critical("cannot run on this database", extra={"error": str(error)})
                self._stop.set()
            except StoreError as error:
                failures += 1
                log.warning("ClickHouse is not ready", extra={"error": str(error)})
                await pause(self._ending, backoff_s(failures, 1.0))
                continue
            return

    async def _follow_objectives(self) -> None:
        """No tick reads them here, and the dashboard shows them all the same."""
        while not self._ending.is_set():
            await self._worker.in_force.renew()
            await pause(self._ending, OBJECTIVES_EVERY_S)

    async def _keep_watch(self) -> None:
        while not self._ending.is_set():
            try:
                await self._tell_losses()
            except Exception:  # the loop's edge: watching must not end
                log.exception("losses not told")
            self._worker.metrics.posthog_dropped.set(getattr(self._sink, "dropped", 0))
            await self._watch.look()
            await pause(self._ending, EVERY_S)

    async def _tell_losses(self) -> None:
        worker = self._worker
        await tell_losses(worker.stores.spool, tell=worker.notices.tell, metrics=worker.metrics, now=utc_now())
