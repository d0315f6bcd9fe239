"""Silences are kept once each, for every replica, and forgotten some days after their end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.silences import RedisSilences
from o11y.alerting.silence import MOST_LIVE
from o11y.worker.ports import MemoryLost, SilenceStore, TooManySilences
from tests.builders import NOW, silence
from tests.fakes_silences import FakeSilences

HOUR = timedelta(hours=1)
Play = Callable[..., None]


@pytest.fixture(params=["fake", "redis"])
def play(request: pytest.FixtureRequest, on_redis: Callable[..., None]) -> Play:
    """Runs ``scenario(store)`` on an empty store."""

    def run(scenario: Callable[[SilenceStore], Awaitable[None]], capacity: int = MOST_LIVE) -> None:
        async def on_connection(connection: RedisConnection) -> None:
            await scenario(RedisSilences(connection, capacity=capacity))

        if request.param == "fake":
            asyncio.run(scenario(FakeSilences(capacity=capacity)))  # type: ignore[arg-type]
        else:
            on_redis(on_connection)

    return run


def test_what_is_put_is_there_as_it_was(play: Play) -> None:
    one = silence('client="a \\"b\\"",model=~"gpt.*"', incident_id="i-1", author="ann 🗝")
    other = silence(silence_id="s-2", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)

    async def scenario(store: SilenceStore) -> None:
        assert await store.all() == []
        assert await store.put(one) == one
        assert await store.put(other) == other
        assert sorted(await store.all(), key=lambda kept: kept.silence_id) == [one, other]

    play(scenario)


def test_the_first_of_an_id_is_kept_also_when_it_was_expired_since(play: Play) -> None:
    async def scenario(store: SilenceStore) -> None:
        await store.put(silence())
        assert await store.put(silence(comment="another")) == silence()
        ended = await store.expire("s-1", at=NOW, by="bob")
        assert await store.put(silence()) == ended
        assert await store.all() == [ended]

    play(scenario)


def test_it_is_expired_once_by_whoever_was_first(play: Play) -> None:
    async def scenario(store: SilenceStore) -> None:
        await store.put(silence())
        ended = replace(silence(), expired_at=NOW + HOUR / 4, expired_by="bob")
        assert await store.expire("s-1", at=NOW + HOUR / 4, by="bob") == ended
        assert await store.expire("s-1", at=NOW + HOUR / 2, by="carl") == ended
        assert await store.all() == [ended]

    play(scenario)


def test_one_whose_time_is_over_stays_as_it_was_and_an_unknown_one_is_none(play: Play) -> None:
    async def scenario(store: SilenceStore) -> None:
        await store.put(silence())
        assert await store.expire("s-1", at=NOW + HOUR, by="bob") == silence()
        assert await store.expire("s-2", at=NOW, by="bob") is None

    play(scenario)


def test_what_ended_five_days_ago_is_forgotten(play: Play) -> None:
    days = timedelta(days=1)

    async def scenario(store: SilenceStore) -> None:
        await store.put(silence(silence_id="old"))
        await store.put(silence(silence_id="expired", ends_at=NOW + 300 * days))
        await store.expire("expired", at=NOW + HOUR, by="bob")
        await store.put(silence(silence_id="live", ends_at=NOW + 300 * days))
        at = NOW + 5 * days + HOUR
        for name, made in (("before", at - HOUR / 2), ("after", at)):
            await store.put(silence(silence_id=name, starts_at=made, ends_at=made + HOUR, created_at=made))
            kept = {one.silence_id for one in await store.all()}
            assert kept == ({"old", "expired", "live", "before"} if name == "before" else {"live", "before", "after"})

    play(scenario)


def test_there_is_a_limit_to_those_that_are_in_force_or_to_come(play: Play) -> None:
    async def scenario(store: SilenceStore) -> None:
        await store.put(silence(silence_id="a"))
        await store.put(silence(silence_id="b", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR))
        with pytest.raises(TooManySilences, match="2 silences are in force"):
            await store.put(silence(silence_id="c"))
        assert await store.put(silence(silence_id="a")) == silence(silence_id="a")
        await store.expire("a", at=NOW, by="bob")
        assert await store.put(silence(silence_id="c")) == silence(silence_id="c")

    play(scenario, capacity=2)


# ---------------------------------------------------------------- Redis alone


def test_of_those_that_ended_the_oldest_make_room(on_redis: Callable[..., None]) -> None:
    async def scenario(connection: RedisConnection) -> None:
        store = RedisSilences(connection, capacity=5)
        for number in range(13):
            at = NOW + timedelta(seconds=number)
            await store.put(
                silence(silence_id=f"s-{number}", starts_at=at, ends_at=at + timedelta(seconds=1), created_at=at)
            )
        kept = {one.silence_id for one in await store.all()}
        assert kept == {f"s-{number}" for number in range(3, 13)}

    on_redis(scenario)


def test_replicas_that_put_and_expire_at_once_agree(on_redis: Callable[..., None]) -> None:
    async def scenario(*connections: RedisConnection) -> None:
        stores = [RedisSilences(connection) for connection in connections]
        kept = await asyncio.gather(
            *(store.put(silence(comment=f"of {number}")) for number, store in enumerate(stores))
        )
        assert len(set(kept)) == 1
        ended = await asyncio.gather(
            *(store.expire("s-1", at=NOW, by=f"admin {number}") for number, store in enumerate(stores))
        )
        assert len(set(ended)) == 1
        assert await stores[0].all() == [ended[0]]

    on_redis(scenario, connections=6)


def test_one_that_cannot_be_read_mutes_nothing_and_hides_no_other(
    on_redis: Callable[..., None], redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(connection: RedisConnection) -> None:
        store = RedisSilences(connection)
        await store.put(silence())
        with redis.Redis.from_url(redis_url) as client:
            client.hset("o11y:{silences}:entries", "odd", '{"version": 99}')
        assert await store.all() == [silence()]
        assert await store.expire("odd", at=NOW, by="bob") is None

    with caplog.at_level(logging.ERROR):
        on_redis(scenario)
    assert any("not readable" in record.message for record in caplog.records)


def test_without_redis_it_says_so() -> None:
    async def scenario() -> None:
        connection = RedisConnection("unix:///nonexistent/redis.sock", monotonic=lambda: 0.0)
        store = RedisSilences(connection)
        for asked in (store.all(), store.put(silence()), store.expire("s-1", at=NOW, by="bob")):
            with pytest.raises(MemoryLost):
                await asked
        await connection.close()

    asyncio.run(scenario())
