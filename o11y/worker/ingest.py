"""Group commit: whatever waits is committed together, and each caller goes on when its events are on the disk."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from o11y.worker.ports import Clock, Spool, SpoolFull, StoredEvent

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Commit:
    """One group as it went to the spool."""

    callers: int
    events: int
    stored: int  # the rest were repeats


@dataclass(slots=True)
class _Group:
    """Events that share a commit, and whoever waits for it."""

    events: list[StoredEvent] = field(default_factory=list)
    bytes: int = 0
    callers: list["asyncio.Future[None]"] = field(default_factory=list)

    def settle(self, failure: SpoolFull | None) -> None:
        """Every caller that is still there goes on, with ``failure`` if there is one."""
        for caller in self.callers:
            if caller.done():
                continue
            if failure is None:
                caller.set_result(None)
            else:
                caller.set_exception(failure)


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
        self._group = _Group()
        self._events = 0  # waiting or being committed
        self._bytes = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Events not yet on the disk."""
        return self._events

    async def accept(self, events: Sequence[StoredEvent]) -> None:
        """Returns when the events are durable. Raises ``SpoolFull`` when they are not, and none of them is stored."""
        if not events:
            return
        size = sum([len(event.row) for event in events])
        if self._closed:
            raise SpoolFull("the worker is shutting down")
        if self._events and (self._events + len(events) > self._max_events or self._bytes + size > self._max_bytes):
            raise SpoolFull(f"{self._events} events are waiting for the disk already")
        self._events += len(events)
        self._bytes += size
        loop = asyncio.get_running_loop()
        # A future of its own for each caller: one that is cancelled (its gateway went away) disturbs nobody.
        done = loop.create_future()
        self._group.events += events
        self._group.bytes += size
        self._group.callers.append(done)
        if self._idle.is_set():
            self._idle.clear()
            # Whoever else has its turn before this runs shares the commit.
            loop.call_soon(self._dispatch, loop)
        await done

    async def close(self) -> None:
        """Refuse new events, commit those that wait, end the thread."""
        self._closed = True
        await self._idle.wait()
        self._writer.shutdown(wait=False)

    def _dispatch(self, loop: asyncio.AbstractEventLoop) -> None:
        """What has gathered goes to the writer; nothing while nobody waits."""
        if not self._group.callers:
            self._idle.set()
            return
        group, self._group = self._group, _Group()
        self._writer.submit(self._commit, group, loop)

    def _commit(self, group: _Group, loop: asyncio.AbstractEventLoop) -> None:
        """In the writer's thread. One call back to the loop for the whole group: each wakes it by a system call."""
        try:
            outcome: int | Exception = self._spool.append(group.events, now=self._clock())
        except Exception as error:  # whatever it was, these callers are told and the next group is tried
            outcome = error
        loop.call_soon_threadsafe(self._committed, group, outcome, loop)

    def _committed(self, group: _Group, outcome: int | Exception, loop: asyncio.AbstractEventLoop) -> None:
        self._events -= len(group.events)
        self._bytes -= group.bytes
        group.settle(_failure(outcome, len(group.events)) if isinstance(outcome, Exception) else None)
        # After those who were told have had their turn: answers first, and what they are followed by may join.
        loop.call_soon(self._dispatch, loop)
        if not isinstance(outcome, Exception):
            self._on_commit(Commit(callers=len(group.callers), events=len(group.events), stored=outcome))


def _failure(error: Exception, events: int) -> SpoolFull:
    """What the callers are told; logged once a group."""
    if isinstance(error, SpoolFull):
        log.warning("spool refused events", extra={"events": events, "reason": str(error)})
        return error
    failure = SpoolFull("the spool failed")
    failure.__cause__ = error
    log.error("spool failed", exc_info=error, extra={"events": events})
    return failure
