"""Batches on file: what a commit adds to them, and how one is written anew under other ids."""

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from hashlib import blake2b

from o11y.adapters.spool.queue import BATCH_EVENTS, Batch, BatchQueue, from_ms, to_ms
from o11y.adapters.spool.rows import finish, parts
from o11y.uuid7 import uuid7
from o11y.worker.ports import BatchKind, StoredEvent

_DAY_MS = 86_400_000

COLUMNS = ", ".join(field.name for field in fields(Batch))
_INSERT_BATCH = f"INSERT INTO batches ({COLUMNS}) VALUES ({', '.join('?' * len(fields(Batch)))})"
_INSERT_CHUNK = "INSERT INTO chunks (batch, events, crc32, rows) VALUES (?, ?, ?, ?)"
_GROW_BATCH = (
    "UPDATE batches SET events = events + ?, bytes = bytes + ?, oldest_event_time = min(oldest_event_time, ?) "
    "WHERE number = ?"
)


@dataclass(frozen=True, slots=True)
class Rows:
    """On their way into batches, all of one UTC day; beside each the time of its event, in unix milliseconds."""

    rows: list[bytes]
    times_ms: list[int]


def by_day(events: Sequence[StoredEvent]) -> dict[str, Rows]:
    """Rows by the UTC day of their events, whose order they keep."""
    days: dict[int, Rows] = {}
    time, of_day = None, Rows([], [])
    for event in events:
        if event.event_time is not time:  # it is the same object for all events that bring no time of their own
            time = event.event_time
            ms = to_ms(time)
            of_day = days.setdefault(ms // _DAY_MS, Rows([], []))
        of_day.rows.append(event.row)
        of_day.times_ms.append(ms)
    return {from_ms(day * _DAY_MS).date().isoformat(): rows for day, rows in days.items()}


@dataclass(frozen=True, slots=True)
class Addition:
    """Lines for one batch, which exists already when ``is_new`` is false."""

    batch: Batch
    is_new: bool
    lines: bytes
    events: int
    oldest_ms: int


def plan(queue: BatchQueue, kind: BatchKind, days: dict[str, Rows], *, now: datetime) -> list[Addition]:
    """Where rows go: first into the open batch of their day, then into new ones. Changes nothing."""
    added = [addition for day, rows in days.items() for addition in _plan_day(queue, kind, day, rows=rows, now=now)]
    new = [addition.batch for addition in added if addition.is_new]
    for batch, (number, position) in zip(new, queue.places(), strict=False):
        batch.number, batch.position = number, position
    return added


def _plan_day(queue: BatchQueue, kind: BatchKind, day: str, *, rows: Rows, now: datetime) -> Iterator[Addition]:
    batch = queue.open_batch(kind, day)
    end = 0
    while end < len(rows.rows):
        start, end = end, end + BATCH_EVENTS - (batch.events if batch else 0)
        part = rows.rows[start:end]
        target = batch or _new_batch(kind, day, now)
        lines = finish(part, target.id)
        oldest_ms = min(rows.times_ms[start:end])
        if batch is None:
            target.events, target.bytes, target.oldest_event_time = len(part), len(lines), oldest_ms
        yield Addition(target, batch is None, lines, len(part), oldest_ms)
        batch = None


def _new_batch(kind: BatchKind, day: str, now: datetime) -> Batch:
    """Empty and without a place yet; the time in its id is for people who read the file."""
    return Batch(0, _batch_id(now), kind, day, 0.0, 1.0, 0, 0, 0, to_ms(now))


def _batch_id(now: datetime) -> str:
    return uuid7(now).replace("-", "")


def _derived_id(batch_id: str, rows: Sequence[bytes]) -> str:
    """The same for the same rows out of the same batch: a split that damage to the file has undone, and that is done
    again, makes the batches that may be in ClickHouse already. The time in front stays.
    """
    digest = blake2b(batch_id.encode(), digest_size=10)
    for row in rows:
        digest.update(row)
    return batch_id[:12] + digest.hexdigest()


def write(db: sqlite3.Connection, addition: Addition) -> None:
    """To the file."""
    batch, lines = addition.batch, addition.lines
    if addition.is_new:
        db.execute(_INSERT_BATCH, astuple(batch))
    else:
        db.execute(_GROW_BATCH, (addition.events, len(lines), addition.oldest_ms, batch.number))
    _write_chunks(db, batch, lines)


def _write_chunks(db: sqlite3.Connection, batch: Batch, lines: bytes) -> None:
    values = ((batch.number, part.count(b"\n"), zlib.crc32(part), part) for part in parts(lines))
    db.executemany(_INSERT_CHUNK, values)


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
    new_id = _derived_id(old.id, rows)
    lines = finish(rows, new_id)
    new = Batch(
        number, new_id, old.kind, old.day, position, width, len(rows), len(lines), old.oldest_event_time, old.opened_at
    )
    db.execute(_INSERT_BATCH, astuple(new))
    _write_chunks(db, new, lines)
    return new


def delete(db: sqlite3.Connection, batch: Batch) -> None:
    db.execute("DELETE FROM chunks WHERE batch = ?", (batch.number,))
    db.execute("DELETE FROM batches WHERE number = ?", (batch.number,))
