"""The spool in SQLite: write-ahead log, one fsync a commit, one writing connection and one that reads batches."""

import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from o11y.adapters.spool import file, outbox_mirror
from o11y.adapters.spool.batch_rows import Addition, Rows, by_day, delete, note, plan, rewrite, write
from o11y.adapters.spool.errors import SpoolDamaged
from o11y.adapters.spool.lines import read_lines
from o11y.adapters.spool.queue import Batch, aside_batch, from_ms, to_ms
from o11y.adapters.spool.removal import remove_part
from o11y.adapters.spool.repair import losses
from o11y.adapters.spool.repair.opening import OpenFile, open_sound, reopen
from o11y.adapters.spool.repair.tally import Tally
from o11y.adapters.spool.rows import open_again
from o11y.adapters.spool.transaction import transaction
from o11y.worker.ports import AsideBatch, BatchKind, SpoolBatch, SpoolDepth, SpoolFull, SpoolLoss, StoredEvent

#: bytes below the limit at which the spool no longer calls itself writable: a few events
_ROOM = 4096
#: between two parts of a batch that is removed
_TURN_S = 0.001


class SqliteSpool:
    """Implements the port ``Spool``, and mirrors the outbox. Rows never change under one batch id.

    Errors of SQLite while writing are ``SpoolFull`` (nothing was stored), while reading ``SpoolUnusable``.
    """

    def __init__(self, path: Path, *, max_bytes: int, now: datetime) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()  # the writing connection, the queue, the seen ids
        self._read_lock = threading.Lock()
        self._damage: str | None = None  # found while writing; the file is replaced at the next batch
        self._owner = file.lock(path)
        try:
            self._tally = Tally(path.with_name(f"{path.name}.tally"))
            try:
                self._use(open_sound(path, self._tally, now=now))
            except BaseException:
                self._tally.abandon()
                raise
        except BaseException:
            os.close(self._owner)
            raise

    @classmethod
    def open(cls, path: Path | str, *, max_bytes: int = 4 * 1024**3, now: datetime | None = None) -> "SqliteSpool":
        """The spool in ``path``, made (mode 0600) where there is none. ``max_bytes`` bounds the rows in it.

        A damaged file is replaced by what could be saved of it (see ``losses``), and takes the name of that moment
        (without ``now``: of its last change).
        Raises ``SpoolUnusable`` for a file of a newer version, one in use, or another program's.
        """
        path = Path(path)
        if now is None:
            now = datetime.fromtimestamp(path.stat().st_mtime if path.exists() else 0, UTC)
        return cls(path, max_bytes=max_bytes, now=now)

    def _use(self, opened: OpenFile) -> None:
        self._open, self._queue, self._seen = opened, opened.queue, opened.seen
        self._writer, self._reader = opened.writer, opened.reader
        self._tally.set(opened.count)

    def append(self, events: Sequence[StoredEvent], *, now: datetime) -> int:
        """See the port ``Spool``."""
        with self._lock:
            self._repair(now)
            if self._seen.due(to_ms(now)):
                with self._transaction() as db:
                    self._seen.rotate(db, to_ms(now))
                self._seen.rotated(to_ms(now))
            with self._transaction() as db:
                fresh = self._seen.fresh(db, events)
                added = self._add(db, BatchKind.EVENTS, by_day(fresh), now=now)
            self._added(added)
            return len(fresh)

    def append_history(self, rows: Sequence[bytes], *, now: datetime) -> None:
        """See the port ``Spool``."""
        if not rows:
            return
        days = {now.date().isoformat(): Rows(list(rows), [to_ms(now)] * len(rows))}
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

    def _add(self, db: sqlite3.Connection, kind: BatchKind, days: dict[str, Rows], *, now: datetime) -> list[Addition]:
        added = plan(self._queue, kind, days, now=now)
        if self._queue.bytes + sum(len(addition.lines) for addition in added) > self._max_bytes:
            raise self._full()
        for addition in added:
            write(db, addition)
        return added

    def _added(self, added: list[Addition]) -> None:
        for addition in added:
            note(self._queue, addition)
            self._tally.add(addition.batch.kind, addition.events)

    def _full(self) -> SpoolFull:
        return SpoolFull(f"the spool holds {self._queue.bytes} of at most {self._max_bytes} bytes")

    def next_batch(self, *, now: datetime) -> SpoolBatch | None:
        """See the port ``Spool``. A file that is damaged is replaced first, by what could be saved of it.

        Where there is no room for that, the damaged batch is set aside. ``SpoolUnusable``: nothing can be read.
        """
        while True:
            with self._lock:
                self._repair(now)
                batch = self._queue.first_due(to_ms(now))
                if batch is None:
                    return None
                self._queue.seal(batch)
            try:
                rows = self._read(batch)
            except SpoolDamaged as error:
                with self._lock:
                    self._repair(now)
                if self._open.unrepaired is not None:
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
        """It is in ClickHouse. An unknown id is one that was shipped before.

        Its rows go a part at a time, and between two of them the doors have their turn. A kill in between leaves the
        rest under the same id, which ClickHouse knows.
        """
        while self._remove_part(batch_id):
            time.sleep(_TURN_S)  # a lock is not handed on in turn: taken again at once, nobody else would have it

    def _remove_part(self, batch_id: str) -> bool:
        """True: there is more of it."""
        with self._lock:
            batch = self._queue.waiting(batch_id)
            if batch is None:
                return False
            part = remove_part(batch, self._tally, self._transaction)
            self._queue.shrink(batch, events=part.events, bytes_=part.bytes)
            return not part.is_all

    def split(self, batch_id: str) -> None:
        """See the port ``Spool``. ``LookupError`` for an unknown batch, ``ValueError`` for one of a single row."""
        with self._lock:
            batch = self._queue.named(batch_id)
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
            self._queue.replace(batch, first, second)

    def set_aside(self, batch_id: str, error: str, *, now: datetime) -> None:
        """See the port ``Spool``. ``LookupError`` for an unknown batch."""
        with self._lock:
            batch = self._queue.named(batch_id)
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
            return [aside_batch(batch) for batch in self._queue.all_aside()]

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
            self._queue.replace(batch, again)
            return True

    def depth(self) -> SpoolDepth:
        """See the port ``Spool``. From memory."""
        with self._lock:
            return self._queue.depth()

    def losses(self) -> Sequence[SpoolLoss]:
        """See the port ``Spool``."""
        with self._lock:
            return tuple(self._open.losses)

    def loss_told(self, number: int) -> None:
        """See the port ``Spool``."""
        with self._lock:
            with self._transaction() as db:
                losses.told(db, number)
            self._open.losses = losses.recorded(self._writer)

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
            if self._owner >= 0:
                self._open.close()
                self._tally.close()
                os.close(self._owner)
                self._owner = -1

    def _repair(self, now: datetime) -> None:
        """Under the lock. What is asked of the spool meanwhile waits."""
        if self._damage is None or self._owner < 0:
            return
        with self._read_lock:
            self._use(reopen(self._open, self._path, self._tally, reason=self._damage, now=now))
        self._damage = None

    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """The queue is changed after it, so that memory and file agree when it fails."""
        return transaction(self._writer, on_damage=self._damaged)

    def _damaged(self, reason: str) -> None:
        self._damage = reason

    def _read(self, batch: Batch) -> bytes:
        """On a connection of its own, so that appends go on meanwhile."""
        try:
            with self._read_lock:
                return read_lines(self._reader, batch)
        except SpoolDamaged as error:
            self._damaged(f"batch {batch.id}: {error}")
            raise
