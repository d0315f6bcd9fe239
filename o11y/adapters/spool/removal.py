"""Rows of a shipped batch leave the file a part at a time, so that nobody waits long for a durable answer meanwhile."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from o11y.adapters.spool.batch_rows import delete
from o11y.adapters.spool.queue import Batch
from o11y.adapters.spool.repair.tally import Tally

#: Bytes of rows that go at a time. Nothing is acknowledged meanwhile: some 5 ms, and 90 ms for a whole batch.
PART_BYTES = 1024 * 1024
_SIZES = "SELECT rowid, events, length(rows) FROM chunks WHERE batch = ? ORDER BY rowid"
_SHRINK_BATCH = "UPDATE batches SET events = events - ?, bytes = bytes - ? WHERE number = ?"


@dataclass(frozen=True, slots=True)
class Part:
    """The first chunks of a batch: up to the one in ``last_row``, or all of them."""

    last_row: int
    events: int
    bytes: int
    is_all: bool


def remove_part(batch: Batch, tally: Tally, begin: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> Part:
    """In a transaction that ``begin`` opens. What is left of the batch keeps its id: sent again, ClickHouse knows it.

    The tally goes down before the commit, since it must never say more than the file has.
    """
    part = None
    try:
        with begin() as db:
            part = _first_part(db, batch)
            tally.add(batch.kind, -part.events)
            _remove(db, batch, part)
    except BaseException:
        if part is not None:
            tally.add(batch.kind, part.events)
        raise
    return part


def _first_part(db: sqlite3.Connection, batch: Batch) -> Part:
    last_row = events = size = 0
    for last_row, held, length in db.execute(_SIZES, (batch.number,)):
        events, size = events + held, size + length
        if size >= PART_BYTES and events < batch.events:
            return Part(last_row, events, size, is_all=False)
    return Part(last_row, batch.events, batch.bytes, is_all=True)


def _remove(db: sqlite3.Connection, batch: Batch, part: Part) -> None:
    if part.is_all:
        delete(db, batch)
        return
    db.execute("DELETE FROM chunks WHERE batch = ? AND rowid <= ?", (batch.number, part.last_row))
    db.execute(_SHRINK_BATCH, (part.events, part.bytes, batch.number))
