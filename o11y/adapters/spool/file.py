"""The file itself: made private, owned by one process, brought to the version of the code."""

import fcntl
import os
import sqlite3
from pathlib import Path

from o11y.adapters.spool.errors import SpoolUnusable

VERSION = 1
_SCHEMA = Path(__file__).with_name("schema.sql")


def lock(path: Path) -> int:
    """Take the file for this process; the lock goes with the returned descriptor, also when the process is killed."""
    descriptor = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise SpoolUnusable(f"{path} is in use by another o11y; one process owns a spool") from None
    return descriptor


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time, in autocommit."""
    # Made first, so that it is never readable by others; the -wal and -shm files take its mode.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")  # one fsync of the log at each commit
    db.execute("PRAGMA wal_autocheckpoint = 4000")  # pages: copied to the file each 16 MB
    db.execute("PRAGMA journal_size_limit = 67108864")
    return db


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """An empty file gets the schema, whole or not at all."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise SpoolUnusable(f"{path} has version {version}, this o11y knows {VERSION}; run the newer one")
    if version == 0:
        db.executescript(f"BEGIN IMMEDIATE;\n{_SCHEMA.read_text()}\nCOMMIT;")
