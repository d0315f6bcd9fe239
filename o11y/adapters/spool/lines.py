"""The lines of a batch, as they were written or not at all."""

import sqlite3
import zlib
from io import BytesIO

from o11y.adapters.spool.errors import SpoolDamaged, SpoolUnusable, is_corrupt
from o11y.adapters.spool.queue import Batch
from o11y.adapters.spool.rows import suffix


def read_lines(db: sqlite3.Connection, batch: Batch) -> bytes:
    """Of a sealed batch. Raises ``SpoolDamaged``, or ``SpoolUnusable`` where the disk is the trouble."""
    end, lines, events = suffix(batch.id), BytesIO(), 0  # one buffer: a batch is too big to be held twice
    try:
        query = "SELECT events, crc32, rows FROM chunks WHERE batch = ? ORDER BY rowid"
        for number, (held, crc32, rows) in enumerate(db.execute(query, (batch.number,)), 1):
            if not isinstance(rows, bytes) or zlib.crc32(rows) != crc32 or not rows.endswith(end):
                raise SpoolDamaged(f"checksum of part {number} is wrong")
            lines.write(rows)
            events += held
    except UnicodeDecodeError as error:  # SQLite quotes what is damaged
        raise SpoolDamaged(str(error)) from error
    except sqlite3.Error as error:
        if is_corrupt(error):
            raise SpoolDamaged(str(error)) from error
        raise SpoolUnusable(f"the spool cannot be read: {error}") from error
    if events != batch.events:
        raise SpoolDamaged(f"{events} of {batch.events} rows are there")
    return lines.getvalue()
