"""In-memory stand-ins for the worker's ports, kept honest by the contract suites that the real adapters pass too."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from o11y.alerting.book import Book
from o11y.alerting.incident import UNDELIVERED, Delivered, Incident
from o11y.alerting.notification import Notification, message_id
from o11y.alerting.volume import Volume
from o11y.slo.windows import Severity
from o11y.worker.ports import Acknowledgement, Kept, MemoryLost, OutboxEntry, Receipt


class SteppingClock:
    """Stands still until it is moved. Calling it tells the time, as ``Clock`` asks."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class FakeMemory:
    """A ``MemoryStore`` in this process. ``lost = True`` makes calls raise ``MemoryLost``; ``flush`` empties it."""

    def __init__(self, clock: SteppingClock) -> None:
        self._clock = clock
        self.lost = False
        self.flush()

    def flush(self) -> None:
        self._leases: dict[datetime, tuple[str, datetime]] = {}
        self._finished: dict[datetime, str] = {}
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._marks: dict[str, tuple[datetime | None, datetime]] = {}

    def _check(self) -> None:
        if self.lost:
            raise MemoryLost("told to be lost")

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

    async def put(self, entry: OutboxEntry) -> Kept:
        identity = message_id(entry.notification)
        if identity in self.delivered:
            return Kept.STALE
        self.entries[identity], self._due[identity] = entry, entry.due_at
        others = (other.turn for other in self.entries.values())
        behind = any(turn.severity is entry.turn.severity and turn.key < entry.turn.key for turn in others)
        return Kept.BEHIND if behind else Kept.STORED

    async def take_due(self, *, now: datetime, lease_s: int) -> Sequence[OutboxEntry]:
        free = [replace(entry, due_at=self._due[identity]) for identity, entry in self.entries.items()]
        due = sorted((entry.turn.key, message_id(entry.notification)) for entry in free if entry.is_due(now))
        taken = [identity for _, identity in due[: max(1, lease_s // 10)]]
        self._due |= dict.fromkeys(taken, now + timedelta(seconds=lease_s))
        return [self.entries[identity] for identity in taken]

    async def done(self, notification_id: str) -> None:
        self.delivered.add(notification_id)
        self.entries.pop(notification_id, None)
        self._due.pop(notification_id, None)

    async def size(self) -> int:
        return len(self.entries)


class FakeIncidents:
    """An ``IncidentStore`` and ``VolumeStore`` in this process, over a ``FakeOutbox``."""

    def __init__(self, outbox: FakeOutbox) -> None:
        self._outbox = outbox
        self._flushes = self._promotions = 0
        self.lost = False
        self.flush()

    def flush(self) -> None:
        self.incidents: dict[str, Incident] = {}
        self.receipts: dict[str, Delivered] = {}
        self.messages: dict[str, Notification] = {}
        self.volumes: dict[Severity, Volume] = {}
        self.revision = 0
        self._marked = False
        self._flushes += 1

    def promote(self) -> None:
        """Another server takes the place of this one."""
        self._promotions += 1

    def _check(self) -> None:
        if self.lost:
            raise MemoryLost("told to be lost")

    async def load(self) -> Book:
        self._check()
        return Book(dict(self.incidents), dict(self.receipts), self.revision)

    async def commit(
        self,
        incident: Incident,
        *,
        expected: int | None,
        entry: OutboxEntry | None = None,
        anew: bool = False,
        revision: int | None = None,
    ) -> Kept:
        self._check()
        identity, known = incident.incident_id, self.incidents.get(incident.incident_id)
        if known != incident:
            if (None if known is None else known.version) != expected:
                return Kept.STALE
            if revision is not None and revision != self.revision:
                return Kept.STALE
            self.revision += 1
            self.incidents[identity] = incident
            if anew and identity in self.receipts:
                known_of = self.receipts[identity]
                self.receipts[identity] = replace(known_of, acknowledged_by=None, acknowledged_at=None)
        elif entry is not None and self.messages.get(identity) != entry.notification:
            return Kept.STALE
        if entry is None:
            return Kept.STORED
        if isinstance(entry.notification, Notification):
            self.messages[identity] = entry.notification
        if message_id(entry.notification) in self._outbox.delivered:
            return Kept.STALE
        return await self._outbox.put(entry)

    async def forget(self, incidents: Sequence[Incident]) -> None:
        self._check()
        for incident in incidents:
            known = self.incidents.get(incident.incident_id)
            if known is not None and known.version == incident.version:
                del self.incidents[incident.incident_id]
                self.messages.pop(incident.incident_id, None)
        if incidents:
            self.receipts = {name: known for name, known in self.receipts.items() if name in self.incidents}

    async def receive(self, receipt: Receipt) -> None:
        self._check()
        known = self.receipts.get(receipt.incident_id, UNDELIVERED)
        threads = {} if receipt.thread is None else {receipt.severity.value: receipt.thread}
        self.receipts[receipt.incident_id] = replace(
            known,
            told_at=receipt.at,
            paged_at=receipt.at if receipt.pages else known.paged_at,
            threads={**known.threads, **threads},
        )

    async def delivery_of(self, incident_id: str) -> Delivered:
        self._check()
        return self.receipts.get(incident_id, UNDELIVERED)

    async def acknowledge(self, incident_id: str, *, by: str, at: datetime) -> Acknowledgement | None:
        self._check()
        if incident_id not in self.incidents:
            return None
        known = self.receipts.get(incident_id, UNDELIVERED)
        if known.acknowledged_by is None or known.acknowledged_at is None:
            self.receipts[incident_id] = replace(known, acknowledged_by=by, acknowledged_at=at)
            return Acknowledgement(by, at, first=True)
        same = (known.acknowledged_by, known.acknowledged_at) == (by, at)
        return Acknowledgement(known.acknowledged_by, known.acknowledged_at, first=same)

    async def last_message(self, incident_id: str) -> Notification | None:
        self._check()
        return self.messages.get(incident_id)

    async def generation(self) -> str | None:
        self._check()
        return f"{self._flushes} {self._promotions}" if self._marked else None

    async def mark_generation(self) -> str:
        self._check()
        self._marked = True
        return f"{self._flushes} {self._promotions}"

    async def volume(self, severity: Severity) -> Volume | None:
        self._check()
        return self.volumes.get(severity)

    async def keep_volume(self, severity: Severity, volume: Volume) -> None:
        self._check()
        self.volumes[severity] = volume


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
