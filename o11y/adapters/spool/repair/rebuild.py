"""A new file in the place of a damaged one, with all that is certainly as it was written.

A batch keeps its id, which is what protects it: if it went to ClickHouse before, its deduplication token is known
there, and whatever is left of it is dropped as the repeat that it is. A batch of which a part is missing and that may
have been tried is looked up before it is inserted, as if it were very old: all there, nothing is inserted; nothing
there, what is left is inserted; anything else is set aside for a human. Ids that gateways gave have no checksum: one
that is damaged is a repeat that is not recognised.
"""

import json
import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from o11y.adapters.spool import file
from o11y.adapters.spool.batch_rows import COLUMNS
from o11y.adapters.spool.queue import Batch, to_ms
from o11y.adapters.spool.repair.losses import Loss
from o11y.adapters.spool.repair.salvage import Chunk, Scan, chunks
from o11y.adapters.spool.repair.soundness import batch_of
from o11y.adapters.spool.repair.tally import Count
from o11y.worker.ports import BatchKind

#: "first tried" so long ago that a look comes before an insert
_LOOK_FIRST = 0
_INSERT_BATCH = f"INSERT INTO batches ({COLUMNS}) VALUES ({', '.join('?' * len(COLUMNS.split(',')))})"
_INSERT_CHUNK = "INSERT OR IGNORE INTO chunks (rowid, batch, events, crc32, rows) VALUES (?, ?, ?, ?, ?)"


@dataclass(slots=True)
class _Found:
    """What the chunks say of a batch."""

    number: int
    events: int = 0
    size: int = 0  # bytes
    first_line: bytes = b""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """``held`` and ``maybe_shipped`` are by the rows of the batches; ``is_exact`` when all of those were read."""

    carried: Count
    held: Count
    maybe_shipped: int
    is_exact: bool

    def loss(self, expected: Count | None, *, reason: str, kept_as: str, now: datetime) -> Loss:
        """By the tally where it counts, else by the rows of the batches."""
        held = expected or self.held
        events = max(0, held.events - self.carried.events)
        history = max(0, held.history - self.carried.history)
        return Loss(
            to_ms(now),
            events,
            history,
            min(self.maybe_shipped, events + history),
            int(self.is_exact or expected is not None),
            self.carried.events,
            kept_as,
            reason,
        )


def rebuild(source: sqlite3.Connection, target: Path) -> Rebuilt:
    """Fill the new file ``target`` from what ``source`` still says. Errors of ``source`` are what is not carried over,
    those of ``target`` (a full disk) are raised."""
    new = file.connect(target)
    try:
        file.migrate(new, target)
        new.execute(
            "PRAGMA journal_mode = OFF"
        )  # half a new file is thrown away; a log of it would need its room twice
        new.execute("BEGIN")
        rebuilt = _fill(source, new)
        new.execute("COMMIT")
    finally:
        new.close()
    return rebuilt


def _fill(source: sqlite3.Connection, new: sqlite3.Connection) -> Rebuilt:
    scan = Scan(source, "batches", COLUMNS)
    known = {batch.id: batch for batch in (batch_of(row[1:]) for row in scan) if batch is not None}
    found = _chunks(source, new)
    for batch_id, of_batch in found.items():
        whole = _as_left(batch_id, known.get(batch_id), of_batch)
        new.execute(_INSERT_BATCH, astuple(whole))
    _copy_the_rest(source, new)
    carried, held, maybe_shipped = Count(), Count(), 0
    for batch in known.values():
        lost = max(0, batch.events - (found[batch.id].events if batch.id in found else 0))
        held = held.plus(batch.kind, batch.events)
        maybe_shipped += lost if batch.first_tried_at is not None else 0
    for kind, events in new.execute("SELECT kind, sum(events) FROM batches GROUP BY kind"):
        carried = carried.plus(BatchKind(kind), events)
    return Rebuilt(carried, held, maybe_shipped, scan.complete and known.keys() >= found.keys())


def _chunks(source: sqlite3.Connection, new: sqlite3.Connection) -> dict[str, _Found]:
    """Carry them over; a place that a damaged tree shows twice counts once."""
    found: dict[str, _Found] = {}
    for chunk in chunks(Scan(source, "chunks", "crc32, rows")):
        batch = found.setdefault(chunk.batch_id, _Found(len(found) + 1))
        values = (chunk.place, batch.number, chunk.events, zlib.crc32(chunk.rows), chunk.rows)
        if new.execute(_INSERT_CHUNK, values).rowcount:
            _count(batch, chunk)
    return found


def _count(batch: _Found, chunk: Chunk) -> None:
    batch.events += chunk.events
    batch.size += len(chunk.rows)
    if not batch.first_line:
        batch.first_line = chunk.rows.partition(b"\n")[0]


def _as_left(batch_id: str, batch: Batch | None, found: _Found) -> Batch:
    if batch is None:
        batch = _from_rows(batch_id, found)
    elif batch.events != found.events and batch.first_tried_at is not None:
        batch = replace(batch, first_tried_at=_LOOK_FIRST)
    return replace(batch, number=found.number, events=found.events, bytes=found.size)


def _from_rows(batch_id: str, found: _Found) -> Batch:
    """A batch whose own row is gone, from its id (which has the time it was opened) and its first line."""
    opened_ms = UUID(batch_id).int >> 80
    row = json.loads(found.first_line)
    kind = BatchKind.HISTORY if "at" in row and "event_time" not in row else BatchKind.EVENTS
    time = datetime.fromisoformat(row["event_time"]) if "event_time" in row else None
    oldest_ms = opened_ms if time is None else to_ms(time.astimezone(UTC))
    day = datetime.fromtimestamp(oldest_ms / 1000, UTC).date().isoformat()
    return Batch(
        found.number,
        batch_id,
        kind,
        day,
        float(found.number),
        1.0,
        found.events,
        found.size,
        oldest_ms,
        opened_ms,
        first_tried_at=_LOOK_FIRST,
    )


def _copy_the_rest(source: sqlite3.Connection, new: sqlite3.Connection) -> None:
    for seen in ("seen_0", "seen_1"):
        ids = (row[:1] for row in Scan(source, seen, "id", key="id") if isinstance(row[0], bytes))
        new.executemany(f"INSERT OR IGNORE INTO {seen} VALUES (?)", ids)
    for _, current, started_at in Scan(source, "generation", "current, started_at"):
        if current in (0, 1) and isinstance(started_at, int):
            new.execute("UPDATE generation SET current = ?, started_at = ?", (current, started_at))
    for row in Scan(source, "outbox", "id, payload, crc32"):
        if _is_entry(row[1:]):
            new.execute("INSERT OR IGNORE INTO outbox (rowid, id, payload, crc32) VALUES (?, ?, ?, ?)", row)
    columns = ", ".join(name for _, name, *_ in new.execute("PRAGMA table_info(losses)") if name != "number")
    marks = ", ".join("?" * (columns.count(",") + 2))
    for row in Scan(source, "losses", columns):
        try:
            new.execute(f"INSERT OR IGNORE INTO losses (number, {columns}) VALUES ({marks})", row)
        except sqlite3.IntegrityError:  # a column that must not be empty is: the record is damaged
            continue


def _is_entry(row: Sequence[object]) -> bool:
    """Of version 1 there is no checksum: what parses is believed, since a page that is lost is worse."""
    entry_id, payload, crc32 = row
    if not isinstance(entry_id, str) or not isinstance(payload, str):
        return False
    if crc32 is not None:
        return zlib.crc32(payload.encode()) == crc32
    try:
        json.loads(payload)
    except ValueError:
        return False
    return True
