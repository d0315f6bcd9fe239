"""Which events a gateway has sent before: the ids it gave, for one to two hours."""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

from o11y.worker.ports import StoredEvent

#: how long a generation takes ids; the one before is kept as long again
GENERATION_MS = 3_600_000
_LOOKUP = 400  # ids a statement, bound in two places


@lru_cache(maxsize=1024)
def _tag(client: str) -> bytes:
    return blake2b(client.encode(), digest_size=8).digest()


def _key(event: StoredEvent) -> bytes:
    """The id first: version 7 ids then arrive in the order of the table, and each commit touches few pages."""
    return bytes.fromhex(event.event_id.replace("-", "")) + _tag(event.client)


class Seen:
    """Two tables that take turns. Ids enter in the transaction of their events, so both are durable or neither is."""

    def __init__(self, db: sqlite3.Connection) -> None:
        current, started_ms = db.execute("SELECT current, started_at FROM generation").fetchone()
        self._current, self._started_ms = int(current), int(started_ms)

    def due(self, now_ms: int) -> bool:
        return now_ms - self._started_ms >= GENERATION_MS

    def rotate(self, db: sqlite3.Connection, now_ms: int) -> None:
        """Forget the older generation, or both after a long pause. In a transaction of its own."""
        other = 1 - self._current
        if now_ms - self._started_ms >= 2 * GENERATION_MS:
            db.execute(f"DELETE FROM seen_{self._current}")
        db.execute(f"DELETE FROM seen_{other}")
        db.execute("UPDATE generation SET current = ?, started_at = ?", (other, now_ms))

    def rotated(self, now_ms: int) -> None:
        """The rotation was committed."""
        self._current, self._started_ms = 1 - self._current, now_ms

    def fresh(self, db: sqlite3.Connection, events: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
        """The events not seen before, in order; their ids are taken down."""
        keys = [_key(event) if event.given_id else None for event in events]
        given = {key for key in keys if key is not None}
        if not given:
            return events
        new = given - self._known(db, list(given))
        db.executemany(f"INSERT INTO seen_{self._current} VALUES (?)", [(key,) for key in sorted(new)])
        kept = []
        for event, key in zip(events, keys, strict=True):
            if key is not None:
                if key not in new:
                    continue
                new.discard(key)  # the second of two equal ones is a repeat too
            kept.append(event)
        return kept

    def _known(self, db: sqlite3.Connection, keys: list[bytes]) -> set[bytes]:
        known: set[bytes] = set()
        for start in range(0, len(keys), _LOOKUP):
            part = keys[start : start + _LOOKUP]
            marks = ",".join("?" * len(part))
            found = db.execute(
                f"SELECT id FROM seen_0 WHERE id IN ({marks}) UNION ALL SELECT id FROM seen_1 WHERE id IN ({marks})",
                part + part,
            )
            known.update(key for (key,) in found)
        return known
