"""Group commit: whatever waits is committed together, and each caller goes on when its events are on the disk."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from o11y.worker.ports import Clock, Spool, SpoolFull, StoredEvent

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Commit:
    """One group as it went to the spool."""

    callers: int
    events: int
    stored: int  # the rest were repeats


class Ingest:
    """The only writer of events to the spool. Lives on one event loop; the spool runs in one thread.

    No delay is added to gather a group: while one is being committed the next one gathers by itself. What waits is
    bounded; beyond it ``accept`` refuses at once.
    """

    def __init__(
        self,
        spool: Spool,
        *,
        clock: Clock,
        max_waiting_events: int = 100_000,
        max_waiting_bytes: int = 128 * 1024 * 1024,
        on_commit: Callable[[Commit], None] = lambda commit: None,
    ) -> None:
        self._spool = spool
        self._clock = clock
        self._max_events = max_waiting_events
        self._max_bytes = max_waiting_bytes
        self._on_commit = on_commit
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="spool-writer")
        self._group: list[tuple[Sequence[StoredEvent], asyncio.Future[None]]] = []
        self._events = 0  # waiting or being committed
        self._bytes = 0
        self._committing: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Events not yet on the disk."""
        return self._events

    async def accept(self, events: Sequence[StoredEvent]) -> None:
        """Returns when the events are durable. Raises ``SpoolFull`` when they are not, and none of them is stored."""
        if not events:
            return
        size = sum(len(event.row) for event in events)
        if self._closed:
            raise SpoolFull("the worker is shutting down")
        if self._events and (self._events + len(events) > self._max_events or self._bytes + size > self._max_bytes):
            raise SpoolFull(f"{self._events} events are waiting for the disk already")
        self._events += len(events)
        self._bytes += size
        # A future of its own for each caller: one that is cancelled (its gateway went away) disturbs nobody.
        done = asyncio.get_running_loop().create_future()
        self._group.append((events, done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_groups())
        await done

    async def close(self) -> None:
        """Refuse new events, commit those that wait, end the thread."""
        self._closed = True
        while self._committing is not None:
            await asyncio.wait([self._committing])
        self._writer.shutdown(wait=False)

    async def _commit_groups(self) -> None:
        try:
            while self._group:
                group, self._group = self._group, []
                await self._commit(group)
        finally:
            self._committing = None

    async def _commit(self, group: list[tuple[Sequence[StoredEvent], "asyncio.Future[None]"]]) -> None:
        events = group[0][0] if len(group) == 1 else [event for part, _ in group for event in part]
        failure: SpoolFull | None = None
        try:
            loop = asyncio.get_running_loop()
            stored = await loop.run_in_executor(self._writer, self._append, events)
        except SpoolFull as error:
            failure = error
            log.warning("spool refused events", extra={"events": len(events), "reason": str(error)})
        except Exception as error:  # whatever it was, these callers are told and the next group is tried
            failure = SpoolFull("the spool failed")
            failure.__cause__ = error
            log.exception("spool failed", extra={"events": len(events)})
        self._events -= len(events)
        self._bytes -= sum(len(event.row) for event in events)
        for _, done in group:
            if done.done():
                continue
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)
        if failure is None:
            self._on_commit(Commit(callers=len(group), events=len(events), stored=stored))

    def _append(self, events: Sequence[StoredEvent]) -> int:
        return self._spool.append(events, now=self._clock())
