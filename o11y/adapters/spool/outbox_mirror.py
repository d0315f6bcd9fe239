"""The local copy of the outbox: notifications that wait for delivery survive the loss of Redis."""

import sqlite3
import zlib

from o11y.worker.ports import SpoolFull

MAX_ENTRIES = 10_000


def put(db: sqlite3.Connection, entry_id: str, payload: str) -> None:
    """Write or replace. Raises ``SpoolFull`` beyond ``MAX_ENTRIES``: to drop an older page would be to lose it."""
    (others,) = db.execute("SELECT count(*) FROM outbox WHERE id <> ?", (entry_id,)).fetchone()
    if others >= MAX_ENTRIES:
        raise SpoolFull(f"{others} notifications wait for delivery already")
    upsert = (
        "INSERT INTO outbox (id, payload, crc32) VALUES (?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, crc32 = excluded.crc32"
    )
    db.execute(upsert, (entry_id, payload, zlib.crc32(payload.encode())))


def remove(db: sqlite3.Connection, entry_id: str) -> None:
    db.execute("DELETE FROM outbox WHERE id = ?", (entry_id,))


def entries(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """In the order in which they were written."""
    return list(db.execute("SELECT id, payload FROM outbox ORDER BY rowid"))
