"""One of several replicas tells a trouble that all of them see."""

import asyncio
import time
from collections.abc import Callable

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.first_to_tell import FirstToTell


def test_of_two_replicas_one_is_first_and_stays_it(on_redis: Callable[..., None]) -> None:
    async def scenario(redis: RedisConnection, other: RedisConnection) -> None:
        one = FirstToTell(redis, replica="one", ttl_s=3600)
        two = FirstToTell(other, replica="two", ttl_s=3600)
        assert [await one("late"), await two("late"), await one("late")] == [True, False, True]
        assert await two("another trouble")

    on_redis(scenario, 2)


def test_a_name_is_free_again_after_its_time(on_redis: Callable[..., None]) -> None:
    async def scenario(redis: RedisConnection) -> None:
        await FirstToTell(redis, replica="one", ttl_s=1234)("late")
        left_s = int(await redis._redis.pttl("o11y:teller:late")) / 1000
        assert 1200 < left_s <= 1234

    on_redis(scenario)


def test_without_redis_everybody_is_first() -> None:
    async def scenario() -> None:
        redis = RedisConnection("unix:///nowhere/redis.sock", monotonic=time.monotonic)
        try:
            assert await FirstToTell(redis, replica="one", ttl_s=3600)("late")
        finally:
            await redis.close()

    asyncio.run(scenario())
