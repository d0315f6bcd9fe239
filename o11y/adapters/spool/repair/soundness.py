"""Whether a file is what was written: its structure at opening, and what its rows say of each other.

The rows themselves are checked when they are read; a gigabyte of them is not read twice at every start.
"""

import math
import re
import sqlite3

from o11y.adapters.spool.errors import SpoolDamaged
from o11y.adapters.spool.queue import Batch
from o11y.worker.ports import BatchKind

#: a bigger file is not walked through at opening (about three seconds a gigabyte)
WALKED_BYTES = 512 * 1024**2
_ID = re.compile(r"[0-9a-f]{32}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
#: of a batch, with room for what other versions make
_MOST_EVENTS = 1_000_000
_LATEST_MS = 2**43  # the year 2248
_DIFFERS = """
SELECT (SELECT count(*) FROM batches
        WHERE events IS NOT (SELECT sum(events) FROM chunks WHERE batch = number)
           OR bytes IS NOT (SELECT sum(length(rows)) FROM chunks WHERE batch = number))
     + (SELECT count(*) FROM chunks WHERE batch NOT IN (SELECT number FROM batches))
"""


def check(db: sqlite3.Connection) -> None:
    """Raises ``SpoolDamaged`` with what is wrong, or the error of SQLite that says so."""
    (pages,), (page_bytes,) = db.execute("PRAGMA page_count").fetchone(), db.execute("PRAGMA page_size").fetchone()
    if pages * page_bytes <= WALKED_BYTES:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise SpoolDamaged(str(found).replace("\n", " "))
    (differs,) = db.execute(_DIFFERS).fetchone()
    if differs:
        raise SpoolDamaged(f"{differs} batches do not have the rows that were written")


def batch_of(row: tuple[object, ...]) -> Batch | None:
    """The row of the table ``batches``, or None when it cannot have been written like this."""
    try:
        batch = Batch(*row)  # type: ignore[arg-type]  # what the file holds is what is looked at here
        batch.kind = BatchKind(batch.kind)
    except (TypeError, ValueError):
        return None
    return batch if _plausible(batch) else None


def _plausible(batch: Batch) -> bool:
    times = (batch.oldest_event_time, batch.opened_at, batch.first_tried_at or 0, batch.set_aside_at or 0)
    return (
        all(isinstance(number, int) for number in (batch.number, batch.events, batch.bytes, *times))
        and all(isinstance(text, str) for text in (batch.id, batch.day, batch.error or ""))
        and all(isinstance(place, float | int) and math.isfinite(place) for place in (batch.position, batch.width))
        and _ID.fullmatch(batch.id) is not None
        and _DAY.fullmatch(batch.day) is not None
        and 0 < batch.events <= _MOST_EVENTS
        and batch.bytes > 0
        and all(0 <= time < _LATEST_MS for time in times)
    )
