"""Batches on file: what a commit adds to them, and how one is written anew under other ids."""

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime

from o11y.adapters.spool.queue import BATCH_EVENTS, Batch, BatchQueue, from_ms, to_ms
from o11y.adapters.spool.rows import finish
from o11y.uuid7 import uuid7
from o11y.worker.ports import BatchKind

COLUMNS = ", ".join(field.name for field in fields(Batch))
_INSERT_BATCH = f"INSERT INTO batches ({COLUMNS}) VALUES ({', '.join('?' * len(fields(Batch)))})"
_INSERT_CHUNK = "INSERT INTO chunks (batch, events, crc32, rows) VALUES (?, ?, ?, ?)"
_GROW_BATCH = (
    "UPDATE batches SET events = events + ?, bytes = bytes + ?, oldest_event_time = min(oldest_event_time, ?) "
    "WHERE number = ?"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row on its way into a batch; ``time_ms`` is its event time."""

    time_ms: int
    bytes: bytes


@dataclass(frozen=True, slots=True)
class Addition:
    """Lines for one batch, which exists already when ``is_new`` is false."""

    batch: Batch
    is_new: bool
    lines: bytes
    events: int
    oldest_ms: int


def plan(queue: BatchQueue, kind: BatchKind, days: dict[str, list[Row]], *, now: datetime) -> list[Addition]:
    """Where rows go: first into the open batch of their day, then into new ones. Changes nothing."""
    added = [addition for day, rows in days.items() for addition in _plan_day(queue, kind, day, rows=rows, now=now)]
    new = [addition.batch for addition in added if addition.is_new]
    for batch, (number, position) in zip(new, queue.places(), strict=False):
        batch.number, batch.position = number, position
    return added


def _plan_day(queue: BatchQueue, kind: BatchKind, day: str, *, rows: list[Row], now: datetime) -> Iterator[Addition]:
    batch = queue.open_batch(kind, day)
    while rows:
        part = rows[: BATCH_EVENTS - batch.events if batch else BATCH_EVENTS]
        rows = rows[len(part) :]
        target = batch or _new_batch(kind, day, now)
        lines = finish([row.bytes for row in part], target.id)
        oldest_ms = min(row.time_ms for row in part)
        if batch is None:
            target.events, target.bytes, target.oldest_event_time = len(part), len(lines), oldest_ms
        yield Addition(target, batch is None, lines, len(part), oldest_ms)
        batch = None


def _new_batch(kind: BatchKind, day: str, now: datetime) -> Batch:
    """Empty and without a place yet; the time in its id is for people who read the file."""
    return Batch(0, uuid7(now).hex, kind, day, 0.0, 1.0, 0, 0, 0, to_ms(now))


def write(db: sqlite3.Connection, addition: Addition) -> None:
    """To the file."""
    batch, lines = addition.batch, addition.lines
    if addition.is_new:
        db.execute(_INSERT_BATCH, astuple(batch))
    else:
        db.execute(_GROW_BATCH, (addition.events, len(lines), addition.oldest_ms, batch.number))
    db.execute(_INSERT_CHUNK, (batch.number, addition.events, zlib.crc32(lines), lines))


def note(queue: BatchQueue, addition: Addition) -> None:
    """In memory, once it is committed."""
    if addition.is_new:
        queue.add(addition.batch, is_open=True)
        return
    queue.grow(
        addition.batch,
        events=addition.events,
        bytes_=len(addition.lines),
        oldest_event_time=addition.oldest_ms,
    )


def rewrite(
    db: sqlite3.Connection, old: Batch, rows: Sequence[bytes], *, number: int, position: float, width: float
) -> Batch:
    """Rows of ``old`` under a new id: their day, age and oldest event (a bound for each half) stay."""
    new_id = uuid7(from_ms(old.opened_at)).hex
    lines = finish(rows, new_id)
    new = Batch(
        number, new_id, old.kind, old.day, position, width, len(rows), len(lines), old.oldest_event_time, old.opened_at
    )
    db.execute(_INSERT_BATCH, astuple(new))
    db.execute(_INSERT_CHUNK, (new.number, new.events, zlib.crc32(lines), lines))
    return new


def delete(db: sqlite3.Connection, batch: Batch) -> None:
    db.execute("DELETE FROM chunks WHERE batch = ?", (batch.number,))
    db.execute("DELETE FROM batches WHERE number = ?", (batch.number,))
