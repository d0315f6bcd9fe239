"""What bodies may cost: time, memory, and the decoders they ask for. In process, on a clock of its own."""

import asyncio
import gzip
import selectors
import sys
import tracemalloc
from collections.abc import Coroutine, Iterable
from typing import Any

import pytest

from o11y.http.body import Room, read_body
from o11y.http.ingest import BATCH_PATH
from o11y.http.ingest_answer import Refused
from tests.http.ingest_house import JSON, House
from tests.wire_events import SECRET, wire_json

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1024 * 1024
AUTHORIZED = {**JSON, "authorization": f"Bearer {SECRET}"}


class SteppedLoop(asyncio.SelectorEventLoop):
    """Its time passes only when somebody says so."""

    now = 0.0

    def time(self) -> float:
        return self.now


def on_stepped_clock(main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=lambda: SteppedLoop(selectors.DefaultSelector())) as runner:
        return runner.run(main)


async def read_at(
    pieces: Iterable[bytes], *, seconds_each: float, timeout_s: float = 30, max_bytes: int = MIB
) -> bytes:
    """The body whose pieces take so long each; ``Refused`` as the door would answer."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteppedLoop)
    arriving = iter(pieces)

    async def receive() -> Any:
        loop.now += seconds_each
        for _ in range(3):  # a deadline that has passed meanwhile strikes now
            await asyncio.sleep(0)
        piece = next(arriving, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    with Room(64 * MIB).share() as share:
        return await read_body({}, receive, share=share, max_bytes=max_bytes, read_timeout_s=timeout_s)


def refusal(main: Coroutine[Any, Any, Any]) -> int:
    with pytest.raises(Refused) as refused:
        on_stepped_clock(main)
    return refused.value.answer.status


def test_a_body_that_keeps_a_fair_pace_may_take_longer_than_the_time_to_be_silent() -> None:
    body = on_stepped_clock(read_at([b"x" * 64 * 1024] * 12, seconds_each=1.9, timeout_s=5))
    assert len(body) == 12 * 64 * 1024


def test_a_body_that_is_silent_too_long_is_a_408() -> None:
    assert refusal(read_at([b"x" * 64 * 1024] * 2, seconds_each=31)) == 408


def test_a_body_that_is_never_silent_but_too_slow_is_a_408() -> None:
    """Each piece would start the time to be silent anew: 16 MiB could take days."""
    assert refusal(read_at([b"x" * 1024] * 1000, seconds_each=20)) == 408


def test_bodies_under_way_share_the_room_and_one_too_many_is_a_503_that_can_come_again() -> None:
    async def main() -> None:
        house = House(max_bytes_under_way=100_000)
        held = [asyncio.create_task(house.post(_begun(40_000), AUTHORIZED)) for _ in range(2)]
        await _settled()
        crowded = await house.post(_begun(40_000), AUTHORIZED)
        assert crowded is not None
        assert (crowded.status, crowded.headers["retry-after"]) == (503, "1")
        assert crowded.json["success"] is False
        small = await house.post(wire_json(), AUTHORIZED)  # in one piece: nothing of it waits
        assert small is not None
        assert small.status == 204
        for task in held:
            task.cancel()
        await asyncio.wait(held)
        after = await house.post([_part(wire_json()[:50]), _part(wire_json()[50:], more=False)], AUTHORIZED)
        assert after is not None
        assert after.status == 204

    asyncio.run(main())


def _part(data: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def _begun(size: int) -> list[dict[str, Any]]:
    """A body that never ends."""
    return [_part(b" " * size), {"type": "silence"}]


async def _settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_a_request_took_of_the_room_is_given_back_however_it_ends() -> None:
    async def main() -> None:
        house = House(max_bytes_under_way=1000)
        for ending in ([_part(b"{" * 900, more=False)], [{"type": "http.disconnect"}], [_part(b"x" * 101)]):
            await house.post([_part(b" " * 900), *ending], AUTHORIZED)
        last = await house.post([_part(b" " * 999), _part(b" ", more=False)], AUTHORIZED)
        assert last is not None
        assert last.status == 400

    asyncio.run(main())


def test_a_body_in_many_small_parts_weighs_no_more_than_in_one() -> None:
    async def main() -> int:
        tracemalloc.start()
        try:
            await House().post(_in_parts(200_000), AUTHORIZED)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert asyncio.run(main()) < 2 * MIB


def _in_parts(count: int) -> Iterable[dict[str, Any]]:
    for _ in range(count):
        yield _part(b" ")
    yield _part(b"", more=False)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_a_413_and_goes_off_nowhere(encoding: str) -> None:
    compress = gzip.compress if encoding == "gzip" else zstd.compress
    bomb = compress(b" " * 100 * MIB)
    headers = {**AUTHORIZED, "content-encoding": encoding}

    async def main() -> tuple[int, int]:
        tracemalloc.start()
        try:
            answer = await House().post(bomb, headers, path=BATCH_PATH)
            assert answer is not None
            return answer.status, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    status, peak = asyncio.run(main())
    assert status == 413
    assert peak < 50 * MIB


def test_a_bomb_inside_a_bomb_is_opened_once() -> None:
    nested = gzip.compress(gzip.compress(b" " * 10 * MIB))
    answer = asyncio.run(House().post(nested, {**AUTHORIZED, "content-encoding": "gzip"}))
    assert answer is not None
    assert answer.status == 400


def test_a_zstd_frame_that_asks_for_a_window_of_gigabytes_is_a_400() -> None:
    # magic number, no checksum and no content size, a window of 2^41 bytes, then an empty last block (RFC 8878, 3.1.1)
    frame = b"\x28\xb5\x2f\xfd" + b"\x00" + b"\xf8" + b"\x01\x00\x00"
    answer = asyncio.run(House().post(frame, {**AUTHORIZED, "content-encoding": "zstd"}))
    assert answer is not None
    assert answer.status == 400


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_of_endless_empty_members_is_a_400(encoding: str) -> None:
    compress = gzip.compress if encoding == "gzip" else zstd.compress
    answer = asyncio.run(House().post(compress(b"") * 5_000, {**AUTHORIZED, "content-encoding": encoding}))
    assert answer is not None
    assert answer.status == 400
    assert "parts" in answer.json["issues"][0]["message"]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_an_event_in_a_few_members_is_taken(encoding: str) -> None:
    compress = gzip.compress if encoding == "gzip" else zstd.compress
    body = b"".join(compress(wire_json()[start : start + 20]) for start in range(0, len(wire_json()), 20))
    answer = asyncio.run(House().post(body, {**AUTHORIZED, "content-encoding": encoding}))
    assert answer is not None
    assert answer.status == 204


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000_000,
        b"[" + b"[]," * 3_000_000 + b"[]]",
        b"[" + b'{"a":{}},' * 1_000_000 + b"{}]",
        b"[" + b"0," * 4_000_000 + b"0]",
    ],
    ids=["nesting", "arrays", "objects", "numbers"],
)
def test_a_batch_that_would_weigh_far_more_than_its_text_is_a_413(body: bytes) -> None:
    answer = asyncio.run(House().post(body, AUTHORIZED, path=BATCH_PATH))
    assert answer is not None
    assert answer.status == 413


def test_a_spoilt_array_of_millions_of_commas_is_not_taken_apart() -> None:
    body = b'[{"a":[' + b"," * 8_000_000 + b"]}]"
    answer = asyncio.run(House().post(body, AUTHORIZED, path=BATCH_PATH))
    assert answer is not None
    assert answer.status == 400


@pytest.mark.parametrize("text", [b"[" * 200_000, b'{"a":' * 40_000, b"9" * 200_000, b'"' + b"\\" * 200_000])
def test_a_hostile_text_is_an_event_that_is_refused(text: bytes) -> None:
    answer = asyncio.run(House().post(text, AUTHORIZED))
    assert answer is not None
    assert answer.status == 400
