"""What only the file of the real spool can show: durability, damage, ownership, limits of the disk."""

import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from o11y.adapters.spool import SpoolUnusable, SqliteSpool
from o11y.worker.ports import SpoolFull, StoredEvent
from tests.builders import NOW

LATER = NOW + timedelta(seconds=30)
Open = Callable[[Path], SqliteSpool]


@pytest.fixture
def open_spool() -> Iterator[Open]:
    opened: list[SqliteSpool] = []

    def open_(path: Path) -> SqliteSpool:
        opened.append(SqliteSpool.open(path))
        return opened[-1]

    yield open_
    for spool in opened:
        spool.close()


def event(n: int, *, given_id: bool = False) -> StoredEvent:
    return StoredEvent("gateway", str(UUID(int=n)), given_id, NOW, b'{"n":%d' % n)


def as_after_a_crash(path: Path) -> Path:
    """The file and its log as they are on the disk at this moment, without an orderly close."""
    copy = path.with_name("copy.db")
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{copy}{end}")
    return copy


def test_what_was_appended_survives_a_crash(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    spool.append([event(1), event(2)], now=NOW)
    spool.append([event(3, given_id=True)], now=NOW)
    spool.outbox_put("n-1", "{}")
    again = open_spool(as_after_a_crash(tmp_path / "spool.db"))
    assert again.depth() == spool.depth()
    assert again.append([event(3, given_id=True)], now=NOW) == 0
    assert again.outbox_all() == [("n-1", "{}")]


def test_batches_open_at_a_crash_are_sealed_under_their_id(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    spool.append([event(1)], now=NOW)
    again = open_spool(as_after_a_crash(tmp_path / "spool.db"))
    batch = again.next_batch(now=NOW)
    again.append([event(2)], now=NOW)
    assert batch is not None
    assert again.next_batch(now=NOW) == batch == spool.next_batch(now=LATER)


def test_a_reopened_spool_goes_on_in_order(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    spool.append([event(n) for n in range(4)], now=NOW)
    batch = spool.next_batch(now=LATER)
    assert batch is not None
    spool.append([event(9)], now=LATER)
    spool.split(batch.batch_id)
    aside = spool.next_batch(now=LATER)
    assert aside is not None
    spool.set_aside(aside.batch_id, "why", now=LATER)
    spool.close()
    again = open_spool(tmp_path / "spool.db")
    assert [batch.error for batch in again.aside()] == ["why"]
    second = again.next_batch(now=NOW)
    assert second is not None
    assert b'"n":2' in second.rows
    again.shipped(second.batch_id)
    third = again.next_batch(now=NOW)
    assert third is not None
    assert b'"n":9' in third.rows


def test_a_file_that_cannot_be_written_is_not_writable(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    spool.check_writable()
    spool._writer.execute("PRAGMA query_only = 1")  # SQLite then refuses as on a read-only disk
    with pytest.raises(SpoolFull, match="cannot write"):
        spool.check_writable()


def test_a_full_disk_stores_nothing_and_says_so(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    spool.append([event(1)], now=NOW)
    spool._writer.execute("PRAGMA max_page_count = 1")  # SQLite then says what it says of a full disk
    big = [StoredEvent("gateway", str(UUID(int=n)), True, NOW, b'{"x":"%s"' % (b"x" * 5000)) for n in range(50)]
    with pytest.raises(SpoolFull, match="full"):
        spool.append(big, now=NOW)
    assert spool.depth().events == 1
    spool._writer.execute("PRAGMA max_page_count = 1000000")
    assert spool.append(big, now=NOW) == 50


def test_the_space_of_shipped_batches_is_used_again(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    rows = [StoredEvent("gateway", str(UUID(int=n)), False, NOW, b'{"x":"%s"' % (b"x" * 500)) for n in range(1000)]
    sizes = []
    for _ in range(12):
        spool.append(rows, now=NOW)
        batch = spool.next_batch(now=LATER)
        assert batch is not None
        spool.shipped(batch.batch_id)
        (pages,) = spool._writer.execute("PRAGMA page_count").fetchone()
        sizes.append(pages)
    assert sizes[-1] <= sizes[1] + 2


def test_ids_are_forgotten_so_that_the_file_does_not_grow_for_ever(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    for hour in range(6):
        spool.append([event(hour, given_id=True)], now=NOW + timedelta(hours=hour))
    known = spool._writer.execute("SELECT id FROM seen_0 UNION ALL SELECT id FROM seen_1").fetchall()
    assert sorted(UUID(bytes=key[:16]).int for (key,) in known) == [4, 5]


def test_a_failed_append_leaves_its_ids_unseen(tmp_path: Path) -> None:
    spool = SqliteSpool.open(tmp_path / "spool.db", max_bytes=100)
    wide = StoredEvent("gateway", str(UUID(int=1)), True, NOW, b'{"x":"%s"' % (b"x" * 200))
    with pytest.raises(SpoolFull, match="100 bytes"):
        spool.append([wide], now=NOW)
    assert spool.append([event(1, given_id=True)], now=NOW) == 1
    spool.close()


def test_the_file_is_private(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    spool.append([event(1)], now=NOW)
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_one_process_owns_the_file(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    with pytest.raises(SpoolUnusable, match="in use by another o11y, process "):
        open_spool(tmp_path / "spool.db")
    spool.close()
    open_spool(tmp_path / "spool.db")


def test_a_newer_file_is_refused_and_can_be_opened_by_nobody_else_meanwhile(tmp_path: Path, open_spool: Open) -> None:
    path = tmp_path / "spool.db"
    open_spool(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    for _ in range(2):
        with pytest.raises(SpoolUnusable, match="version 99"):
            open_spool(path)


def test_another_programs_file_is_refused_and_left_alone(tmp_path: Path, open_spool: Open) -> None:
    with sqlite3.connect(tmp_path / "spool.db") as db:
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    db.close()
    with pytest.raises(SpoolUnusable, match="another program"):
        open_spool(tmp_path / "spool.db")
    with sqlite3.connect(tmp_path / "spool.db") as db:
        assert db.execute("SELECT count(*) FROM bookmarks").fetchone() == (0,)
    db.close()


def test_a_file_of_version_1_is_brought_up_to_date_with_what_is_in_it(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    spool.append([event(1)], now=NOW)
    spool.close()
    with sqlite3.connect(tmp_path / "spool.db") as db:
        db.executescript(
            "DROP TABLE losses; DROP TABLE outbox; CREATE TABLE outbox (id TEXT PRIMARY KEY, payload TEXT);"
        )
        db.execute("INSERT INTO outbox VALUES ('n-1', '{}')")
        db.execute("PRAGMA user_version = 1")
    db.close()
    again = open_spool(tmp_path / "spool.db")
    assert (again.depth().events, again.outbox_all(), list(again.losses())) == (1, [("n-1", "{}")], [])
    again.outbox_put("n-2", "{}")


def test_a_look_from_another_process_costs_no_event(tmp_path: Path, open_spool: Open) -> None:
    """It must not find the file without locks: the last to close it would end the log, which is still written to."""
    spool = open_spool(tmp_path / "spool.db")
    spool.append([event(1)], now=NOW)
    look = f"import sqlite3; db = sqlite3.connect({str(tmp_path / 'spool.db')!r}); db.execute('SELECT * FROM batches')"
    subprocess.run([sys.executable, "-c", f"{look}.fetchall(); db.close()"], check=True)
    spool.append([event(2)], now=NOW)
    assert open_spool(as_after_a_crash(tmp_path / "spool.db")).depth().events == 2


def test_a_closed_spool_refuses(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    spool.append([event(1)], now=NOW)
    spool.close()
    spool.close()
    with pytest.raises(SpoolFull):
        spool.append([event(2)], now=NOW)
    with pytest.raises(SpoolFull):
        spool.check_writable()
    with pytest.raises(SpoolUnusable):
        spool.next_batch(now=LATER)


def test_the_outbox_keeps_its_order_and_replaces_by_id(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    for name in ("b", "a", "c"):
        spool.outbox_put(name, f'"{name}"')
    spool.outbox_put("b", '"second attempt"')
    spool.outbox_remove("a")
    spool.outbox_remove("unknown")
    assert spool.outbox_all() == [("b", '"second attempt"'), ("c", '"c"')]


def test_a_full_outbox_refuses_new_entries_and_still_replaces(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    with sqlite3.connect(tmp_path / "spool.db") as db:
        db.executemany("INSERT INTO outbox (id, payload) VALUES (?, '1')", [(f"n-{n}",) for n in range(10_000)])
    db.close()
    with pytest.raises(SpoolFull, match="10000 notifications"):
        spool.outbox_put("one more", "1")
    spool.outbox_put("n-7", "2")
    assert dict(spool.outbox_all())["n-7"] == "2"


def test_appending_and_shipping_at_once_lose_and_repeat_nothing(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    shipped: list[bytes] = []
    done = threading.Event()

    def ship() -> None:
        while True:
            last = done.is_set()
            if last:
                spool.seal_all()
            while batch := spool.next_batch(now=LATER):
                shipped.extend(line.partition(b",")[0] for line in batch.rows.splitlines())
                spool.shipped(batch.batch_id)
            if last:
                return

    shipper = threading.Thread(target=ship)
    shipper.start()
    writers = [
        threading.Thread(target=lambda start=start: [spool.append([event(start + n)], now=NOW) for n in range(50)])
        for start in (0, 50, 100)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    shipper.join()
    assert sorted(shipped) == sorted(b'{"n":%d' % n for n in range(150))


def test_a_kill_while_a_shipped_batch_is_removed_leaves_the_rest_under_its_id(tmp_path: Path, open_spool: Open) -> None:
    spool = open_spool(tmp_path / "spool.db")
    wide = [event(n)._replace(row=b'{"n":%d,"x":"%s"' % (n, b"x" * 100_000)) for n in range(40)]  # four parts
    for one in wide:
        spool.append([one], now=NOW)
    batch = spool.next_batch(now=LATER)
    assert batch is not None
    spool.mark_tried(batch.batch_id, now=LATER)
    assert spool._remove_part(batch.batch_id)
    again = open_spool(as_after_a_crash(tmp_path / "spool.db"))
    rest = again.next_batch(now=LATER)
    assert rest is not None
    assert (rest.batch_id, rest.first_tried_at) == (batch.batch_id, LATER)
    assert batch.rows.endswith(rest.rows)
    assert 0 < rest.events == rest.rows.count(b"\n") < batch.events
    assert again.depth().events == rest.events
    assert again.losses() == ()
    for either in (spool, again):
        either.shipped(batch.batch_id)
        assert (either.depth().events, either.depth().bytes, either.next_batch(now=LATER)) == (0, 0, None)
