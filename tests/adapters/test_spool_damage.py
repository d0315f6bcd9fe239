"""A damaged spool: every event is carried over exactly, or reported as lost; none is altered, none comes twice."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o11y.adapters.spool import SpoolDamaged, SpoolUnusable, SqliteSpool
from o11y.adapters.spool.repair import replacement
from o11y.adapters.spool.rows import CHUNK_BYTES
from o11y.worker.ports import BatchKind, SpoolFull
from tests.adapters.spool_damage import LATER, PARTS, crashed, cut, drained, event, filled, flip
from tests.builders import NOW

BATCHES, COMMITS, EVENTS = 6, 3, 12
TOTAL = BATCHES * COMMITS * EVENTS
PLACES = st.floats(0, 1, exclude_max=True)


@pytest.fixture(scope="module")
def spools(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """Whether the rows are still in the log -> the folder of such a spool."""
    folder = tmp_path_factory.mktemp("spools")
    made = {in_log: folder / f"in-log-{in_log}" for in_log in (False, True)}
    for in_log, path in made.items():
        path.mkdir()
        filled(path / "spool.db", batches=BATCHES, commits=COMMITS, events=EVENTS, in_log=in_log)
    return made


def copied(source: Path, folder: Path) -> Path:
    for part in PARTS:
        if (source / f"spool.db{part}").exists():
            shutil.copy(source / f"spool.db{part}", folder)
    return folder / "spool.db"


def spoiled(path: Path, statement: str) -> None:
    """Change rows behind the back of whoever has the file open."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)


def spoil_first_chunk(path: Path) -> None:
    spoiled(path, "UPDATE chunks SET rows = CAST(replace(rows, '\"n\": 0', '\"n\": 8') AS BLOB) WHERE rowid = 1")


def examine(path: Path) -> None:
    """Open what is left; carried over and lost make up all there was."""
    before = path.read_bytes()
    spool = _opened_or_refused(path)
    if spool is None:
        assert path.read_bytes() == before, "a file that is refused is left as it is"
        return
    with closing(spool):
        found = drained(spool)
        losses = spool.losses()
    assert all(loss.exact for loss in losses)
    assert set(found.values()) <= {1}
    assert len(found) + sum(loss.events for loss in losses) == TOTAL


def _opened_or_refused(path: Path) -> SqliteSpool | None:
    """A file that says that it is of a newer version may be one."""
    try:
        return SqliteSpool.open(path)
    except SpoolUnusable as unusable:
        if "run the newer one" not in str(unusable):
            raise
        return None


@settings(max_examples=60, deadline=None)
@given(in_log=st.booleans(), place=PLACES, mask=st.integers(1, 255), truncated=st.booleans())
def test_any_byte_flipped_and_any_cut(
    spools: dict[bool, Path], in_log: bool, place: float, mask: int, truncated: bool
) -> None:
    with TemporaryDirectory() as folder:
        path = copied(spools[in_log], Path(folder))
        target = Path(f"{path}-wal") if in_log else path
        if truncated:
            cut(target, place)
        else:
            flip(target, place, mask)
        examine(path)


@settings(max_examples=10, deadline=None)
@given(place=PLACES, mask=st.integers(1, 255))
def test_a_damaged_tally_is_no_loss(spools: dict[bool, Path], place: float, mask: int) -> None:
    with TemporaryDirectory() as folder:
        path = copied(spools[True], Path(folder))
        flip(Path(f"{path}.tally"), place, mask)
        with closing(SqliteSpool.open(path)) as spool:
            assert (len(drained(spool)), list(spool.losses())) == (TOTAL, [])


def test_a_flipped_byte_in_the_log_costs_its_commit_and_not_all_after_it(
    spools: dict[bool, Path], tmp_path: Path
) -> None:
    path = copied(spools[True], tmp_path)
    log = Path(f"{path}-wal")
    flip(log, log.read_bytes().index(b"100-100-100-") / log.stat().st_size, 1)
    with closing(SqliteSpool.open(path)) as spool:
        (loss,) = spool.losses()
        assert (loss.events, loss.carried, len(drained(spool))) == (EVENTS, TOTAL - EVENTS, TOTAL - EVENTS)
    kept = path.with_name(loss.kept_as)
    assert (kept.exists(), Path(f"{kept}-wal").exists()) == (True, True)


def test_a_log_that_is_gone_is_missed_by_number(spools: dict[bool, Path], tmp_path: Path) -> None:
    path = copied(spools[True], tmp_path)
    Path(f"{path}-wal").unlink()
    with closing(SqliteSpool.open(path)) as spool:
        assert [loss.events for loss in spool.losses()] == [TOTAL]


