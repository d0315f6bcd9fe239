"""A process dies around a send: one message in the end, and a second only where the first may have arrived."""

import asyncio
from datetime import timedelta

import pytest

from o11y.slo.windows import Severity
from tests.builders import NOW
from tests.worker_fakes import BURNING, World


def test_a_crash_while_sending_gives_one_page_after_the_lease_marked_as_repeated() -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.slack.fails = BURNING, [asyncio.CancelledError()]
        with pytest.raises(asyncio.CancelledError):
            await world.replica("crashing").ticker.tick(NOW)
        replica = world.replica("next")
        world.clock.advance(29)
        assert await replica.delivery.retry_due() == 0
        world.clock.advance(1)
        assert await replica.delivery.retry_due() == 1
        world.clock.advance(30)
        await world.tick(replica, minutes=3)
        assert [(page.severity, page.repeated) for page in world.slack.alerts] == [(Severity.PAGE, True)]

    asyncio.run(scenario(World()))


def test_a_crash_before_the_incident_is_kept_gives_one_page_by_the_next_evaluation() -> None:
    async def scenario(world: World) -> None:
        await world.replica("healthy").ticker.tick(NOW - timedelta(minutes=1))
        world.counts.at[NOW - timedelta(seconds=10)] = BURNING
        world.colour.fail = asyncio.CancelledError()
        with pytest.raises(asyncio.CancelledError):
            await world.replica("crashing").ticker.tick(NOW)
        assert (world.outbox.entries, world.incidents.incidents) == ({}, {})
        world.colour.fail = None
        world.clock.advance(60)
        await world.tick(world.replica("next"), minutes=3)
        (page,) = world.slack.alerts
        assert (page.fired_at, page.repeated, page.late_detection) == (NOW, False, True)

    asyncio.run(scenario(World()))


def test_a_crash_after_delivery_is_repeated_once_and_says_so() -> None:
    """The one duplicate that cannot be avoided: nobody knows that the message arrived."""

    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        crashing = world.replica("crashing")
        crashing.incidents.receive = crash  # type: ignore[method-assign]
        with pytest.raises(asyncio.CancelledError):
            await crashing.ticker.tick(NOW)
        world.clock.advance(60)
        await world.tick(world.replica("next"), minutes=4)
        assert [page.repeated for page in world.slack.alerts] == [False, True]

    async def crash(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    asyncio.run(scenario(World()))
