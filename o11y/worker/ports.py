"""What the worker needs of the outside world. Adapters implement these; tests have one fake for each."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from o11y.alerting.alert import Alert
from o11y.alerting.claim import ClaimTerms, Verdict
from o11y.alerting.notification import Facts, Notice, Notification
from o11y.events import AcceptedEvent
from o11y.slo.counts import Counts
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Sli
from o11y.slo.windows import Severity

#: the present moment, time-zone aware UTC; only the composition root asks the real clock
Clock = Callable[[], datetime]


# ---------------------------------------------------------------- the spool: durable until shipped


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An accepted event on its way: ``row`` is its JSONEachRow object without the closing brace (see events.py)."""

    client: str
    event_id: UUID
    given_id: bool  # the gateway sent the id, so a repeat within the hour is dropped
    event_time: datetime
    row: bytes


class BatchKind(StrEnum):
    EVENTS = "events"  # -> api_events
    HISTORY = "history"  # -> alert_history


@dataclass(frozen=True, slots=True)
class SpoolBatch:
    """The unit of an insert. ``rows`` never change under one ``batch_id``, which is the deduplication token."""

    batch_id: str
    kind: BatchKind
    rows: bytes  # JSONEachRow lines, each carrying "spool_batch": batch_id
    events: int
    first_tried_at: datetime | None
    oldest: datetime  # oldest event time in the batch


@dataclass(frozen=True, slots=True)
class AsideBatch:
    """A batch that ClickHouse refused for its content, kept for a human."""

    batch_id: str
    kind: BatchKind
    events: int
    error: str
    set_aside_at: datetime


@dataclass(frozen=True, slots=True)
class SpoolDepth:
    events: int
    bytes: int
    oldest: datetime | None  # arrival of the oldest unshipped event
    oldest_event_time: datetime | None  # the shipper's watermark
    aside: int  # batches set aside


class SpoolFull(Exception):
    """The spool cannot take more: its size limit, or the disk. The door answers 503."""


class Spool(Protocol):
    """Synchronous and thread-safe; callers run it in threads. One process owns the file."""

    def append(self, events: Sequence[StoredEvent], *, now: datetime) -> int:
        """Commit with one fsync; returns how many were new (repeats of the last hour are dropped silently).

        Raises ``SpoolFull`` and then has stored nothing.
        """

    def append_history(self, rows: Sequence[bytes], *, now: datetime) -> None:
        """Commit rows of the alert history (JSONEachRow objects without the closing brace)."""

    def next_batch(self, *, now: datetime) -> SpoolBatch | None:
        """The oldest batch that is full or at least 1 s old, sealed; ``None`` when nothing is due."""

    def seal_all(self) -> None:
        """Make every open batch due, whatever its age (shutdown, replay)."""

    def mark_tried(self, batch_id: str, *, now: datetime) -> None: ...

    def shipped(self, batch_id: str) -> None: ...

    def split(self, batch_id: str) -> None:
        """Replace a batch of n > 1 rows by its two halves under new ids, in its place in the order."""

    def set_aside(self, batch_id: str, error: str, *, now: datetime) -> None: ...

    def aside(self) -> Sequence[AsideBatch]: ...

    def retry_aside(self, batch_id: str) -> bool:
        """Put it back in the queue under a new id; False when there is no such batch."""

    def depth(self) -> SpoolDepth: ...

    def check_writable(self) -> None:
        """Raises ``SpoolFull`` when an append would."""

    def close(self) -> None: ...


# ---------------------------------------------------------------- ClickHouse


class StoreError(Exception):
    """ClickHouse did not do it. ``content``: it refused the rows themselves, and has committed nothing."""

    def __init__(self, message: str, *, content: bool = False) -> None:
        super().__init__(message)
        self.content = content


class BatchState(StrEnum):
    ABSENT = "absent"
    COMPLETE = "complete"  # every row is in the raw table and in every rollup young enough to compare
    MIXED = "mixed"


class EventStore(Protocol):
    async def insert(self, batch: SpoolBatch) -> None:
        """Insert exactly once for a batch id, however often it is called. Raises ``StoreError``."""

    async def find(self, batch: SpoolBatch, *, now: datetime) -> BatchState: ...


