"""What can still be read of a damaged file, and is certainly what was written.

Every chunk has a checksum, so its lines are trusted whole or not at all: a line that merely parses may be wrong by a
digit. All else is checked against the lines. They end with the id of their batch, so that a batch whose own row is
gone is known all the same.
"""

import re
import sqlite3
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from o11y.adapters.spool.rows import suffix

#: places in a row without a readable row, after which the search among unreadable pages ends; a page has under 200
_MOST_MISSES = 2_000
_TAIL = re.compile(rb',"spool_batch":"([0-9a-f]{32})"\}\n\Z')
_TAIL_BYTES = 52


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines whose checksum is right; ``place`` orders the chunks of a batch."""

    place: int
    batch_id: str
    events: int
    rows: bytes


class Scan:
    """The rows of a table, in no certain order, around the pages that cannot be read.

    ``complete`` tells after the iteration whether there were none of those. Each row is its key, then ``columns``.
    """

    def __init__(self, db: sqlite3.Connection, table: str, columns: str, *, key: str = "rowid") -> None:
        self._db = db
        self._select = f"SELECT {key}, {columns} FROM {table}"
        self._key = key
        self.complete = False

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        last = None
        for row in self._read(f"ORDER BY {self._key}"):
            last = row[0]
            yield row
        if self.complete:
            return
        first = None
        behind, bound = (f"WHERE {self._key} > ?", (last,)) if last is not None else ("", ())
        for row in self._read(f"{behind} ORDER BY {self._key} DESC", *bound):
            first = row[0]
            yield row
        if self._key == "rowid":
            yield from self._between(last, first)
        self.complete = False

    def _between(self, last: int | None, first: int | None) -> Iterator[tuple[Any, ...]]:
        """One by one what lies among unreadable pages: up from the last row read, and down to the first behind them."""
        start = 0 if last is None else last + 1
        upwards = count(start) if first is None else range(start, first)
        reached = yield from self._probe(upwards)
        if first is not None:
            yield from self._probe(range(first - 1, reached, -1))

    def _probe(self, places: Iterable[int]) -> Generator[tuple[Any, ...], None, int]:
        """Until nothing has been found for long; returns the last place tried."""
        misses, place = 0, -1
        for place in places:
            found = list(self._read("WHERE rowid = ?", place))
            yield from found
            misses = 0 if found else misses + 1
            if misses == _MOST_MISSES:
                break
        return place

    def _read(self, where: str, *bound: Any) -> Iterator[tuple[Any, ...]]:
        self.complete = False
        with suppress(sqlite3.Error, UnicodeDecodeError):  # the second where SQLite quotes what is damaged
            cursor = self._db.execute(f"{self._select} {where}", bound)
            while (row := cursor.fetchone()) is not None:
                yield row
            self.complete = True


def chunks(scan: Scan) -> Iterator[Chunk]:
    """Of rows (place, checksum, lines): those that are certainly as they were written."""
    for place, crc32, rows in scan:
        if not isinstance(rows, bytes) or not isinstance(crc32, int) or zlib.crc32(rows) != crc32:
            continue
        tail = _TAIL.search(rows, max(0, len(rows) - _TAIL_BYTES))
        if tail is None:
            continue
        batch_id = tail.group(1).decode()
        yield Chunk(place, batch_id, rows.count(suffix(batch_id)), rows)
