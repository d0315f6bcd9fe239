"""A spool in memory. The contract suite runs against it and against the real one."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from o11y.worker.ports import AsideBatch, BatchKind, SpoolBatch, SpoolDepth, SpoolFull, SpoolLoss, StoredEvent

BATCH_EVENTS = 20_000


@dataclass
class _Batch:
    kind: BatchKind
    day: object
    opened_at: datetime
    batch_id: str = field(default_factory=lambda: uuid4().hex)
    rows: list[bytes] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    is_open: bool = True
    first_tried_at: datetime | None = None

    def lines(self) -> bytes:
        end = b',"spool_batch":"' + self.batch_id.encode() + b'"}\n'
        return b"".join(row + end for row in self.rows)


class FakeSpool:
    """``fail`` is raised by the next appends; ``gate`` holds them until it is set."""

    def __init__(self, *, max_bytes: int = 4 * 1024**3) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._batches: list[_Batch] = []
        self._aside: dict[str, tuple[_Batch, AsideBatch]] = {}
        self._seen: dict[tuple[str, UUID], datetime] = {}
        self.commits: list[int] = []
        self.fail: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.closed = False
        self.lost: list[SpoolLoss] = []

    def append(self, events: Sequence[StoredEvent], *, now: datetime) -> int:
        self.entered.set()
        self.gate.wait(20)
        with self._lock:
            if self.fail is not None:
                raise self.fail
            fresh: list[StoredEvent] = []
            new: set[tuple[str, UUID]] = set()
            for event in events:
                key = (event.client, event.event_id)
                last = self._seen.get(key)
                if event.given_id and (key in new or (last is not None and now - last < timedelta(hours=1))):
                    continue
                new.add(key)
                fresh.append(event)
            self._check_room(sum(len(event.row) + 52 for event in fresh))
            self._seen.update((key, now) for key in new)
            for event in fresh:
                self._add(BatchKind.EVENTS, event.event_time.date(), event.row, event.event_time, now)
            self.commits.append(len(events))
            return len(fresh)

    def append_history(self, rows: Sequence[bytes], *, now: datetime) -> None:
        with self._lock:
            self._check_room(sum(map(len, rows)))
            for row in rows:
                self._add(BatchKind.HISTORY, now.date(), row, now, now)

    def _check_room(self, size: int) -> None:
        held = [*self._batches, *(batch for batch, _ in self._aside.values())]
        if sum(len(batch.lines()) for batch in held) + size > self._max_bytes:
            raise SpoolFull("the fake spool is full")

    def _add(self, kind: BatchKind, day: object, row: bytes, time: datetime, now: datetime) -> None:
        batch = next((b for b in self._batches if b.is_open and (b.kind, b.day) == (kind, day)), None)
        if batch is None:
            batch = _Batch(kind, day, now)
            self._batches.append(batch)
        batch.rows.append(row)
        batch.times.append(time)
        batch.is_open = len(batch.rows) < BATCH_EVENTS

    def next_batch(self, *, now: datetime) -> SpoolBatch | None:
        with self._lock:
            for batch in self._batches:
                if not batch.is_open or not timedelta() <= now - batch.opened_at < timedelta(seconds=2):
                    batch.is_open = False
                    return SpoolBatch(
                        batch.batch_id,
                        batch.kind,
                        batch.lines(),
                        len(batch.rows),
                        batch.first_tried_at,
                        min(batch.times),
                    )
            return None

    def seal_all(self) -> None:
        with self._lock:
            for batch in self._batches:
                batch.is_open = False

    def _find(self, batch_id: str) -> _Batch | None:
        return next((batch for batch in self._batches if batch.batch_id == batch_id), None)

    def mark_tried(self, batch_id: str, *, now: datetime) -> None:
        if batch := self._find(batch_id):
            batch.first_tried_at = batch.first_tried_at or now

    def shipped(self, batch_id: str) -> None:
        if batch := self._find(batch_id):
            self._batches.remove(batch)

    def split(self, batch_id: str) -> None:
        batch = self._find(batch_id)
        if batch is None:
            raise LookupError(batch_id)
        if len(batch.rows) < 2:
            raise ValueError(batch_id)
        at, middle = self._batches.index(batch), len(batch.rows) // 2
        self._batches[at : at + 1] = [
            _Batch(
                batch.kind, batch.day, batch.opened_at, rows=batch.rows[part], times=batch.times[part], is_open=False
            )
            for part in (slice(None, middle), slice(middle, None))
        ]

    def set_aside(self, batch_id: str, error: str, *, now: datetime) -> None:
        batch = self._find(batch_id)
        if batch is None:
            raise LookupError(batch_id)
        self._batches.remove(batch)
        self._aside[batch_id] = (batch, AsideBatch(batch_id, batch.kind, len(batch.rows), error, now))

    def aside(self) -> Sequence[AsideBatch]:
        return [shown for _, shown in self._aside.values()]

    def retry_aside(self, batch_id: str) -> bool:
        if batch_id not in self._aside:
            return False
        batch, _ = self._aside.pop(batch_id)
        self._batches.append(replace(batch, batch_id=uuid4().hex, first_tried_at=None))
        return True

    def depth(self) -> SpoolDepth:
        with self._lock:
            events = [batch for batch in self._batches if batch.kind is BatchKind.EVENTS]
            held = [*self._batches, *(batch for batch, _ in self._aside.values())]
            return SpoolDepth(
                events=sum(len(batch.rows) for batch in events),
                bytes=sum(len(batch.lines()) for batch in self._batches),
                oldest=min((batch.opened_at for batch in self._batches), default=None),
                oldest_event_time=min((time for batch in events for time in batch.times), default=None),
                aside=len(self._aside),
                held_bytes=sum(len(batch.lines()) for batch in held),
            )

    def losses(self) -> Sequence[SpoolLoss]:
        return list(self.lost)

    def loss_told(self, number: int) -> None:
        self.lost = [replace(loss, told=loss.told or loss.number == number) for loss in self.lost]

    def check_writable(self) -> None:
        if self.fail is not None:
            raise SpoolFull(str(self.fail))
        self._check_room(4096)

    def close(self) -> None:
        self.closed = True
