"""The file itself: made private, owned by one process, brought to the version of the code."""

import os
import sqlite3
from pathlib import Path

from o11y.adapters.owned import Taken, take
from o11y.adapters.spool.errors import SpoolDamaged, SpoolUnusable

VERSION = 2
_SCHEMA = Path(__file__).with_name("schema.sql")
_UPGRADES = {1: Path(__file__).with_name("version_2.sql")}
_TABLES = {"batches", "chunks", "seen_0", "seen_1", "generation", "outbox"}


def lock(path: Path) -> int:
    """Take the file for this process; the lock goes with the returned descriptor, also when the process is killed."""
    try:
        return take(Path(f"{path}.lock"))
    except Taken as taken:
        raise SpoolUnusable(f"{path} is in use by another o11y, {taken}; one process owns a spool") from None


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time, in autocommit."""
    if not path.exists():
        # Made first, so that it is never readable by others; the -wal and -shm files take its mode. Only then: to
        # close any descriptor of a file gives up all locks that the process, and so SQLite, has on it.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # one fsync of the log at each commit
        db.execute("PRAGMA wal_autocheckpoint = 4000")  # pages: copied to the file each 16 MB
        db.execute("PRAGMA journal_size_limit = 67108864")
    except BaseException:
        db.close()
        raise
    return db


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """An empty file gets the schema, an older one what it lacks; whole or not at all."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if version < 0 or (version == 0 and tables & _TABLES) or (0 < version <= VERSION and not tables >= _TABLES):
        raise SpoolDamaged(f"version {version} with the tables {', '.join(sorted(tables)) or 'of none'}")
    if version > VERSION:
        raise SpoolUnusable(f"{path} has version {version}, this o11y knows {VERSION}; run the newer one")
    if version == 0 and tables:
        raise SpoolUnusable(f"{path} is another program's; a spool, an empty file or none are accepted")
    if version == 0:
        _run(db, _SCHEMA)
        return
    while version < VERSION:
        _run(db, _UPGRADES[version])
        version += 1


def _run(db: sqlite3.Connection, script: Path) -> None:
    db.executescript(f"BEGIN IMMEDIATE;\n{script.read_text()}\nCOMMIT;")
