"""The contracts of ``TickLease`` and ``Watermarks``, for the fake and for the real one."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.memory import RedisMemory
from tests.fakes import FakeMemory, SteppingClock

MINUTE = datetime(2026, 11, 21, 12, 34, tzinfo=UTC)
NEXT = MINUTE + timedelta(minutes=1)

Play = Callable[[Callable[[Any], Awaitable[None]]], None]


@pytest.fixture(params=["fake", "redis"])
def play(request: pytest.FixtureRequest, on_redis: Callable[..., None]) -> Play:
    if request.param == "fake":
        return lambda scenario: asyncio.run(scenario(FakeMemory(SteppingClock(MINUTE))))  # type: ignore[arg-type]
    return lambda scenario: on_redis(lambda connection: scenario(RedisMemory(connection)))


def test_one_owner_evaluates_a_minute(play: Play) -> None:
    async def scenario(memory: Any) -> None:
        assert await memory.acquire(MINUTE, owner="a", lease_s=20)
        assert not await memory.acquire(MINUTE, owner="b", lease_s=20)
        assert await memory.acquire(MINUTE, owner="a", lease_s=20)  # a lost answer may be asked for again
        assert await memory.acquire(NEXT, owner="b", lease_s=20)

    play(scenario)


def test_a_lease_that_ran_out_is_taken_over_and_its_old_owner_told(play: Play) -> None:
    async def scenario(memory: Any) -> None:
        assert await memory.acquire(MINUTE, owner="hung", lease_s=0)
        assert await memory.acquire(MINUTE, owner="b", lease_s=20)
        assert not await memory.renew(MINUTE, owner="hung", lease_s=20)
        await memory.finish(MINUTE, owner="hung")
        assert await memory.last_finished() is None
        assert await memory.renew(MINUTE, owner="b", lease_s=20)
        await memory.finish(MINUTE, owner="b")
        assert await memory.last_finished() == MINUTE

    play(scenario)


def test_minutes_that_nobody_finished_or_is_evaluating_are_told_from_the_first_one_on(play: Play) -> None:
    minutes = [MINUTE + timedelta(minutes=n) for n in range(6)]

    async def scenario(memory: Any) -> None:
        assert await memory.unfinished(minutes[0], minutes[5]) == []
        for number, lease_s in ((1, 20), (2, 0), (4, 20)):
            assert await memory.acquire(minutes[number], owner="a", lease_s=lease_s)
        await memory.finish(minutes[4], owner="a")
        assert await memory.unfinished(minutes[0], minutes[5]) == [minutes[2], minutes[3]]
        await memory.finish(minutes[2], owner="a")
        assert await memory.unfinished(minutes[0], minutes[5]) == [minutes[3]]

    play(scenario)


def test_after_a_rewind_a_minute_and_those_after_it_are_evaluated_once_more(play: Play) -> None:
    minutes = [MINUTE + timedelta(minutes=n) for n in range(6)]

    async def scenario(memory: Any) -> None:
        for minute in minutes:
            await memory.acquire(minute, owner="a", lease_s=20)
            await memory.finish(minute, owner="a")
        await memory.rewind(minutes[2])
        assert await memory.last_finished() == minutes[1]
        assert await memory.unfinished(minutes[0], minutes[5]) == minutes[2:5]
        assert not await memory.acquire(minutes[1], owner="b", lease_s=20)
        assert await memory.acquire(minutes[2], owner="b", lease_s=20)
        assert not await memory.acquire(minutes[2], owner="a", lease_s=20)
        await memory.finish(minutes[2], owner="b")
        assert not await memory.acquire(minutes[2], owner="a", lease_s=20)
        assert await memory.acquire(minutes[3], owner="a", lease_s=20)
        assert await memory.last_finished() == minutes[2]

    play(scenario)


def test_a_rewind_to_before_the_first_minute_begins_there(play: Play) -> None:
    async def scenario(memory: Any) -> None:
        await memory.acquire(NEXT, owner="a", lease_s=0)
        await memory.rewind(MINUTE)
        assert await memory.unfinished(MINUTE - timedelta(minutes=1), NEXT) == [MINUTE]

    play(scenario)


def test_a_late_owner_that_nobody_replaced_goes_on(play: Play) -> None:
    async def scenario(memory: Any) -> None:
        assert await memory.acquire(MINUTE, owner="a", lease_s=0)
        assert await memory.renew(MINUTE, owner="a", lease_s=20)
        assert not await memory.acquire(MINUTE, owner="b", lease_s=20)

    play(scenario)


def test_a_finished_minute_is_not_evaluated_again(play: Play) -> None:
    async def scenario(memory: Any) -> None:
        assert await memory.acquire(MINUTE, owner="a", lease_s=0)
        await memory.finish(MINUTE, owner="a")
        assert not await memory.acquire(MINUTE, owner="b", lease_s=20)
        assert not await memory.acquire(MINUTE, owner="a", lease_s=20)

    play(scenario)


def test_the_last_finished_minute_never_goes_back(play: Play) -> None:
    async def scenario(memory: Any) -> None:
        for minute in (NEXT, MINUTE):
            await memory.acquire(minute, owner="a", lease_s=20)
            await memory.finish(minute, owner="a")
        assert await memory.last_finished() == NEXT

    play(scenario)


def test_the_oldest_live_watermark_counts(play: Play) -> None:
    precise = MINUTE - timedelta(microseconds=1)

    async def scenario(memory: Any) -> None:
        assert await memory.oldest() is None
        await memory.publish("idle", None, ttl_s=60)
        assert await memory.oldest() is None
        await memory.publish("one", MINUTE, ttl_s=60)
        await memory.publish("two", precise, ttl_s=60)
        assert await memory.oldest() == precise
        await memory.publish("two", None, ttl_s=60)
        assert await memory.oldest() == MINUTE

    play(scenario)


def test_a_silent_replicas_watermark_is_forgotten(play: Play) -> None:
    async def scenario(memory: Any) -> None:
        await memory.publish("gone", MINUTE - timedelta(hours=1), ttl_s=0)
        await memory.publish("here", MINUTE, ttl_s=60)
        assert await memory.oldest() == MINUTE

    play(scenario)


def test_of_many_replicas_one_wins_the_minute(on_redis: Callable[..., None]) -> None:
    async def scenario(*connections: RedisConnection) -> None:
        tries = (
            RedisMemory(connection).acquire(MINUTE, owner=str(number), lease_s=20)
            for number, connection in enumerate(connections)
        )
        assert sum(await asyncio.gather(*tries)) == 1

    on_redis(scenario, connections=20)
