"""One replica makes a report, and when it dies another one does."""

from collections.abc import Callable
from datetime import timedelta

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.report_turns import LEASE_S, RedisReportTurns
from o11y.worker.ports.reports import Turn
from tests.builders import NOW

KEY = "o11y:report:20261121T1200"


def test_of_two_replicas_one_has_the_turn_until_it_is_done(on_redis: Callable[..., None]) -> None:
    async def scenario(redis: RedisConnection, other: RedisConnection) -> None:
        one, two = RedisReportTurns(redis, replica="one"), RedisReportTurns(other, replica="two")
        assert [await one.take(NOW), await two.take(NOW), await one.take(NOW)] == [Turn.MINE, Turn.OTHERS, Turn.MINE]
        await one.done(NOW)
        assert [await one.take(NOW), await two.take(NOW)] == [Turn.DONE, Turn.DONE]
        assert await two.take(NOW + timedelta(days=7)) is Turn.MINE

    on_redis(scenario, 2)


def test_a_turn_ends_by_itself_and_that_it_was_taken_does_not_stay_for_ever(on_redis: Callable[..., None]) -> None:
    async def scenario(redis: RedisConnection) -> None:
        turns = RedisReportTurns(redis, replica="one")
        await turns.take(NOW)
        assert 0 < await redis._redis.ttl(KEY) <= LEASE_S
        await redis._redis.delete(KEY)
        assert await RedisReportTurns(redis, replica="two").take(NOW) is Turn.MINE
        await turns.done(NOW)
        assert LEASE_S < await redis._redis.ttl(KEY) <= 30 * 86_400

    on_redis(scenario)
