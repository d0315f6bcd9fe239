"""An incident while Redis comes and goes, forgets, or is another's: it goes on, and nothing is told twice."""

import asyncio

from o11y.alerting.incident import Phase
from o11y.worker.ports import OutboxEntry
from tests.worker.test_incident_life import WELL, live, told
from tests.worker_fakes import BURNING, World


def test_nothing_is_told_twice_when_another_replica_takes_over() -> None:
    world = World()
    live(world, (BURNING, 3))
    live(world, (BURNING, 3), replica=world.replica("b"))
    live(world, (WELL, 10), replica=world.replica("c"))
    assert told(world) == ["fired", "resolved"]


def test_without_redis_it_goes_on_and_nothing_is_told_twice_when_redis_is_back() -> None:
    world = World()
    who = live(world, (BURNING, 2))
    world.lose_redis()
    live(world, (BURNING, 3), (WELL, 6), replica=who)
    world.lose_redis(False)
    live(world, (WELL, 5), replica=who)
    assert told(world) == ["fired", "resolved"]
    assert all(not incident.is_open for incident in world.incidents.incidents.values())


def test_a_page_without_redis_says_so_and_is_known_afterwards() -> None:
    world = World()
    who = live(world, (WELL, 1))
    world.lose_redis()
    live(world, (BURNING, 2), replica=who)
    world.lose_redis(False)
    live(world, (BURNING, 2), replica=who)
    assert told(world) == ["fired"]
    assert world.slack.alerts[0].without_memory
    assert [incident.phase for incident in world.incidents.incidents.values()] == [Phase.FIRING]


def test_after_a_flush_the_incidents_are_written_again_before_anything_is_told() -> None:
    world = World()
    who = live(world, (BURNING, 2))
    world.flush_redis()
    live(world, (BURNING, 5), (WELL, 6), replica=who)
    assert told(world) == ["fired", "resolved"]


def test_after_a_flush_a_new_process_learns_from_the_history() -> None:
    world = World()
    live(world, (BURNING, 2))
    world.told.incidents = list(world.incidents.incidents.values())
    world.flush_redis()
    live(world, (BURNING, 5), replica=world.replica("b"))
    assert told(world) == ["fired"]


def test_a_replica_that_takes_the_place_of_redis_without_its_last_writes_has_nothing_told_twice() -> None:
    world = World()
    who = live(world, (WELL, 1))
    before = (dict(world.incidents.incidents), dict(world.incidents.receipts), dict(world.outbox.entries))
    live(world, (BURNING, 1), replica=who)
    world.incidents.incidents, world.incidents.receipts, world.outbox.entries = before
    world.outbox.delivered.clear()
    world.incidents.promote()
    live(world, (BURNING, 3), replica=who)
    assert told(world) == ["fired"]
    live(world, (WELL, 6), replica=world.replica("b"))
    assert told(world) == ["fired", "resolved"]


def test_a_message_that_redis_has_forgotten_to_be_delivered_is_not_sent_again() -> None:
    world = World()
    who = live(world, (BURNING, 1))
    kept = world.incidents.messages
    world.outbox.delivered.clear()
    for message in kept.values():
        asyncio.run(world.outbox.put(OutboxEntry(message, 1, world.clock.now)))
    live(world, (BURNING, 2), replica=who)
    assert told(world) == ["fired"]
    assert world.outbox.entries == {}
