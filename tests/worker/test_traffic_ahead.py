"""What is usual is read before it is needed: after one minute's telling, for the next minute."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from o11y.slo.sli import Indicator, Sli
from o11y.slo.windows import Severity, WindowPair
from o11y.worker.ports import StoreError
from o11y.worker.tick import window_end
from tests.builders import NOW, objective
from tests.worker_fakes import BURNING, World

LONG_S, SHORT_S = 600, 300
WATCHED = objective(
    name="traffic-drop",
    sli=Sli(Indicator.TRAFFIC),
    target="0.05",
    pairs=(WindowPair(Severity.TICKET, LONG_S, SHORT_S, Decimal(1)),),
)
MINUTE = timedelta(minutes=1)


def world() -> World:
    return World(objectives=[objective(), WATCHED])


def test_what_is_usual_in_a_minute_is_asked_for_in_the_one_before() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica, minutes=30)
        after = NOW + 29 * MINUTE
        both = frozenset({LONG_S, SHORT_S})
        assert world.baselines.asked[-2:] == [(both, window_end(after, 10)), (both, window_end(after + MINUTE, 10))]

    asyncio.run(scenario(world()))


def test_a_replica_that_does_not_evaluate_is_ready_to_take_over() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica, minutes=30)
        world.baselines.asked.clear()
        now = world.clock.now
        await world.memory.acquire(now, owner="another", lease_s=20)
        await replica.ticker.tick(now)
        assert world.baselines.asked == [(frozenset({LONG_S, SHORT_S}), window_end(now + MINUTE, 10))]

    asyncio.run(scenario(world()))


def test_a_window_that_will_not_have_been_watched_is_not_asked_for() -> None:
    async def scenario(world: World) -> None:
        await world.tick(world.replica(), minutes=6)
        assert world.baselines.asked == [(frozenset({SHORT_S}), window_end(NOW + 6 * MINUTE, 10))]

    asyncio.run(scenario(world()))


def test_what_cannot_be_read_ahead_is_no_failed_tick() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica, minutes=30)
        world.baselines.fail, world.counts.now = StoreError("away"), BURNING
        await world.tick(replica)
        assert replica.ticker.health.failures_in_a_row == 0
        assert world.slack.severities() == ["page"]

    asyncio.run(scenario(world()))
