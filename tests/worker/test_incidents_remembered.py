"""What is known of an incident's messages outlives Redis, and lasts as long as one of them is on its way."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from o11y.alerting.incident import Thread
from o11y.worker.ports import NotifyError
from tests.builders import NOW
from tests.worker_fakes import BURNING, SMOULDERING, FakeNotifier, Replica, World, counted

WELL = counted(0)
AWAY = NotifyError("503 from Slack")


def play(scenario: Callable[[World, Replica], Awaitable[None]]) -> None:
    """With a receiver that keeps threads, and one page told in one."""

    async def run() -> None:
        world = World(slack=FakeNotifier(threads=True))
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica)
        assert world.slack.changes == ["fired"]
        await scenario(world, replica)

    asyncio.run(run())


def test_an_end_that_was_told_late_is_told_in_the_thread_of_its_incident() -> None:
    async def scenario(world: World, replica: Replica) -> None:
        (thread,) = world.incidents.receipts[next(iter(world.incidents.incidents))].threads.values()
        assert isinstance(thread, Thread)
        world.counts.now, world.slack.fails = WELL, [AWAY] * 200
        await world.tick(replica, minutes=45)
        world.slack.fails.clear()
        await world.tick(replica, minutes=8)
        assert world.slack.changes == ["fired", "resolved"]
        assert world.slack.told_in == [None, thread]
        await world.tick(replica)
        assert world.incidents.incidents == world.incidents.receipts == world.incidents.messages == {}

    play(scenario)


def test_an_incident_whose_end_nobody_takes_is_forgotten_after_a_day() -> None:
    async def scenario(world: World, replica: Replica) -> None:
        world.counts.now, world.slack.fails = WELL, [AWAY] * 10_000
        await world.tick(replica, minutes=30)
        assert world.incidents.incidents
        world.clock.advance(24 * 3600)
        await world.tick(replica)
        assert world.incidents.incidents == {}

    play(scenario)


@pytest.mark.parametrize("trouble", ["flushed", "failed over"])
def test_who_acknowledged_is_known_when_redis_has_forgotten(trouble: str) -> None:
    async def scenario(world: World, replica: Replica) -> None:
        (identity,) = world.incidents.incidents
        await world.incidents.acknowledge(identity, by="ann", at=NOW)
        await world.tick(replica)
        if trouble == "flushed":
            world.flush_redis()
        else:
            world.incidents.promote()
            world.incidents.receipts.clear()
        await world.tick(replica, minutes=40)
        known = await world.incidents.delivery_of(identity)
        assert (known.acknowledged_by, known.acknowledged_at) == ("ann", NOW)
        assert "reminded" not in world.slack.changes

    play(scenario)


def test_but_not_when_it_has_since_come_back_and_must_be_acknowledged_anew() -> None:
    """Another replica told that, before the failover that this one learns of only now."""

    async def scenario(world: World, replica: Replica) -> None:
        (identity,) = world.incidents.incidents
        await world.incidents.acknowledge(identity, by="ann", at=NOW)
        world.counts.now = WELL
        await world.tick(replica, minutes=6)
        other = world.replica("other")
        await world.tick(other)
        world.counts.now = BURNING
        await world.tick(other)
        assert world.slack.changes[-1] == "reopened"
        world.incidents.promote()
        await world.tick(replica, minutes=16)
        assert (await world.incidents.delivery_of(identity)).acknowledged_by is None
        assert world.slack.changes[-1] == "reminded"

    play(scenario)


@pytest.mark.parametrize("trouble", ["none", "away for a while", "away for longer", "flushed", "failed over"])
def test_who_acknowledged_a_ticket_has_not_acknowledged_the_page_that_it_becomes(trouble: str) -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = SMOULDERING
        await world.tick(replica, minutes=4)
        (identity,) = world.incidents.incidents
        await world.incidents.acknowledge(identity, by="ann", at=NOW)
        await world.tick(replica)
        world.lose_redis("away" in trouble)
        world.counts.now = BURNING
        await world.tick(replica, minutes=17 if trouble == "away for longer" else 1)
        world.lose_redis(False)
        if trouble == "flushed":
            world.flush_redis()
        elif trouble == "failed over":
            world.incidents.promote()
        await world.tick(replica, minutes=16)
        assert world.slack.changes[:3] == ["fired", "escalated", "reminded"]
        assert (await world.incidents.delivery_of(identity)).acknowledged_by is None

    asyncio.run(scenario(World()))


def test_and_is_reminded_of_the_page_while_redis_is_still_away() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = SMOULDERING
        await world.tick(replica, minutes=4)
        (identity,) = world.incidents.incidents
        await world.incidents.acknowledge(identity, by="ann", at=NOW)
        await world.tick(replica)
        world.lose_redis()
        world.counts.now = BURNING
        await world.tick(replica, minutes=16)
        assert world.slack.changes == ["fired", "escalated", "reminded"]

    asyncio.run(scenario(World()))
