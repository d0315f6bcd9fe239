"""Evaluators that share incidents: one message for all of them, also when Redis goes away, comes back, or forgets."""

import asyncio
from datetime import timedelta

from o11y.alerting.incident import Phase
from o11y.alerting.minute import Minute
from o11y.worker.ports import NotifyError
from tests.builders import NOW, dimension
from tests.worker_fakes import BURNING, Replica, World, counted

MINUTE = timedelta(minutes=1)
WELL = counted(0)
DOWN = NotifyError("503 from Slack")


class Apart:
    """What an evaluator sees of Redis while it alone is cut off from it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cut = True

    def __getattr__(self, name: str) -> object:
        self.world.incidents.lost = self.cut
        return getattr(self.world.incidents, name)


async def during(world: World, *replicas: Replica, minutes: int) -> None:
    """Each of them ticks in each minute."""
    for _ in range(minutes):
        for replica in replicas:
            await replica.ticker.tick(world.clock.now)
            await replica.delivery.retry_due()
        world.clock.advance(60)


# ---------------------------------------------------------------- many at once


def test_fifty_evaluators_send_one_message() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        replicas = [world.replica(str(number)) for number in range(50)]
        await asyncio.gather(*(replica.ticker.tick(NOW) for replica in replicas))
        assert world.slack.changes == ["fired"]
        assert len(world.counts.asked) == 1

    asyncio.run(scenario(World()))


def test_fifty_evaluators_of_an_open_incident_that_all_skip_the_lease_send_one_message() -> None:
    async def scenario(world: World) -> None:
        replicas = [world.replica(str(number)) for number in range(50)]
        world.counts.now = BURNING
        await world.tick(replicas[0], minutes=3)
        world.counts.now = WELL
        await world.tick(replicas[0], minutes=4)
        found = [await replica.ticker.evaluate(world.clock.now) for replica in replicas]
        minutes = [Minute(one.minute, one.alerts, one.counts, {o.name: o for o in world.objectives}) for one in found]
        errors = await asyncio.gather(
            *(
                replica.ticker.telling.tell(minute, until=evaluation.until)
                for replica, minute, evaluation in zip(replicas, minutes, found, strict=True)
            )
        )
        assert errors == [[]] * 50
        assert world.slack.changes == ["fired", "resolved"]
        assert world.spool.transitions().count("resolved") == 1
        assert world.outbox.entries == {}

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- Redis away


def test_with_redis_away_pages_go_out_once_a_cooldown_and_say_so() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.lose_redis()
        world.counts.now = BURNING
        await world.tick(replica, minutes=16)
        assert [(page.fired_at, page.without_memory) for page in world.slack.alerts] == [
            (NOW, True),
            (NOW + 15 * MINUTE, True),
        ]
        assert world.slack.changes == ["fired", "reminded"]
        assert replica.ticker.health.failures_in_a_row == 0
        assert replica.incidents.memory_lost_since == NOW

    asyncio.run(scenario(World()))


def test_a_process_knows_what_it_told_before_redis_went_away() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica)
        world.lose_redis()
        await world.tick(replica, minutes=14)
        assert world.slack.changes == ["fired"]
        await world.tick(replica)
        assert world.slack.changes == ["fired", "reminded"]

    asyncio.run(scenario(World()))


def test_who_evaluated_nothing_knows_what_the_others_told_when_redis_goes_away() -> None:
    async def scenario(world: World) -> None:
        teller, idle = world.replica("teller"), world.replica("idle")
        world.counts.now = BURNING
        await during(world, teller, idle, minutes=3)
        world.lose_redis()
        await during(world, idle, minutes=5)
        assert world.slack.changes == ["fired"]

    asyncio.run(scenario(World()))


def test_what_was_told_without_redis_is_not_told_again_when_it_is_back() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica)
        world.lose_redis()
        world.counts.now = BURNING
        await world.tick(replica)
        world.lose_redis(False)
        await world.tick(replica)
        await world.tick(world.replica("another"), minutes=5)
        assert [page.without_memory for page in world.slack.alerts] == [True]

    asyncio.run(scenario(World()))


def test_an_incident_told_during_a_long_absence_of_redis_is_no_late_detection_afterwards() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica)
        world.counts.now = WELL
        world.counts.at[NOW + MINUTE - timedelta(seconds=10)] = BURNING
        world.lose_redis()
        await world.tick(replica, minutes=20)
        world.lose_redis(False)
        await world.tick(replica, minutes=2)
        assert [(m.fired_at, m.late_detection) for m in world.slack.alerts] == [
            (NOW + MINUTE, False),
            (NOW + 6 * MINUTE, False),
        ]
        assert world.slack.changes == ["fired", "resolved"]

    asyncio.run(scenario(World()))


def test_what_was_told_without_redis_is_shared_by_an_evaluator_that_wins_no_minute_afterwards() -> None:
    async def scenario(world: World) -> None:
        first, second = world.replica("a"), world.replica("b")
        world.counts.now = BURNING
        world.lose_redis()
        await second.ticker.tick(NOW)
        world.lose_redis(False)
        await world.memory.acquire(NOW + MINUTE, owner="somebody", lease_s=3600)
        world.clock.advance(60)
        await second.ticker.tick(world.clock.now)
        world.clock.advance(60)
        await world.tick(first, minutes=12)
        assert world.slack.changes == ["fired"]

    asyncio.run(scenario(World()))


def test_two_evaluators_without_redis_each_tell_once_and_are_one_incident_when_it_is_back() -> None:
    """Duplicates are at most the replicas, and only while Redis is away."""

    async def scenario(world: World) -> None:
        one, two = world.replica("one"), world.replica("two")
        world.lose_redis()
        world.counts.now = BURNING
        await during(world, one, two, minutes=3)
        assert world.slack.changes == ["fired", "fired"]
        world.lose_redis(False)
        await during(world, one, two, minutes=3)
        world.counts.now = WELL
        await during(world, one, two, minutes=6)
        assert world.slack.changes == ["fired", "fired", "resolved"]
        assert [incident.phase for incident in world.incidents.incidents.values()] == [Phase.RESOLVED]
        assert set(world.incidents.receipts) == set(world.incidents.incidents), "receipts of both are of the one"

    asyncio.run(scenario(World()))


def test_an_incident_that_ended_without_redis_does_not_take_the_next_one_with_it() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica)
        world.lose_redis()
        for counts, minutes in ((WELL, 30), (BURNING, 2)):
            world.counts.now = counts
            await world.tick(replica, minutes=minutes)
        world.lose_redis(False)
        await world.tick(replica, minutes=3)
        assert world.slack.changes == ["fired", "resolved", "fired"]
        assert [one.is_open for one in world.incidents.incidents.values()] == [False, True]

    asyncio.run(scenario(World()))


def test_replicas_that_are_back_at_the_same_moment_look_at_what_the_other_has_written() -> None:
    async def scenario(world: World) -> None:
        one, two = world.replica("one"), world.replica("two")
        first, more = (counted(50, *map(dimension, names)) for names in ("abc", "abcd"))
        world.counts.now = first
        await during(world, one, two, minutes=3)
        world.lose_redis()
        await during(world, one, minutes=1)
        world.counts.now = more
        await during(world, two, minutes=3)
        world.lose_redis(False)
        commit = world.incidents.commit

        async def slow(*arguments: object, **named: object) -> object:
            await asyncio.sleep(0)
            return await commit(*arguments, **named)  # type: ignore[arg-type]

        world.incidents.commit = slow  # type: ignore[method-assign,assignment]
        await asyncio.gather(one.incidents.load(), two.incidents.load())
        (kept,) = world.incidents.incidents.values()
        assert len(kept.members) == 4
        assert kept.evaluated_at == NOW + 6 * MINUTE

    asyncio.run(scenario(World()))


def test_who_was_cut_off_alone_brings_no_end_about_that_the_others_did_not_see() -> None:
    async def scenario(world: World) -> None:
        apart = Apart(world)
        lonely, other = world.replica("lonely", store=apart), world.replica("other")
        apart.cut = False
        world.counts.now = BURNING
        await during(world, lonely, minutes=2)
        apart.cut = True
        await during(world, other, minutes=4)
        world.incidents.lost = False
        apart.cut = False
        await during(world, lonely, other, minutes=2)
        assert world.slack.changes == ["fired"]
        assert [incident.phase for incident in world.incidents.incidents.values()] == [Phase.FIRING]

    asyncio.run(scenario(World()))
