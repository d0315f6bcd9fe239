"""The shipper: spool batches into ClickHouse, in order, each exactly once, for ever."""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from o11y.metrics import Metrics
from o11y.worker.pause import pause
from o11y.worker.ports import BatchState, Clock, EventStore, MemoryLost, Spool, SpoolBatch, StoreError, Watermarks

log = logging.getLogger(__name__)

#: ClickHouse forgets deduplication tokens by count, not by time; after this long, look before inserting again.
LOOK_FIRST_AFTER = timedelta(minutes=30)
WATERMARK_TTL_S = 60
#: an unchanged watermark is told again this often, well before it would be forgotten; a changed one at once
REPUBLISH_AFTER = timedelta(seconds=5)
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0


class Shipper:
    """One a spool. A batch refused for its content is halved until the bad row is alone, and that is set aside.

    Nothing is shipped until ``ready``: rows that reach the raw table before its rollups' views are in no rollup, and
    never will be.
    """

    def __init__(
        self,
        spool: Spool,
        store: EventStore,
        *,
        watermarks: Watermarks,
        clock: Clock,
        metrics: Metrics,
        replica: str,
        jitter: Callable[[], float] = random.random,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._spool = spool
        self._store = store
        self._watermarks = watermarks
        self._clock = clock
        self._metrics = metrics
        self._replica = replica
        self._jitter = jitter
        self._ready = ready
        self.last_failure = ""  # why the batch at the head of the spool is still there, or nothing
        self._failures = 0
        self._seen_mixed: str | None = None
        self._published: tuple[datetime | None, datetime] | None = None  # the watermark, and when it was told

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``: a batch after the other, a pause when nothing is due or ClickHouse is away."""
        while not stop.is_set():
            rest_s = await self._turn()
            if rest_s:
                await pause(stop, rest_s)

    async def drain(self) -> None:
        """Ship everything now, open batches too; stops at the first failure, which keeps the rest in the spool.

        The watermark is published at the end, so that the last word of a worker that stops is not an old one.
        """
        await asyncio.to_thread(self._spool.seal_all)
        while self._ready():
            batch = await asyncio.to_thread(self._spool.next_batch, now=self._clock())
            if batch is None or not await self.ship(batch):
                break
        await self._publish_watermark()

    async def _turn(self) -> float:
        """One batch, or none; returns the seconds to pause."""
        try:
            await self._publish_watermark()
            if not self._ready():
                return 0.2
            batch = await asyncio.to_thread(self._spool.next_batch, now=self._clock())
            if batch is None:
                return 0.2
            if await self.ship(batch):
                self._failures = 0
                self.last_failure = ""
                return 0
        except Exception:  # the loop's edge: whatever it is, the events are still in the spool
            log.exception("shipping failed")
        self._failures += 1
        self._metrics.ship_failures.inc()
        return backoff_s(self._failures, self._jitter())

    async def ship(self, batch: SpoolBatch) -> bool:
        """Whether the batch has left the head of the spool; False: try the same bytes again later."""
        now = self._clock()
        if batch.first_tried_at is not None and now - batch.first_tried_at > LOOK_FIRST_AFTER:
            return await self._ship_old(batch)
        if batch.first_tried_at is None:
            await asyncio.to_thread(self._spool.mark_tried, batch.batch_id, now=now)
        return await self._insert(batch)

    async def _insert(self, batch: SpoolBatch) -> bool:
        try:
            await self._store.insert(batch)
        except StoreError as error:
            if not error.content:
                log.warning("insert failed, will retry", extra={"batch": batch.batch_id, "error": str(error)})
                self.last_failure = str(error)
                return False
            await self._refused(batch, str(error))
            return True
        await asyncio.to_thread(self._spool.shipped, batch.batch_id)
        self._metrics.batches_shipped.inc()
        self._metrics.events_shipped.inc(batch.events)
        return True

    async def _ship_old(self, batch: SpoolBatch) -> bool:
        """Its token may be forgotten: insert only what is certainly not there.

        Another replica's insert under way looks mixed for a moment, so that is believed at the second look.
        """
        try:
            state = await self._store.find(batch, now=self._clock())
        except StoreError as error:
            log.warning("look-up failed, will retry", extra={"batch": batch.batch_id, "error": str(error)})
            self.last_failure = str(error)
            return False
        if state is BatchState.ABSENT:
            return await self._insert(batch)
        if state is BatchState.COMPLETE:
            await asyncio.to_thread(self._spool.shipped, batch.batch_id)
            return True
        if self._seen_mixed != batch.batch_id:
            self._seen_mixed = batch.batch_id
            return False
        await self._set_aside(
            batch, "the table and its rollups disagree about this batch, and its token may be forgotten"
        )
        return True

    async def _refused(self, batch: SpoolBatch, error: str) -> None:
        if batch.events > 1:
            await asyncio.to_thread(self._spool.split, batch.batch_id)
            return
        await self._set_aside(batch, error)

    async def _set_aside(self, batch: SpoolBatch, error: str) -> None:
        now = self._clock()
        await asyncio.to_thread(self._spool.set_aside, batch.batch_id, error, now=now)
        self._metrics.batches_set_aside.inc()
        log.error("batch set aside", extra={"batch": batch.batch_id, "events": batch.events, "error": error})

    async def _publish_watermark(self) -> None:
        depth = await asyncio.to_thread(self._spool.depth)
        self._metrics.spool_events.set(depth.events)
        self._metrics.spool_bytes.set(depth.bytes)
        age = (self._clock() - depth.oldest).total_seconds() if depth.oldest else 0.0
        self._metrics.spool_age_s.set(max(0.0, age))
        mark, now = depth.oldest_event_time, self._clock()
        if self._published is not None:
            told, at = self._published
            if told == mark and timedelta() <= now - at < REPUBLISH_AFTER:
                return
        self._published = None
        try:
            await self._watermarks.publish(self._replica, mark, ttl_s=WATERMARK_TTL_S)
            self._published = mark, now
        except MemoryLost:
            self._metrics.memory_lost.inc()


def backoff_s(failures: int, jitter: float) -> float:
    """Exponential from half a second to half a minute, with a jitter of up to half of it (``jitter`` in [0, 1))."""
    longest = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(failures - 1, 10))
    return float(longest * (0.5 + jitter / 2))