def test_a_whole_batch_keeps_its_id_and_when_it_was_tried(spools: dict[bool, Path], tmp_path: Path) -> None:
    path = copied(spools[False], tmp_path)
    with closing(sqlite3.connect(path)) as db:
        were = db.execute("SELECT id, events, first_tried_at FROM batches ORDER BY position").fetchall()
    spoil_first_chunk(path)
    with closing(SqliteSpool.open(path)) as spool:
        first = spool.next_batch(now=LATER)
        assert first is not None, "the first batch has two of its three chunks"
        assert (first.batch_id, first.events, first.first_tried_at) == (were[0][0], 2 * EVENTS, None)
        with closing(sqlite3.connect(path)) as db:
            are = db.execute("SELECT id, events, first_tried_at FROM batches ORDER BY position").fetchall()
    assert are[1:] == were[1:]


def test_what_is_left_of_a_batch_that_was_tried_is_looked_up_before_it_is_inserted(
    spools: dict[bool, Path], tmp_path: Path
) -> None:
    path = copied(spools[False], tmp_path)
    spoiled(path, "UPDATE chunks SET crc32 = crc32 + 1 WHERE rowid = 4")  # of the second batch, which was tried
    with closing(SqliteSpool.open(path)) as spool:
        first = spool.next_batch(now=LATER)
        assert first is not None
        spool.shipped(first.batch_id)
        second = spool.next_batch(now=LATER)
        (loss,) = spool.losses()
    assert second is not None
    assert second.first_tried_at is not None
    assert second.first_tried_at.year == 1970
    assert (loss.events, loss.maybe_shipped) == (EVENTS, EVENTS)


def test_damage_found_in_use_is_repaired_in_use(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with closing(SqliteSpool.open(path)) as spool:
        spool.append([event(0)], now=NOW)
        spool.append([event(1)], now=NOW)
        spool.outbox_put("page", "{}")
        spool.append_history([b'{"at":"2026-11-21T12:00:00Z"'], now=NOW)
        spoil_first_chunk(path)
        batch = spool.next_batch(now=LATER)
        assert batch is not None
        assert (b'"n": 1' in batch.rows, batch.events) == (True, 1)
        (loss,) = spool.losses()
        assert (loss.events, loss.exact, loss.at, loss.told) == (1, True, LATER, False)
        assert spool.append([event(1), event(2)], now=LATER) == 1, "ids are remembered"
        assert spool.outbox_all() == [("page", "{}")]
        spool.shipped(batch.batch_id)
        history = spool.next_batch(now=LATER)
        assert history is not None
        assert history.kind is BatchKind.HISTORY
        spool.loss_told(loss.number)
    with closing(SqliteSpool.open(path)) as again:
        assert [loss.told for loss in again.losses()] == [True]
    assert (tmp_path / "spool.db.damaged-20261121T120030Z").exists()


def test_a_set_aside_batch_that_is_damaged_is_not_queued_again_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with closing(SqliteSpool.open(path)) as spool:
        spool.append([event(0)], now=NOW)
        spool.append([event(1)], now=NOW)
        batch = spool.next_batch(now=LATER)
        assert batch is not None
        spool.set_aside(batch.batch_id, "why", now=LATER)
        spoil_first_chunk(path)
        with pytest.raises(SpoolDamaged):
            spool.retry_aside(batch.batch_id)
        assert spool.next_batch(now=LATER) is None
        assert [(aside.events, aside.error) for aside in spool.aside()] == [(1, "why")]
        assert spool.retry_aside(batch.batch_id)


def test_without_room_for_a_second_file_the_damaged_batch_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "spool.db"
    with closing(SqliteSpool.open(path)) as spool:
        spool.append([event(0)], now=NOW)
        spool.seal_all()
        spool.append([event(1)], now=NOW)
        spool.seal_all()
        spool.append([event(2)], now=LATER)
        spoil_first_chunk(path)
        monkeypatch.setattr(replacement, "rebuild", _no_room)
        batch = spool.next_batch(now=LATER)
        assert batch is not None
        assert b'"n": 1' in batch.rows
        assert ["checksum" in aside.error for aside in spool.aside()] == [True]
        assert spool.append([event(3)], now=LATER) == 1
        assert (list(spool.losses()), [name for name in tmp_path.iterdir() if "damaged" in name.name]) == ([], [])


def _no_room(*_: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to look at " * 1000])
def test_a_spool_of_which_nothing_is_left_is_lost_by_the_number_noted_beside_it(
    spools: dict[bool, Path], tmp_path: Path, content: bytes
) -> None:
    path = copied(spools[False], tmp_path)
    path.write_bytes(content)
    with closing(SqliteSpool.open(path)) as spool:
        assert [(loss.events, loss.exact) for loss in spool.losses()] == [(TOTAL, True)]
        assert spool.outbox_all() == []
        assert spool.append([event(1)], now=NOW) == 1


def test_a_loss_of_unknown_size_says_so(spools: dict[bool, Path], tmp_path: Path) -> None:
    path = copied(spools[False], tmp_path)
    Path(f"{path}.tally").unlink()
    path.write_bytes(b"not a database, but long enough to look at " * 1000)
    with closing(SqliteSpool.open(path)) as spool:
        assert [(loss.events, loss.exact) for loss in spool.losses()] == [(0, False)]


def test_a_spool_without_its_first_page_still_shows_all_its_rows(spools: dict[bool, Path], tmp_path: Path) -> None:
    path = copied(spools[False], tmp_path)
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])
    with closing(SqliteSpool.open(path)) as spool:
        assert [(loss.events, loss.carried) for loss in spool.losses()] == [(0, TOTAL)]
        assert (len(drained(spool)), spool.outbox_all()) == (TOTAL, [("page", '{"page": 1}')])


