"""The batches of the spool in memory, in their order. What the file says of them, and which are open."""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from o11y.worker.ports import AsideBatch, BatchKind, SpoolDepth

#: events of a batch at most; an insert writes a row a dimension into every rollup, so a big one costs less an event,
#: and more memory: twice as many took the embedded worker from 0.5 to 0.7 GB
BATCH_EVENTS = 20_000
#: a batch that has so many bytes of rows takes no more
BATCH_BYTES = 12 * 1024 * 1024
#: a batch that is not full is due after this
BATCH_AGE_MS = 2_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(time: datetime) -> int:
    return (time - _EPOCH) // _MS


def from_ms(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


@dataclass(slots=True)
class Batch:
    """One row of the table ``batches``, with the same names."""

    number: int
    id: str
    kind: BatchKind
    day: str
    position: float
    width: float
    events: int
    bytes: int
    oldest_event_time: int
    opened_at: int
    first_tried_at: int | None = None
    set_aside_at: int | None = None
    error: str | None = None

    @property
    def full(self) -> bool:
        return self.events >= BATCH_EVENTS or self.bytes >= BATCH_BYTES


def aside_batch(batch: Batch) -> AsideBatch:
    """As the port shows it."""
    return AsideBatch(batch.id, batch.kind, batch.events, batch.error or "", from_ms(batch.set_aside_at or 0))


class BatchQueue:
    """Changed only after the transaction that changed the file: the two never disagree."""

    def __init__(self) -> None:
        self._waiting: dict[str, Batch] = {}
        self._order: list[tuple[float, str]] = []
        self._open: dict[tuple[BatchKind, str], Batch] = {}
        self._aside: dict[str, Batch] = {}
        self._next_number = 1
        self._next_position = 1.0
        self.bytes = 0  # on file, batches set aside included

    def add(self, batch: Batch, *, is_open: bool = False) -> None:
        self._next_number = max(self._next_number, batch.number + 1)
        self._next_position = max(self._next_position, batch.position // 1 + 1)
        self.bytes += batch.bytes
        if batch.set_aside_at is not None:
            self._aside[batch.id] = batch
            return
        self._waiting[batch.id] = batch
        insort(self._order, (batch.position, batch.id))
        if is_open and not batch.full:
            self._open[batch.kind, batch.day] = batch

    def grow(self, batch: Batch, *, events: int, bytes_: int, oldest_event_time: int) -> None:
        batch.events += events
        batch.bytes += bytes_
        batch.oldest_event_time = min(batch.oldest_event_time, oldest_event_time)
        self.bytes += bytes_
        if batch.full:
            self.seal(batch)

    def shrink(self, batch: Batch, *, events: int, bytes_: int) -> None:
        """So much of it has left the file; all of it, and the batch is gone."""
        batch.events -= events
        batch.bytes -= bytes_
        self.bytes -= bytes_
        if batch.events == 0:
            self.remove(batch)

    def replace(self, old: Batch, *new: Batch) -> None:
        self.remove(old)
        for batch in new:
            self.add(batch)

    def seal(self, batch: Batch) -> None:
        if self._open.get((batch.kind, batch.day)) is batch:
            del self._open[batch.kind, batch.day]

    def seal_all(self) -> None:
        self._open.clear()

    def remove(self, batch: Batch) -> None:
        self.seal(batch)
        self.bytes -= batch.bytes
        if self._aside.pop(batch.id, None) is None:
            del self._waiting[batch.id]
            self._order.remove((batch.position, batch.id))

    def open_batch(self, kind: BatchKind, day: str) -> Batch | None:
        return self._open.get((kind, day))

    def places(self) -> Iterator[tuple[int, float]]:
        """Numbers and positions for new batches at the end."""
        number, position = self._next_number, self._next_position
        while True:
            yield number, position
            number, position = number + 1, position + 1

    def waiting(self, batch_id: str) -> Batch | None:
        return self._waiting.get(batch_id)

    def named(self, batch_id: str) -> Batch:
        """A waiting one; ``LookupError`` where there is none of this id."""
        batch = self.waiting(batch_id)
        if batch is None:
            raise LookupError(f"no batch {batch_id} waits in the spool")
        return batch

    def aside(self, batch_id: str) -> Batch | None:
        return self._aside.get(batch_id)

    def all_aside(self) -> list[Batch]:
        return sorted(self._aside.values(), key=lambda batch: (batch.set_aside_at or 0, batch.number))

    def first_due(self, now_ms: int) -> Batch | None:
        for _, batch_id in self._order:
            batch = self._waiting[batch_id]
            is_open = self._open.get((batch.kind, batch.day)) is batch
            young = 0 <= now_ms - batch.opened_at < BATCH_AGE_MS  # the clock may have stepped back since
            if not is_open or not young:
                return batch
        return None

    def depth(self) -> SpoolDepth:
        """Of what waits to be shipped; rows of the alert history count in bytes and age only."""
        batches = self._waiting.values()
        events = [batch for batch in batches if batch.kind is BatchKind.EVENTS]
        opened = min((batch.opened_at for batch in batches), default=None)
        oldest = min((batch.oldest_event_time for batch in events), default=None)
        return SpoolDepth(
            events=sum(batch.events for batch in events),
            bytes=sum(batch.bytes for batch in batches),
            oldest=None if opened is None else from_ms(opened),
            oldest_event_time=None if oldest is None else from_ms(oldest),
            aside=len(self._aside),
            held_bytes=self.bytes,
        )
