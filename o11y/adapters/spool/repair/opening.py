"""A spool file, opened and found sound; one that is damaged is replaced first."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from o11y.adapters.spool import file
from o11y.adapters.spool.batch_rows import COLUMNS
from o11y.adapters.spool.errors import SpoolDamaged, SpoolUnusable, may_be_corrupt
from o11y.adapters.spool.queue import BatchQueue
from o11y.adapters.spool.repair import losses, replacement
from o11y.adapters.spool.repair.soundness import batch_of, check
from o11y.adapters.spool.repair.tally import Count, Tally
from o11y.adapters.spool.seen import Seen
from o11y.worker.ports import SpoolLoss

log = logging.getLogger(__name__)

_CUT = "rows that were acknowledged are not there; its log is cut or damaged"


@dataclass(slots=True)
class OpenFile:
    """Two connections, and what is kept of the file in memory."""

    writer: sqlite3.Connection
    reader: sqlite3.Connection
    seen: Seen
    queue: BatchQueue = field(default_factory=BatchQueue)
    count: Count = field(default_factory=Count)
    losses: list[SpoolLoss] = field(default_factory=list)
    unrepaired: str | None = None

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


def open_sound(path: Path, tally: Tally, *, now: datetime) -> OpenFile:
    """The file, or what could be saved of it. The tally says what it must hold at least. Raises ``SpoolUnusable``."""
    replacement.finish(path, tally)
    expected = tally.expected()
    with _log_kept(path) as put_log_back:
        try:
            opened = _open(path)
            if expected is None or _holds(opened.count, expected):
                return opened
            reason = _CUT
            opened.close()
        except SpoolDamaged as damaged:
            reason = str(damaged)
        put_log_back()
        return _open_replaced(path, tally, reason=reason, expected=expected, now=now)


def reopen(damaged: OpenFile, path: Path, tally: Tally, *, reason: str, now: datetime) -> OpenFile:
    """The same for a file that turned out to be damaged in use. Where there is no room for another one it is opened
    as it is, and says why (``unrepaired``). Raises ``SpoolUnusable``; it is closed then, and may be tried again.
    """
    damaged.close()  # SQLite knows every frame of the log that it wrote, and moves them into the file
    try:
        return _open_replaced(path, tally, reason=reason, expected=tally.count, now=now)
    except SpoolUnusable as unusable:
        log.error("damaged spool cannot be replaced", extra={"reason": str(unusable)})
        try:
            opened = _open(path)
        except SpoolDamaged:
            raise unusable from None
        opened.unrepaired = str(unusable)
        return opened


def _open_replaced(path: Path, tally: Tally, *, reason: str, expected: Count | None, now: datetime) -> OpenFile:
    replacement.replace_damaged(path, tally, reason=reason, expected=expected, now=now)
    try:
        return _open(path)
    except SpoolDamaged as damaged:
        raise SpoolUnusable(f"{path} was rebuilt and is damaged again ({damaged}): the disk?") from damaged


def _holds(count: Count, expected: Count) -> bool:
    return count.events >= expected.events and count.history >= expected.history


def _open(path: Path) -> OpenFile:
    """Raises ``SpoolDamaged`` or ``SpoolUnusable``; nothing is left open then."""
    connections: list[sqlite3.Connection] = []
    try:
        connections.append(file.connect(path))
        file.migrate(connections[0], path)
        check(connections[0])
        connections.append(file.connect(path))
        return _loaded(OpenFile(connections[0], connections[1], Seen(connections[0])))
    except BaseException as error:
        for connection in connections:
            with suppress(sqlite3.Error):
                connection.close()
        if isinstance(error, UnicodeDecodeError) or (isinstance(error, sqlite3.Error) and may_be_corrupt(error)):
            raise SpoolDamaged(str(error)) from error
        if not isinstance(error, sqlite3.Error):
            raise
        raise SpoolUnusable(f"{path} cannot be opened: {error}") from error


def _loaded(opened: OpenFile) -> OpenFile:
    for row in opened.writer.execute(f"SELECT {COLUMNS} FROM batches ORDER BY number"):
        batch = batch_of(row)
        if batch is None:
            raise SpoolDamaged(f"what is said of batch {row[0]!r} cannot be")
        opened.queue.add(batch)
        opened.count = opened.count.plus(batch.kind, batch.events)
    opened.losses = losses.recorded(opened.writer)
    return opened


@contextmanager
def _log_kept(path: Path) -> Iterator["_PutBack"]:
    """SQLite ends a log when the last connection closes, also one that it could not read to its end."""
    log, kept = path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}.log-kept")
    if kept.exists() and not log.exists():  # killed in this very place
        kept.rename(log)
    kept.unlink(missing_ok=True)
    if log.exists():
        replacement.link_or_copy(log, kept)
    try:
        yield _PutBack(log, kept)
    finally:
        kept.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _PutBack:
    log: Path
    kept: Path

    def __call__(self) -> None:
        if self.kept.exists():
            self.log.unlink(missing_ok=True)  # of two links to one file a rename keeps both
            self.kept.rename(self.log)
