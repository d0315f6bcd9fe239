"""The contract of the port ``Spool``, run against the real one and against the fake."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from o11y.adapters.spool import SqliteSpool
from o11y.adapters.spool.queue import BATCH_BYTES
from o11y.worker.ports import BatchKind, Spool, SpoolBatch, SpoolFull, StoredEvent
from tests.builders import NOW
from tests.fakes_spool import FakeSpool
from tests.wire_events import stored_event

LATER = NOW + timedelta(seconds=2)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", "fake"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(kind: str, tmp_path: Path) -> Iterator[Any]:
    made: list[Spool] = []

    def build(**options: Any) -> Spool:
        path = tmp_path / f"spool-{len(made)}.db"
        spool: Spool = FakeSpool(**options) if kind == "fake" else SqliteSpool.open(path, **options)
        made.append(spool)
        return spool

    yield build
    for spool in made:
        spool.close()


@pytest.fixture
def spool(make: Any) -> Spool:
    made: Spool = make()
    return made


def event(n: int = 0, **changes: Any) -> StoredEvent:
    """Small, told apart by ``n``."""
    values: dict[str, Any] = {
        "client": "gateway",
        "event_id": str(UUID(int=n)),
        "given_id": False,
        "event_time": NOW,
        "row": b'{"n":%d' % n,
        **changes,
    }
    return StoredEvent(**values)


def numbers(batch: SpoolBatch | None) -> list[int]:
    assert batch is not None
    rows = [json.loads(line) for line in batch.rows.splitlines()]
    assert all(row["spool_batch"] == batch.batch_id for row in rows)
    assert len(rows) == batch.events
    return [row["n"] for row in rows]


def drain(spool: Spool) -> list[list[int]]:
    spool.seal_all()
    found = []
    while batch := spool.next_batch(now=LATER):
        found.append(numbers(batch))
        spool.shipped(batch.batch_id)
    return found


def test_events_come_out_in_order_with_the_id_of_their_batch(spool: Spool) -> None:
    assert spool.append([event(1), event(2)], now=NOW) == 2
    assert spool.append([event(3)], now=NOW) == 1
    assert drain(spool) == [[1, 2, 3]]


def test_a_real_row_is_one_line_of_json(spool: Spool) -> None:
    text = 'quotes " and ,"spool_batch":"x"} and \n lines'
    spool.append([stored_event(provider=text)], now=NOW)
    batch = spool.next_batch(now=LATER)
    assert batch is not None
    (line,) = batch.rows.splitlines()
    assert json.loads(line)["provider"] == text


def test_a_batch_is_due_when_it_is_a_second_old(spool: Spool) -> None:
    spool.append([event(1)], now=NOW)
    assert spool.next_batch(now=NOW + timedelta(milliseconds=1_999)) is None
    assert numbers(spool.next_batch(now=LATER)) == [1]


def test_a_batch_opened_before_the_clock_stepped_back_is_due_at_once(spool: Spool) -> None:
    spool.append([event()], now=NOW)
    assert spool.next_batch(now=NOW - HOUR) is not None


def test_a_batch_is_due_when_it_is_full(spool: Spool) -> None:
    spool.append([event(n) for n in range(19_999)], now=NOW)
    assert spool.next_batch(now=NOW) is None
    spool.append([event(n) for n in range(19_999, 20_002)], now=NOW)
    assert numbers(spool.next_batch(now=NOW)) == list(range(20_000))
    assert drain(spool) == [list(range(20_000)), [20_000, 20_001]]


def test_a_group_larger_than_several_batches_is_split_across_them(spool: Spool) -> None:
    spool.append([event(n) for n in range(50_000)], now=NOW)
    assert drain(spool) == [list(range(20_000)), list(range(20_000, 40_000)), list(range(40_000, 50_000))]


def test_a_batch_asked_for_is_closed_to_later_events(spool: Spool) -> None:
    spool.append([event(1)], now=NOW)
    first = spool.next_batch(now=LATER)
    spool.append([event(2)], now=LATER)
    assert spool.next_batch(now=LATER) == first
    assert drain(spool) == [[1], [2]]


def test_a_batch_is_of_one_utc_day(spool: Spool) -> None:
    yesterday = NOW - timedelta(days=1)
    spool.append([event(1), event(2, event_time=yesterday), event(3)], now=NOW)
    spool.append([event(4, event_time=yesterday)], now=NOW)
    assert drain(spool) == [[1, 3], [2, 4]]


def test_seal_all_makes_everything_due(spool: Spool) -> None:
    spool.append([event(1)], now=NOW)
    spool.seal_all()
    assert numbers(spool.next_batch(now=NOW)) == [1]


def test_history_is_a_kind_of_its_own_and_no_watermark(spool: Spool) -> None:
    spool.append_history([b'{"n":7'], now=NOW)
    assert (spool.depth().events, spool.depth().oldest_event_time, spool.depth().oldest) == (0, None, NOW)
    spool.append([event(1)], now=NOW)
    batch = spool.next_batch(now=LATER)
    assert batch is not None
    assert (batch.kind, numbers(batch)) == (BatchKind.HISTORY, [7])
    assert drain(spool) == [[7], [1]]


@pytest.mark.parametrize("pause", [timedelta(0), timedelta(minutes=59)])
def test_a_repeat_within_the_hour_is_dropped(spool: Spool, pause: timedelta) -> None:
    assert spool.append([event(1, given_id=True)], now=NOW) == 1
    assert spool.append([event(1, given_id=True), event(2, given_id=True)], now=NOW + pause) == 1
    assert drain(spool) == [[1, 2]]


def test_a_repeat_of_yesterday_is_new(spool: Spool) -> None:
    spool.append([event(1, given_id=True)], now=NOW)
    assert spool.append([event(1, given_id=True)], now=NOW + 24 * HOUR) == 1


def test_a_repeat_inside_one_append_is_dropped(spool: Spool) -> None:
    twice = [event(1, given_id=True), event(2, given_id=True), event(1, given_id=True)]
    assert spool.append(twice, now=NOW) == 2
    assert drain(spool) == [[1, 2]]


def test_only_given_ids_of_the_same_client_are_repeats(spool: Spool) -> None:
    spool.append([event(1, given_id=True)], now=NOW)
    assert spool.append([event(1, given_id=True, client="second"), event(1), event(1)], now=NOW) == 3


def test_many_given_ids_are_each_known(spool: Spool) -> None:
    events = [event(n, event_id=str(uuid4()), given_id=True) for n in range(1_500)]
    assert spool.append(events, now=NOW) == 1_500
    assert spool.append(events, now=NOW) == 0


def test_the_first_attempt_is_remembered(spool: Spool) -> None:
    spool.append([event(1)], now=NOW)
    first = spool.next_batch(now=LATER)
    assert first is not None
    assert first.first_tried_at is None
    spool.mark_tried(first.batch_id, now=LATER)
    spool.mark_tried(first.batch_id, now=LATER + HOUR)
    again = spool.next_batch(now=LATER)
    assert again is not None
    assert (again.first_tried_at, again.rows) == (LATER, first.rows)


def test_a_split_keeps_the_place_and_takes_new_ids(spool: Spool) -> None:
    spool.append([event(n) for n in range(5)], now=NOW)
    first = spool.next_batch(now=LATER)
    assert first is not None
    spool.append([event(9)], now=LATER)
    spool.mark_tried(first.batch_id, now=LATER)
    spool.split(first.batch_id)
    half = spool.next_batch(now=LATER)
    assert half is not None
    assert (half.first_tried_at, numbers(half)) == (None, [0, 1])
    assert half.batch_id != first.batch_id
    spool.split(half.batch_id)
    assert drain(spool) == [[0], [1], [2, 3, 4], [9]]


def test_a_single_row_cannot_be_split(spool: Spool) -> None:
    spool.append([event(1)], now=NOW)
    batch = spool.next_batch(now=LATER)
    assert batch is not None
    with pytest.raises(ValueError, match=batch.batch_id):
        spool.split(batch.batch_id)
    with pytest.raises(LookupError):
        spool.split("unknown")


def test_a_batch_set_aside_does_not_block_and_can_be_tried_again(spool: Spool) -> None:
    spool.append([event(1)], now=NOW)
    poison = spool.next_batch(now=LATER)
    assert poison is not None
    spool.append([event(2)], now=NOW)
    spool.set_aside(poison.batch_id, "cannot parse", now=LATER)
    (shown,) = spool.aside()
    assert (shown.batch_id, shown.events, shown.error, shown.set_aside_at) == (
        poison.batch_id,
        1,
        "cannot parse",
        LATER,
    )
    assert (spool.depth().events, spool.depth().aside) == (1, 1)
    assert spool.retry_aside(poison.batch_id)
    assert not spool.retry_aside(poison.batch_id)
    assert (spool.depth().events, spool.depth().aside, list(spool.aside())) == (2, 0, [])
    assert drain(spool) == [[2], [1]]


def test_shipping_what_is_gone_changes_nothing(spool: Spool) -> None:
    spool.append([event(1)], now=NOW)
    spool.shipped("unknown")
    spool.mark_tried("unknown", now=NOW)
    assert spool.depth().events == 1


def test_the_depth_tells_events_age_and_watermark(spool: Spool) -> None:
    early = NOW - timedelta(minutes=3)
    spool.append([event(1), event(2, event_time=early)], now=NOW)
    spool.append([event(3)], now=LATER)
    depth = spool.depth()
    assert (depth.events, depth.oldest, depth.oldest_event_time, depth.aside) == (3, NOW, early, 0)
    assert depth.bytes > 3 * 32
    drain(spool)
    assert (spool.depth().events, spool.depth().bytes, spool.depth().oldest_event_time) == (0, 0, None)


def test_a_full_spool_refuses_the_whole_group_and_takes_more_after_shipping(make: Any) -> None:
    spool = make(max_bytes=5_000)
    spool.append([event(n, row=b'{"n":%d,"x":"%s"' % (n, b"x" * 400)) for n in range(8)], now=NOW)
    group = [event(n, given_id=True, row=b'{"n":%d,"x":"%s"' % (n, b"x" * 400)) for n in range(8, 16)]
    with pytest.raises(SpoolFull):
        spool.append(group, now=NOW)
    with pytest.raises(SpoolFull):
        spool.check_writable()
    assert spool.depth().events == 8
    assert drain(spool) == [list(range(8))]
    spool.check_writable()
    assert spool.append(group, now=NOW) == 8
    assert drain(spool) == [list(range(8, 16))]


def test_a_batch_of_many_bytes_takes_no_more(tmp_path: Path) -> None:
    with closing(SqliteSpool.open(tmp_path / "spool.sqlite")) as spool:
        long = b'{"n":%d,"text":"' + b"x" * (BATCH_BYTES // 2) + b'"'
        spool.append([event(n, row=long % n) for n in range(2)], now=NOW)
        spool.append([event(2)], now=NOW)
        assert numbers(spool.next_batch(now=NOW)) == [0, 1]
        assert drain(spool) == [[0, 1], [2]]
