"""What runs beside the doors: shipping, the outbox, o11y's watch over itself, a server's migrations."""

import asyncio
import logging

from o11y.adapters.clickhouse.migrations import SchemaTooNew, migrate
from o11y.app import Role, Worker, retries_messages
from o11y.commands.clock import utc_now
from o11y.settings import Settings
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.loss_report import tell_losses
from o11y.worker.notices import dimensions_folded, spool_too_old
from o11y.worker.pause import pause
from o11y.worker.ports import EventSink, StoreError
from o11y.worker.shipper import backoff_s

log = logging.getLogger(__name__)

WATCH_EVERY_S = 15
SEEDED_DIMENSIONS = 100_000


class Background:
    """Tasks that end with the process; what they could not finish is in the spool and in the outbox."""

    def __init__(
        self,
        settings: Settings,
        worker: Worker,
        limit: DimensionLimit,
        sink: EventSink,
        *,
        role: Role,
        stop: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._worker = worker
        self._limit = limit
        self._sink = sink
        self._role = role
        self._stop = stop  # of the process: a schema that is too new ends it
        self._ending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loops = [self._worker.shipper.run(self._ending), self._watch(), self._prepare()]
        if retries_messages(self._settings, self._role):
            loops.append(self._worker.delivery.run(self._ending))
        self._tasks += map(asyncio.create_task, loops)

    async def end(self) -> None:
        """Ask every loop to end; a batch or a send in flight may take its time, within the process's deadline."""
        self._ending.set()
        done, late = await asyncio.wait(self._tasks, timeout=3)
        for task in late:
            task.cancel()
        await asyncio.gather(*done, *late, return_exceptions=True)

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
            except SchemaTooNew as error:
                log.critical("cannot run on this database", extra={"error": str(error)})
                self._stop.set()
            except StoreError as error:
                failures += 1
                log.warning("ClickHouse is not ready", extra={"error": str(error)})
                await pause(self._ending, backoff_s(failures, 1.0))
                continue
            return

    async def _watch(self) -> None:
        folded: dict[str, int] = {}
        while not self._ending.is_set():
            try:
                await self._look(folded)
            except Exception:  # the loop's edge: watching must not end
                log.exception("self-check failed")
            await pause(self._ending, WATCH_EVERY_S)

    async def _look(self, folded: dict[str, int]) -> None:
        metrics, now = self._worker.metrics, utc_now()
        spool = self._worker.stores.spool
        await tell_losses(spool, tell=self._worker.notices.tell, metrics=metrics, now=now)
        depth = await asyncio.to_thread(spool.depth)
        notice = spool_too_old(depth, now=now, limit_s=self._settings.spool_max_age_s)
        if notice is not None:
            await self._worker.notices.tell(notice)
        metrics.posthog_dropped.set(getattr(self._sink, "dropped", 0))
        for client, count in self._limit.folded.items():
            if (more := count - folded.get(client, 0)) > 0:
                metrics.events_folded.labels(client).inc(more)
                limit = self._settings.max_dimensions_per_client
                await self._worker.notices.tell(dimensions_folded(client, limit, now=now))
            folded[client] = count
