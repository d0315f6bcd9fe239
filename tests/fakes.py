"""In-memory stand-ins for the worker's ports, kept honest by the contract suites that the real adapters pass too."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from o11y.alerting.claim import ClaimTerms, Verdict
from o11y.alerting.notification import Notice
from o11y.slo.windows import Severity
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
    """A ``MemoryStore`` in this process. ``lost = True`` makes calls raise ``MemoryLost``; ``flush`` empties it."""

    def __init__(self, clock: SteppingClock) -> None:
        super().__init__(clock)
        self._clock = clock
        self.lost = False
        self.flush()

    def flush(self) -> None:
        self._states.clear()
        self._marked = False
        self._leases: dict[datetime, tuple[str, datetime]] = {}
        self._finished: dict[datetime, str] = {}
        self._last: datetime | None = None
        self._marks: dict[str, tuple[datetime | None, datetime]] = {}

    def _check(self) -> None:
        if self.lost:
            raise MemoryLost("told to be lost")

    async def claim(
        self, key: str, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int | None
    ) -> Verdict:
        self._check()
        return await super().claim(key, severity, terms, token=token, now_ms=now_ms)

    async def queue(self, key: str, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int | None) -> None:
        self._check()
        await super().queue(key, severity, terms, token=token, now_ms=now_ms)

    async def confirm(self, key: str, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int | None) -> None:
        self._check()
        await super().confirm(key, severity, terms, token=token, now_ms=now_ms)

    async def restore(self, told, terms) -> None:
        self._check()
        await super().restore(told, terms)

    async def has_generation(self) -> bool:
        self._check()
        return await super().has_generation()

    async def mark_generation(self) -> None:
        self._check()
        await super().mark_generation()

    async def acquire(self, minute: datetime, *, owner: str, lease_s: int) -> bool:
        self._check()
        holder, until = self._leases.get(minute, (owner, self._clock.now))
        if minute in self._finished or (holder != owner and self._clock.now < until):
            return False
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

    async def put(self, entry: OutboxEntry) -> None:
        message = entry.notification
        identity = message.notice_id if isinstance(message, Notice) else message.notification_id
        if identity not in self.delivered:
            self.entries[identity], self._due[identity] = entry, entry.due_at

    async def take_due(self, *, now: datetime, lease_s: int) -> Sequence[OutboxEntry]:
        due = sorted((at, identity) for identity, at in self._due.items() if at <= now)[: max(1, lease_s // 10)]
        self._due |= {identity: now + timedelta(seconds=lease_s) for _, identity in due}
        return [self.entries[identity] for _, identity in due]

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
