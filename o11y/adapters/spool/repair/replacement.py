"""Changing a damaged file for a new one, such that a kill at any moment leaves one of them, and never a mix.

The damaged file is renamed and kept as it was found (``NAME.damaged-TIME``, with its log); the two newest are kept.
"""

import json
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from o11y.adapters.spool import file
from o11y.adapters.spool.errors import SpoolUnusable
from o11y.adapters.spool.repair import losses
from o11y.adapters.spool.repair.losses import Loss
from o11y.adapters.spool.repair.rebuild import Rebuilt, rebuild
from o11y.adapters.spool.repair.tally import Count, Tally
from o11y.adapters.spool.repair.write_ahead_log import PAGE_BYTES, healed

log = logging.getLogger(__name__)

KEPT_FILES = 2
_PARTS = ("", "-wal", "-shm")


def replace_damaged(path: Path, tally: Tally, *, reason: str, expected: Count | None, now: datetime) -> Loss:
    """A sound file in ``path``, which nobody has open, and what that has cost; the loss is recorded in it.

    Raises ``SpoolUnusable`` when there is no room for a second file, and has changed nothing then.
    """
    kept = _free_name(path, now)
    new = _named(path, ".new")
    try:
        _remove(new)
        rebuilt = _salvaged(path, new)
        loss = rebuilt.loss(expected, reason=reason, kept_as=str(kept), now=now)
        with closing(file.connect(new)) as db:
            losses.record(db, loss)
        _sync(new)
    except (sqlite3.Error, OSError) as error:
        _remove(new)
        raise SpoolUnusable(f"{path} is damaged ({reason}) and cannot be rebuilt: {error}") from error
    marker = {"kept_as": kept.name, "events": rebuilt.carried.events, "history": rebuilt.carried.history}
    _write(_marker(path), json.dumps(marker).encode())
    _sync(_marker(path))
    finish(path, tally)
    _forget_old(path)
    _say(path, loss)
    return loss


def finish(path: Path, tally: Tally) -> None:
    """Complete a change that was under way when the process was killed, or throw away what had not come so far.

    The tally follows the file before the marker goes: one loss is reported once.
    """
    marker, new = _marker(path), _named(path, ".new")
    decided = json.loads(marker.read_bytes() or b"null") if marker.exists() else None
    if decided is not None:
        if new.exists():
            _move(path, path.with_name(decided["kept_as"]))
            new.rename(path)
            _sync(path.parent)
        tally.set(Count(decided["events"], decided["history"]))
    marker.unlink(missing_ok=True)
    _remove(new)


def _move(path: Path, kept: Path) -> None:
    for part in _PARTS:
        old = _named(path, part)
        if old.exists() and not _named(kept, part).exists():
            old.rename(_named(kept, part))


def _salvaged(path: Path, new: Path) -> Rebuilt:
    """Through the first page that every spool starts with: without its own a file shows nothing, however sound."""
    with closing(file.connect(new)) as db:
        file.migrate(db, new)
    with new.open("rb") as fresh:
        first_page = fresh.read(PAGE_BYTES)
    with _opened(path, first_page) as source:
        return rebuild(source, new)


@contextmanager
def _opened(path: Path, first_page: bytes) -> Iterator[sqlite3.Connection]:
    """The damaged file for reading, under another name and with a log that shows all that is in it."""
    scratch = _named(path, ".salvage")
    _remove(scratch)
    try:
        link_or_copy(path, scratch)
        own_log = _named(path, "-wal")
        frames = own_log.read_bytes() if own_log.exists() else b""
        pages = path.stat().st_size // PAGE_BYTES
        _write(_named(scratch, "-wal"), healed(frames, first_page=first_page, pages=pages))
        source = sqlite3.connect(f"{scratch.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        with closing(source):
            source.execute("PRAGMA writable_schema = ON")  # also a file that is shorter than it says is read
            yield source
    finally:
        _remove(scratch)


def link_or_copy(path: Path, other: Path) -> None:
    """The same content under another name."""
    try:
        os.link(path, other)
    except OSError:  # a file system without links
        shutil.copy2(path, other)


def _say(path: Path, loss: Loss) -> None:
    log.error(
        "spool damaged and rebuilt",
        extra={
            "path": str(path),
            "reason": loss.reason,
            "events_carried": loss.carried,
            "events_lost": loss.events,
            "history_rows_lost": loss.history,
            "exact": bool(loss.is_exact),
            "kept_as": loss.kept_as,
        },
    )


def _forget_old(path: Path) -> None:
    """Each is as big as the spool was; without an end to them the disk would fill."""
    kept = sorted(found for found in path.parent.glob(f"{path.name}.damaged-*") if not found.name.endswith(_PARTS[1:]))
    for old in kept[:-KEPT_FILES]:
        log.warning("an older damaged spool is removed", extra={"path": str(old)})
        _remove(old)


def _free_name(path: Path, now: datetime) -> Path:
    base = _named(path, f".damaged-{now:%Y%m%dT%H%M%SZ}")
    names = [base, *(_named(base, f".{number}") for number in range(1, 100))]
    return next(name for name in names if not name.exists() and not _named(name, "-wal").exists())


def _named(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _marker(path: Path) -> Path:
    return _named(path, ".replacing")


def _write(path: Path, content: bytes) -> None:
    """Readable by this user alone, like the spool."""
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as written:
        written.write(content)


def _remove(path: Path) -> None:
    for part in _PARTS:
        with suppress(OSError):
            _named(path, part).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