class CountStore(Protocol):
    async def counts(
        self,
        slis: Collection[Sli],
        windows_s: Collection[int],
        *,
        until: datetime,
        only: Dimension | None = None,
    ) -> Counts:
        """Counts of [until - window, until) for every dimension with traffic, in one query.

        ``until`` is on the 10 s grain.

        ``only`` narrows it to one client x provider x model.
        """


class ColourStore(Protocol):
    async def colour(self, alert: Alert, *, until: datetime) -> Facts:
        """At most 2 s; raises ``StoreError``."""


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert that the history says was delivered."""

    key: str
    severity: Severity
    told_at: datetime


class HistoryStore(Protocol):
    async def told_since(self, since: datetime) -> Sequence[ToldAlert]: ...


# ---------------------------------------------------------------- Redis: what replicas agree on


class MemoryLost(Exception):
    """Redis does not answer. Pages go out all the same, from a memory of our own."""


class AlertMemory(Protocol):
    """Claims of alert keys. ``now_ms=None`` lets Redis use its own clock; tests and replay pass it."""

    async def claim(
        self, key: str, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int | None
    ) -> Verdict: ...

    async def queue(self, key: str, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int | None) -> None:
        """It waits in the outbox: claims answer QUEUED until it is confirmed or ``outbox_ms`` have passed."""

    async def confirm(self, key: str, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int | None) -> None:
        """Delivered: the cooldown starts."""

    async def restore(self, told: Sequence[ToldAlert], terms: Callable[[Severity], ClaimTerms]) -> None:
        """Write delivered alerts back after a flush; never overwrites anything newer."""

    async def has_generation(self) -> bool:
        """Whether the generation marker is there. False: new or flushed, restore before anything is sent."""

    async def mark_generation(self) -> None: ...


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    notification: Notification | Notice
    attempts: int
    due_at: datetime
    token: str  # of the claims it confirms


class Outbox(Protocol):
    """Notifications from claim to delivery, in Redis and mirrored in the local spool."""

    async def put(self, entry: OutboxEntry) -> None: ...

    async def take_due(self, *, now: datetime, lease_s: int) -> Sequence[OutboxEntry]:
        """Entries due, oldest first; leased, so that one replica alone sends each."""

    async def done(self, notification_id: str) -> None:
        """Delivered or given up: gone from both, and a mirror elsewhere that still has it will not send it."""

    async def size(self) -> int: ...


class TickLease(Protocol):
    async def acquire(self, minute: datetime, *, owner: str, lease_s: int) -> bool:
        """True when this owner evaluates the minute: nobody has finished it and nobody holds a live lease."""

    async def renew(self, minute: datetime, *, owner: str, lease_s: int) -> bool:
        """False when it was taken over."""

    async def finish(self, minute: datetime, *, owner: str) -> None: ...

    async def last_finished(self) -> datetime | None: ...


class Watermarks(Protocol):
    async def publish(self, replica: str, oldest_event_time: datetime | None, *, ttl_s: int) -> None:
        """None: this shipper has nothing unshipped."""

    async def oldest(self) -> datetime | None: ...


class MemoryStore(AlertMemory, TickLease, Watermarks, Protocol):
    """One Redis, all roles."""


# ---------------------------------------------------------------- receivers


class NotifyError(Exception):
    """Not delivered, as far as we know.

    ``permanent``: the receiver will never take this message. ``retry_after_s``: it asked to wait.
    ``maybe_delivered``: the answer was lost, so the next attempt may be a repeat.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after_s: float | None = None,
        maybe_delivered: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.maybe_delivered = maybe_delivered


class Notifier(Protocol):
    async def notify(self, notification: Notification | Notice) -> None:
        """Deliver within 10 s or raise ``NotifyError``."""


class EventSink(Protocol):
    """Best-effort copy of accepted events (PostHog): never blocks, never raises, drops and counts beyond its bound."""

    def capture(self, client: str, event: AcceptedEvent) -> None: ...

    async def close(self) -> None: ...


class NoSink:
    """PostHog is off."""

    def capture(self, client: str, event: AcceptedEvent) -> None:
        pass

    async def close(self) -> None:
        pass


class RecommendedModels(Protocol):
    async def ids(self, *, now: datetime) -> frozenset[str] | None:
        """Normalised model ids; None when there is no list at all (a page then stays a page)."""


class FolderTaken(Exception):
    """Another process owns the data folder."""
