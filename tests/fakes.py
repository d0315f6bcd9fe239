"""In-memory stand-ins for the worker's ports, kept honest by the contract suites that the real adapters pass too."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from o11y.alerting.claim import Subject, Verdict
from o11y.alerting.notification import message_id
from o11y.worker.local_memory import LocalMemory
from o11y.worker.ports import MemoryLost, OutboxEntry


class SteppingClock:
    """Stands still until it is moved. Calling it tells the time, as ``Clock`` asks."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class FakeMemory(LocalMemory):
    """A ``MemoryStore`` in this process. ``lost = True`` makes calls raise ``MemoryLost``; ``flush`` empties it.

    ``promotions`` counts the replicas that took the place of the server.
    """

    def __init__(self, clock: SteppingClock) -> None:
        super().__init__(clock)
        self._clock = clock
        self.lost = False
        self.promotions = 0
        self.flush()

    def flush(self) -> None:
        self._states.clear()
        self._generation = None
        self._leases: dict[datetime, tuple[str, datetime]] = {}
        self._finished: dict[datetime, str] = {}
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._marks: dict[str, tuple[datetime | None, datetime]] = {}

    def _check(self) -> None:
        if self.lost:
            raise MemoryLost("told to be lost")

    async def claim(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> Sequence[Verdict]:
        self._check()
        return await super().claim(subjects, token=token, now_ms=now_ms)

    async def queue(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> None:
        self._check()
        await super().queue(subjects, token=token, now_ms=now_ms)

    async def confirm(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> None:
        self._check()
        await super().confirm(subjects, token=token, now_ms=now_ms)

    async def restore(self, told, terms) -> None:
        self._check()
        await super().restore(told, terms)

    async def restore_queued(self, subjects: Sequence[Subject], *, queued_at_ms: int) -> None:
        self._check()
        await super().restore_queued(subjects, queued_at_ms=queued_at_ms)

    async def generation(self) -> str | None:
        self._check()
        return self._of_this_server(await super().generation())

    async def mark_generation(self) -> str:
        self._check()
        return self._of_this_server(await super().mark_generation()) or ""

    def _of_this_server(self, marker: str | None) -> str | None:
        return marker and f"{marker} {self.promotions}"

    async def acquire(self, minute: datetime, *, owner: str, lease_s: int) -> bool:
        self._check()
        holder, until = self._leases.get(minute, (owner, self._clock.now))
        if minute in self._finished or (holder != owner and self._clock.now < until):
            return False
        self._first = self._first or minute
        self._leases[minute] = (owner, self._clock.now + timedelta(seconds=lease_s))
        return True

    async def renew(self, minute: datetime, *, owner: str, lease_s: int) -> bool:
        self._check()
        if minute in self._finished or self._leases.get(minute, ("",))[0] != owner:
            return False
        self._leases[minute] = (owner, self._clock.now + timedelta(seconds=lease_s))
        return True

    async def finish(self, minute: datetime, *, owner: str) -> None:
        self._check()
        if minute not in self._finished and self._leases.get(minute, ("",))[0] == owner:
            self._finished[minute] = owner
            self._last = max(self._last or minute, minute)

    async def last_finished(self) -> datetime | None:
        self._check()
        return self._last

    async def unfinished(self, since: datetime, until: datetime) -> Sequence[datetime]:
        self._check()
        if self._first is None:
            return []
        minutes = [since + timedelta(minutes=n) for n in range((until - since) // timedelta(minutes=1))]
        leased = {minute for minute, (_, ends) in self._leases.items() if self._clock.now < ends}
        return [m for m in minutes if m >= self._first and m not in self._finished and m not in leased]

    async def rewind(self, minute: datetime) -> None:
        self._check()
        for done in [done for done in self._finished if done >= minute]:
            del self._finished[done], self._leases[done]
        if self._last is not None and self._last >= minute:
            self._last = minute - timedelta(minutes=1)
        if self._first is not None:
            self._first = min(self._first, minute)

    async def publish(self, replica: str, oldest_event_time: datetime | None, *, ttl_s: int) -> None:
        self._check()
        self._marks[replica] = (oldest_event_time, self._clock.now + timedelta(seconds=ttl_s))

    async def oldest(self) -> datetime | None:
        self._check()
        live = [mark for mark, until in self._marks.values() if mark is not None and self._clock.now < until]
        return min(live, default=None)


class FakeOutbox:
    """An ``Outbox`` in this process."""

    def __init__(self) -> None:
        self.entries: dict[str, OutboxEntry] = {}
        self.delivered: set[str] = set()
        self._due: dict[str, datetime] = {}

    async def put(self, entry: OutboxEntry) -> bool:
        identity = message_id(entry.notification)
        if identity in self.delivered:
            return False
        self.entries[identity], self._due[identity] = entry, entry.due_at
        ticket, began = entry.turn
        return any(turn[0] is ticket and turn[1] < began for turn in (other.turn for other in self.entries.values()))

    async def take_due(self, *, now: datetime, lease_s: int) -> Sequence[OutboxEntry]:
        free = [replace(entry, due_at=self._due[identity]) for identity, entry in self.entries.items()]
        due = sorted((entry.turn, message_id(entry.notification)) for entry in free if entry.is_due(now))
        taken = [identity for _, identity in due[: max(1, lease_s // 10)]]
        self._due |= dict.fromkeys(taken, now + timedelta(seconds=lease_s))
        return [self.entries[identity] for identity in taken]

    async def done(self, notification_id: str) -> None:
        self.delivered.add(notification_id)
        self.entries.pop(notification_id, None)
        self._due.pop(notification_id, None)

    async def size(self) -> int:
        return len(self.entries)


class FakeMirror:
    """The spool's part in the outbox. ``full`` is raised by the next writes."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.full: Exception | None = None

    def outbox_put(self, notification_id: str, payload: str, /) -> None:
        if self.full is not None:
            raise self.full
        self.kept[notification_id] = payload

    def outbox_remove(self, notification_id: str, /) -> None:
        self.kept.pop(notification_id, None)

    def outbox_all(self) -> list[tuple[str, str]]:
        return list(self.kept.items())