def test_a_big_commit_is_several_chunks_so_that_a_flipped_byte_costs_one(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    many = [event(n) for n in range(3_000)]
    with closing(SqliteSpool.open(path)) as spool:
        spool.append(many, now=NOW)
        spoil_first_chunk(path)
        assert len(drained(spool)) == 3_000 - spool.losses()[0].events
        assert 0 < spool.losses()[0].events <= CHUNK_BYTES // len(many[0].row)


@pytest.mark.parametrize(("stop_at", "call"), [("rename", 1), ("rename", 2), ("rename", 3), ("unlink", 1)])
def test_a_kill_during_the_replacement_leaves_one_file_or_the_other(
    spools: dict[bool, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: str, call: int
) -> None:
    path = copied(spools[True], tmp_path)
    log = Path(f"{path}-wal")
    flip(log, log.read_bytes().index(b"100-100-100-") / log.stat().st_size, 1)
    with monkeypatch.context() as patched:
        patched.setattr(Path, stop_at, _killed_at(getattr(Path, stop_at), call, tmp_path))
        with pytest.raises(KeyboardInterrupt):
            SqliteSpool.open(path)
    with closing(SqliteSpool.open(path)) as spool:
        assert sum(loss.events for loss in spool.losses()) == EVENTS
        assert len(drained(spool)) == TOTAL - EVENTS


def _killed_at(real: Callable[..., object], call: int, folder: Path) -> Callable[..., object]:
    """Once the new file is there and is to take its place, this call of it does not happen."""
    calls: list[Path] = []

    def killed(path: Path, *arguments: object, **options: object) -> object:
        if (folder / "spool.db.replacing").exists():
            calls.append(path)
            if len(calls) == call:
                raise KeyboardInterrupt
        return real(path, *arguments, **options)

    return killed


def test_damaged_files_do_not_fill_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    for _ in range(4):
        with closing(SqliteSpool.open(path)) as spool:
            spool.append([event(0)], now=NOW)
            spool.append([event(1)], now=NOW)
        spoiled(path, "DELETE FROM chunks WHERE rowid = (SELECT max(rowid) FROM chunks)")
    SqliteSpool.open(path).close()
    assert len([found for found in tmp_path.iterdir() if ".damaged-" in found.name]) == replacement.KEPT_FILES


def test_a_power_cut_makes_no_loss_of_a_stale_tally(spools: dict[bool, Path], tmp_path: Path) -> None:
    path = copied(spools[True], tmp_path)
    tally = Path(f"{path}.tally")
    content = tally.read_bytes()
    tally.write_bytes(content[:8] + b"0" * 36 + content[44:])
    with closing(SqliteSpool.open(path)) as spool:
        spool.append([event(TOTAL)], now=NOW)
        crashed(path, tmp_path / "copy.db")
    with closing(SqliteSpool.open(tmp_path / "copy.db")) as spool:
        assert (spool.depth().events, list(spool.losses())) == (TOTAL + 1, [])


def test_an_append_that_meets_damage_stores_nothing_and_the_next_one_finds_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with closing(SqliteSpool.open(path)) as spool:
        spool.append([event(0)], now=NOW)
        spool._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(bytes(20 * 4096))
        spool._writer.execute("PRAGMA shrink_memory")
        with pytest.raises(SpoolFull, match="malformed"):
            spool.append([event(1)], now=NOW)
        assert spool.append([event(1)], now=LATER) == 1
        assert [(loss.events, loss.exact) for loss in spool.losses()] == [(1, True)]
        assert sorted(drained(spool)) == [1]


def test_a_split_that_damage_has_undone_makes_the_same_batches_again(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with closing(SqliteSpool.open(path)) as spool:
        spool.append([event(n) for n in range(4)], now=NOW)
        crashed(path, tmp_path / "before.db")
        halves = [_halves(spool)]
    with closing(SqliteSpool.open(tmp_path / "before.db")) as again:
        halves.append(_halves(again))
    assert halves[0] == halves[1]


def _halves(spool: SqliteSpool) -> list[bytes]:
    batch = spool.next_batch(now=LATER)
    assert batch is not None
    spool.split(batch.batch_id)
    found = []
    while (half := spool.next_batch(now=LATER)) is not None:
        found.append(half.rows)
        spool.shipped(half.batch_id)
    return found
