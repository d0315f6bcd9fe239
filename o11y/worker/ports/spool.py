"""The spool: durable until shipped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol


class StoredEvent(NamedTuple):
    """An accepted event on its way: ``row`` is its JSONEachRow object without the closing brace (see event_row.py).

    A tuple: one is made for every event, and a frozen dataclass takes four times as long to make.
    """

    client: str
    event_id: str  # a UUID in its canonical form
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
    held_bytes: int  # on file, batches set aside included: what the spool's limit is about


@dataclass(frozen=True, slots=True)
class SpoolLoss:
    """What damage to the spool's file has cost. Events that ClickHouse had taken are not in the file any more."""

    number: int
    at: datetime
    events: int
    history: int  # rows of the alert history
    maybe_shipped: int  # of both: had been sent to ClickHouse, and may be there
    exact: bool  # False: there may have been more, of which nothing is left
    carried: int  # events that were saved
    kept_as: str  # name of the damaged file, beside the new one
    reason: str
    told: bool


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

    def losses(self) -> Sequence[SpoolLoss]:
        """Oldest first; from memory."""

    def loss_told(self, number: int) -> None:
        """Somebody knows of it."""

    def check_writable(self) -> None:
        """Raises ``SpoolFull`` when an append would."""

    def close(self) -> None: ...


class FolderTaken(Exception):
    """Another process owns the data folder."""
