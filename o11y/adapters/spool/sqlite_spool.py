"""The spool in SQLite: write-ahead log, one fsync a commit, one writing connection and one that reads batches."""

import logging
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from o11y.adapters.spool import file, outbox_mirror
from o11y.adapters.spool.batch_rows import COLUMNS, Addition, Row, delete, note, plan, rewrite, write
from o11y.adapters.spool.errors import SpoolDamaged, SpoolUnusable
from o11y.adapters.spool.queue import Batch, BatchQueue, from_ms, to_ms
from o11y.adapters.spool.rows import open_again
from o11y.adapters.spool.seen import Seen
from o11y.worker.ports import AsideBatch, BatchKind, SpoolBatch, SpoolDepth, SpoolFull, StoredEvent

log = logging.getLogger(__name__)

#: bytes below the limit at which the spool no longer calls itself writable: a few events
_ROOM = 4096


class SqliteSpool:
    """Implements the port ``Spool``, and mirrors the outbox. Rows never change under one batch id.

    Errors of SQLite while writing are ``SpoolFull`` (nothing was stored), while reading ``SpoolUnusable``.
    """

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()  # the writing connection, the queue, the seen ids
        self._read_lock = threading.Lock()
        self._owner = file.lock(path)
        try:
            self._writer = file.connect(path)
            file.migrate(self._writer, path)
            self._reader = file.connect(path)
            self._seen = Seen(self._writer)
            self._queue = BatchQueue()
            for row in self._writer.execute(f"SELECT {COLUMNS} FROM batches"):
                batch = Batch(*row)
                batch.kind = BatchKind(batch.kind)
                self._queue.add(batch)
        except sqlite3.Error as error:
            os.close(self._owner)
            raise SpoolUnusable(f"{path} cannot be opened: {error}") from error
        except BaseException:
            os.close(self._owner)
            raise

    @classmethod
    def open(cls, path: Path | str, *, max_bytes: int = 4 * 1024**3) -> "SqliteSpool":
        """The spool in ``path``, made (mode 0600) where there is none. ``max_bytes`` bounds the rows in it.

        Raises ``SpoolUnusable`` for a file of a newer version, one in use, or one that is no spool.
        """
        return cls(Path(path), max_bytes=max_bytes)

    # ------------------------------------------------------------ in

    def append(self, events: Sequence[StoredEvent], *, now: datetime) -> int:
        """See the port ``Spool``."""
        with self._lock:
            if self._seen.due(to_ms(now)):
                with self._transaction() as db:
                    self._seen.rotate(db, to_ms(now))
                self._seen.rotated(to_ms(now))
            with self._transaction() as db:
                fresh = self._seen.fresh(db, events)
                days: dict[str, list[Row]] = {}
                for event in fresh:
                    row = Row(to_ms(event.event_time), event.row)
                    days.setdefault(event.event_time.date().isoformat(), []).append(row)
                added = self._add(db, BatchKind.EVENTS, days, now=now)
            self._added(added)
            return len(fresh)

    def append_history(self, rows: Sequence[bytes], *, now: datetime) -> None:
        """See the port ``Spool``."""
        if not rows:
            return
        days = {now.date().isoformat(): [Row(to_ms(now), row) for row in rows]}
        with self._lock:
            with self._transaction() as db:
                added = self._add(db, BatchKind.HISTORY, days, now=now)
            self._added(added)

    def check_writable(self) -> None:
        """See the port ``Spool``. Writes and syncs one page, so that a full or failing disk is noticed."""
        with self._lock:
            if self._queue.bytes + _ROOM > self._max_bytes:
                raise self._full()
            with self._transaction() as db:
                db.execute("UPDATE generation SET current = current")

    def _add(
        self, db: sqlite3.Connection, kind: BatchKind, days: dict[str, list[Row]], *, now: datetime
    ) -> list[Addition]:
        added = plan(self._queue, kind, days, now=now)
        if self._queue.bytes + sum(len(addition.lines) for addition in added) > self._max_bytes:
            raise self._full()
        for addition in added:
            write(db, addition)
        return added

    def _added(self, added: list[Addition]) -> None:
        for addition in added:
            note(self._queue, addition)

    def _full(self) -> SpoolFull:
        return SpoolFull(f"the spool holds {self._queue.bytes} of at most {self._max_bytes} bytes")

    # ------------------------------------------------------------ out

    def next_batch(self, *, now: datetime) -> SpoolBatch | None:
        """See the port ``Spool``. A damaged batch is set aside with the reason, and the next one is returned."""
        while True:
            with self._lock:
                batch = self._queue.first_due(to_ms(now))
                if batch is None:
                    return None
                self._queue.seal(batch)
            try:
                rows = self._read(batch)
            except SpoolDamaged as error:
                log.error("spool batch damaged", extra={"batch_id": batch.id, "reason": str(error)})
                self.set_aside(batch.id, f"damaged on disk: {error}", now=now)
                continue
            tried = batch.first_tried_at
            return SpoolBatch(
                batch_id=batch.id,
                kind=batch.kind,
                rows=rows,
                events=batch.events,
                first_tried_at=None if tried is None else from_ms(tried),
                oldest=from_ms(batch.oldest_event_time),
            )

    def seal_all(self) -> None:
        """See the port ``Spool``."""
        with self._lock:
            self._queue.seal_all()

    def mark_tried(self, batch_id: str, *, now: datetime) -> None:
        """Note the first attempt; later ones change nothing."""
        with self._lock:
            batch = self._queue.waiting(batch_id)
            if batch is None or batch.first_tried_at is not None:
                return
            with self._transaction() as db:
                db.execute("UPDATE batches SET first_tried_at = ? WHERE number = ?", (to_ms(now), batch.number))
            batch.first_tried_at = to_ms(now)

    def shipped(self, batch_id: str) -> None:
        """It is in ClickHouse. An unknown id is one that was shipped before."""
        with self._lock:
            batch = self._queue.waiting(batch_id)
            if batch is None:
                return
            with self._transaction() as db:
                delete(db, batch)
            self._queue.remove(batch)

    def split(self, batch_id: str) -> None:
        """See the port ``Spool``. ``LookupError`` for an unknown batch, ``ValueError`` for one of a single row."""
        with self._lock:
            batch = self._queue.waiting(batch_id)
            if batch is None:
                raise LookupError(f"no batch {batch_id} waits in the spool")
            if batch.events < 2:
                raise ValueError(f"batch {batch_id} has one row and cannot be split")
            rows = open_again(self._read(batch), batch.id)
            middle, half = len(rows) // 2, batch.width / 2
            with self._transaction() as db:
                number = next(self._queue.places())[0]
                first = rewrite(db, batch, rows[:middle], number=number, position=batch.position, width=half)
                second = rewrite(
                    db, batch, rows[middle:], number=number + 1, position=batch.position + half, width=half
                )
                delete(db, batch)
            self._replace(batch, first, second)

    def set_aside(self, batch_id: str, error: str, *, now: datetime) -> None:
        """See the port ``Spool``. ``LookupError`` for an unknown batch."""
        with self._lock:
            batch = self._queue.waiting(batch_id)
            if batch is None:
                raise LookupError(f"no batch {batch_id} waits in the spool")
            with self._transaction() as db:
                db.execute(
                    "UPDATE batches SET set_aside_at = ?, error = ? WHERE number = ?",
                    (to_ms(now), error, batch.number),
                )
            self._queue.remove(batch)
            batch.set_aside_at, batch.error = to_ms(now), error
            self._queue.add(batch)

    def aside(self) -> Sequence[AsideBatch]:
        """See the port ``Spool``; oldest first."""
        with self._lock:
            return [
                AsideBatch(batch.id, batch.kind, batch.events, batch.error or "", from_ms(batch.set_aside_at or 0))
                for batch in self._queue.all_aside()
            ]

    def retry_aside(self, batch_id: str) -> bool:
        """See the port ``Spool``. Raises ``SpoolDamaged`` for rows that are not what was written."""
        with self._lock:
            batch = self._queue.aside(batch_id)
            if batch is None:
                return False
            rows = open_again(self._read(batch), batch.id)
            with self._transaction() as db:
                number, position = next(self._queue.places())
                again = rewrite(db, batch, rows, number=number, position=position, width=1.0)
                delete(db, batch)
            self._replace(batch, again)
            return True

    def depth(self) -> SpoolDepth:
        """See the port ``Spool``. From memory."""
        with self._lock:
            return self._queue.depth()

    # ------------------------------------------------------------ the outbox's mirror

    def outbox_put(self, entry_id: str, payload: str) -> None:
        """Write or replace an entry, durably. Raises ``SpoolFull``."""
        with self._lock, self._transaction() as db:
            outbox_mirror.put(db, entry_id, payload)

    def outbox_remove(self, entry_id: str) -> None:
        with self._lock, self._transaction() as db:
            outbox_mirror.remove(db, entry_id)

    def outbox_all(self) -> list[tuple[str, str]]:
        """Ids and payloads, in the order written."""
        with self._lock:
            return outbox_mirror.entries(self._writer)

    def close(self) -> None:
        """Give the file up; twice is as good as once."""
        with self._lock, self._read_lock:
            if self._owner < 0:
                return
            self._reader.close()
            self._writer.close()
            os.close(self._owner)
            self._owner = -1

    # ------------------------------------------------------------ inside

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; the queue is changed after it, so that memory and file agree when it fails."""
        db = self._writer
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except BaseException as error:
            if self._owner >= 0 and db.in_transaction:
                db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise SpoolFull(f"the spool cannot write: {error}") from error
            raise

    def _read(self, batch: Batch) -> bytes:
        """The lines of a sealed batch, checked. On its own connection, so that appends go on meanwhile."""
        try:
            with self._read_lock:
                query = "SELECT events, crc32, rows FROM chunks WHERE batch = ? ORDER BY rowid"
                chunks = self._reader.execute(query, (batch.number,)).fetchall()
        except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
            raise SpoolUnusable(f"the spool cannot be read: {error}") from error
        except sqlite3.DatabaseError as error:
            raise SpoolDamaged(str(error)) from error
        for number, (_, crc32, rows) in enumerate(chunks):
            if zlib.crc32(rows) != crc32:
                raise SpoolDamaged(f"checksum of part {number + 1} of {len(chunks)} is wrong")
        if sum(events for events, _, _ in chunks) != batch.events:
            raise SpoolDamaged(f"{sum(events for events, _, _ in chunks)} of {batch.events} rows are there")
        return b"".join(rows for _, _, rows in chunks)

    def _replace(self, old: Batch, *new: Batch) -> None:
        self._queue.remove(old)
        for batch in new:
            self._queue.add(batch)
