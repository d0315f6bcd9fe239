"""The clock is set while minutes are evaluated: none is told twice, and none is skipped in silence."""

import asyncio
from datetime import timedelta

import pytest

from tests.worker.test_tick import ending
from tests.worker_fakes import BURNING, QUIET, World

MINUTE = timedelta(minutes=1)


def test_after_the_clock_stepped_back_by_an_hour_every_minute_is_evaluated_again_and_nothing_is_told_twice() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica, minutes=5)
        assert world.slack.severities() == ["page"]
        world.counts.now = QUIET
        world.clock.advance(-3600)
        world.counts.asked.clear()
        stepped_to = world.clock.now
        await world.tick(replica, minutes=70)
        assert world.counts.asked == [ending(stepped_to + n * MINUTE) for n in range(70)]
        assert world.slack.changes == ["fired", "no_data"]
        assert replica.ticker.health.last_minute == stepped_to + 69 * MINUTE

    asyncio.run(scenario(World()))


@pytest.mark.parametrize(("step_s", "changes"), [(-3600.0, ["fired"]), (3600.0, ["fired", "reminded"])])
def test_an_incident_that_goes_on_while_the_clock_is_set_is_told_once_more_at_most(
    step_s: float, changes: list[str]
) -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica, minutes=3)
        world.clock.advance(step_s)
        await world.tick(replica, minutes=14)
        assert world.slack.changes == changes
        await world.tick(replica, minutes=14)
        assert world.slack.changes[:2] == ["fired", "reminded"], "the step costs no reminder"

    asyncio.run(scenario(World()))


def test_a_replica_whose_clock_is_a_little_behind_does_not_take_minutes_back() -> None:
    async def scenario(world: World) -> None:
        ahead, behind = world.replica("ahead"), world.replica("behind")
        await world.tick(ahead, minutes=4)
        world.counts.asked.clear()
        world.clock.advance(-180)
        await world.tick(behind)
        assert world.counts.asked == []

    asyncio.run(scenario(World()))


def test_after_a_step_forward_half_an_hour_is_caught_up_and_the_rest_is_said_to_be_skipped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica)
        world.counts.asked.clear()
        now = world.clock.advance(3600)
        await world.tick(replica)
        assert sorted(set(world.counts.asked)) == [ending(now - n * MINUTE) for n in range(30, -1, -1)]
        (skipped,) = [record for record in caplog.records if "will not be evaluated" in record.message]
        assert skipped.__dict__["minutes"] == 30
        await world.tick(replica, minutes=2)
        assert replica.metrics.registry.get_sample_value("o11y_ticks_total", {"outcome": "skipped"}) == 30

    asyncio.run(scenario(World()))
