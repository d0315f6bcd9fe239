"""Redis forgets: what was told is known all the same, from the processes that live and from the history."""

import asyncio
from datetime import timedelta

import pytest

from o11y.alerting.incident import Incident
from o11y.worker.ports import StoreError
from tests.builders import NOW
from tests.worker.test_incidents import DOWN, WELL, during
from tests.worker_fakes import BURNING, QUIET, SMOULDERING, World

MINUTE = timedelta(minutes=1)


# ---------------------------------------------------------------- Redis flushed


def told_before(world: World) -> list[Incident]:
    """What the history would know of the incidents of now."""
    return list(world.incidents.incidents.values())


def test_after_a_flush_what_was_told_is_restored_before_anything_is_sent() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        await world.tick(world.replica())
        world.told.incidents = told_before(world)
        world.flush_redis()
        started = world.replica("started")
        await world.tick(started, minutes=14)
        assert world.slack.changes == ["fired"]
        await world.tick(started)
        assert world.slack.changes == ["fired", "reminded"]

    asyncio.run(scenario(World()))


def test_a_restored_page_still_holds_its_ticket() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        await world.tick(world.replica())
        world.told.incidents = told_before(world)
        world.flush_redis()
        world.counts.now = SMOULDERING
        await world.tick(world.replica("started"), minutes=29)
        assert world.slack.changes == ["fired"]

    asyncio.run(scenario(World()))


def test_an_incident_that_has_long_ended_is_not_taken_back_from_the_history() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        await world.tick(world.replica())
        world.counts.now = WELL
        await world.tick(world.replica(), minutes=5)
        world.told.incidents = told_before(world)
        world.flush_redis()
        world.clock.advance(3600)
        await world.tick(world.replica("started"))
        assert world.incidents.incidents == {}

    asyncio.run(scenario(World()))


@pytest.mark.parametrize("trouble", ["flushed", "away"])
def test_redis_is_told_again_what_waits_in_the_outbox(trouble: str) -> None:
    async def scenario(world: World) -> None:
        holder, other = world.replica("holder"), world.replica("other")
        await world.tick(other)
        world.counts.now = BURNING
        world.slack.fails = [DOWN] * 1_000
        if trouble == "away":
            world.lose_redis()
        await holder.ticker.tick(world.clock.now)
        world.lose_redis(False)
        if trouble == "flushed":
            world.flush_redis()
        world.clock.advance(60)
        for _ in range(5):
            await asyncio.gather(other.ticker.tick(world.clock.now), holder.ticker.tick(world.clock.now))
            world.clock.advance(60)
        world.slack.fails = []
        for _ in range(5):
            world.clock.advance(31)
            await holder.delivery.retry_due()
        assert world.slack.changes[0] == "fired"
        assert world.slack.changes.count("fired") == 1
        assert world.outbox.entries == {}

    asyncio.run(scenario(World()))


def test_a_memory_that_was_never_used_is_marked_once() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica)
        assert await world.incidents.generation() is not None
        world.told.fail = StoreError("not asked again")
        await world.tick(replica)
        assert replica.ticker.health.failures_in_a_row == 0

    asyncio.run(scenario(World()))


def test_while_the_history_cannot_be_read_after_a_flush_nothing_is_repeated_for_two_ticks() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        await world.tick(world.replica())
        world.told.incidents = told_before(world)
        world.flush_redis()
        world.told.fail = StoreError("away")
        started = world.replica("started")
        await world.tick(started, minutes=2)
        assert world.slack.changes == ["fired"]
        assert started.ticker.health.failures_in_a_row == 2
        world.told.fail = None
        await world.tick(started, minutes=5)
        assert world.slack.changes == ["fired"]

    asyncio.run(scenario(World()))


def test_while_the_history_stays_unreadable_after_a_flush_who_told_a_page_still_knows_it() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica)
        world.flush_redis()
        world.told.fail = StoreError("away")
        await world.tick(replica, minutes=14)
        assert world.slack.changes == ["fired"]

    asyncio.run(scenario(World()))


def test_a_history_that_stays_unreadable_does_not_silence_pages() -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.told.fail = BURNING, StoreError("no such table")
        replica = world.replica()
        await world.tick(replica, minutes=5)
        assert [page.fired_at for page in world.slack.alerts] == [NOW + 2 * MINUTE]
        assert world.slack.notices == []

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- a failover that lost the last writes

Shared = tuple[dict[str, object], dict[str, object], dict[str, object], set[str]]


def shared(world: World) -> Shared:
    store, outbox = world.incidents, world.outbox
    return dict(store.incidents), dict(store.receipts), dict(outbox.entries), set(outbox.delivered)


def fail_over(world: World, kept: Shared) -> None:
    """A server takes the place of this one that has heard only that much."""
    store, outbox = world.incidents, world.outbox
    store.incidents, store.receipts, outbox.entries, outbox.delivered = kept  # type: ignore[assignment]
    outbox._due = dict.fromkeys(outbox.entries, world.clock.now)
    store.promote()


@pytest.mark.parametrize("lost_from", ["commit", "receive", "done"])
@pytest.mark.parametrize("who", ["teller", "other"])
def test_what_redis_forgets_in_a_failover_is_told_to_it_again_and_nothing_to_humans(lost_from: str, who: str) -> None:
    """Replication is asynchronous, so any end of what was written may be gone."""

    async def scenario(world: World) -> None:
        teller, other = world.replica("teller"), world.replica("other")
        await during(world, teller, other, minutes=1)
        kept: list[Shared] = []
        store = world.outbox if lost_from == "done" else world.incidents
        write = getattr(store, lost_from)

        async def kept_first(*arguments: object, **named: object) -> object:
            if not kept:
                kept.append(shared(world))
            return await write(*arguments, **named)

        setattr(store, lost_from, kept_first)
        world.counts.now = BURNING
        await during(world, teller, minutes=1)
        fail_over(world, kept[0])
        await during(world, teller, minutes=1)
        await during(world, *({"teller": [teller], "other": [other, teller]}[who]), minutes=13)
        assert world.slack.changes == ["fired"]
        await during(world, *({"teller": [teller], "other": [other, teller]}[who]), minutes=1)
        assert world.slack.changes == ["fired", "reminded"]
        assert not any(message.repeated for message in world.slack.alerts)
        assert world.outbox.entries == {}

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- what is forgotten


def test_an_incident_that_says_nothing_any_more_is_forgotten_with_all_that_is_known_of_it() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        for counts, minutes in ((BURNING, 2), (WELL, 40), (QUIET, 3)):
            world.counts.now = counts
            await world.tick(replica, minutes=minutes)
        assert (world.incidents.incidents, world.incidents.receipts, world.incidents.messages) == ({}, {}, {})
        assert replica.incidents.book.incidents == {}

    asyncio.run(scenario(World()))
