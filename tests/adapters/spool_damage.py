"""Spools with known rows in them, and what damage makes of their files."""

import json
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from o11y.adapters.spool import SqliteSpool
from o11y.worker.ports import SpoolFull, StoredEvent
from tests.builders import NOW

LATER = NOW + timedelta(seconds=30)
PARTS = ("", "-wal", ".tally")


def event(n: int, *, wide: int = 40) -> StoredEvent:
    """Its row says twice what it is, so that any change to it shows."""
    text = f"{n}-" * wide
    return StoredEvent("gateway", str(UUID(int=n)), True, NOW, json.dumps({"n": n, "text": text})[:-1].encode())


def is_as_written(line: bytes) -> bool:
    row = json.loads(line)
    batch_id = row.pop("spool_batch")
    return line == event(row["n"]).row + b',"spool_batch":"' + batch_id.encode() + b'"}'


def filled(path: Path, *, batches: int, commits: int, events: int, in_log: bool) -> int:
    """A spool as a crash leaves it: batches of several commits, every second one tried. Returns how many events."""
    spool = SqliteSpool.open(path)
    number = 0
    for _ in range(batches):
        for _ in range(commits):
            spool.append([event(number + n) for n in range(events)], now=NOW)
            number += events
        spool.seal_all()
    spool._writer.execute("UPDATE batches SET first_tried_at = opened_at WHERE number % 2 = 0")
    spool.outbox_put("page", '{"page": 1}')
    if not in_log:
        spool._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    crashed(path, path.with_name("crashed.db"))
    spool.close()
    for part in PARTS:
        path.with_name(f"{path.name}{part}").unlink(missing_ok=True)
        left = path.with_name(f"crashed.db{part}")
        if left.exists():
            left.rename(f"{path}{part}")
    return number


def crashed(path: Path, copy: Path) -> None:
    """What is on the disk at this moment, without an orderly close."""
    for part in PARTS:
        if Path(f"{path}{part}").exists():
            shutil.copy(f"{path}{part}", f"{copy}{part}")


def flip(path: Path, place: float, mask: int) -> None:
    """Change one byte, at this fraction of the file."""
    content = bytearray(path.read_bytes())
    content[min(int(place * len(content)), len(content) - 1)] ^= mask
    path.write_bytes(content)


def cut(path: Path, place: float) -> None:
    """The file ends at this fraction of its length."""
    content = path.read_bytes()
    path.write_bytes(content[: int(place * len(content))])


def drained(spool: SqliteSpool) -> Counter[int]:
    """What comes out, by number; ``AssertionError`` for a row that is not what was written."""
    found: Counter[int] = Counter()
    spool.seal_all()
    while (batch := spool.next_batch(now=LATER)) is not None:
        lines = batch.rows.splitlines()
        assert len(lines) == batch.events
        for line in lines:
            assert is_as_written(line), line
            assert json.loads(line)["spool_batch"] == batch.batch_id
        try:
            spool.shipped(batch.batch_id)
        except SpoolFull:  # damage that only a write meets: what is left of the batch comes again, under its id
            continue
        found.update(json.loads(line)["n"] for line in lines)
    return found
