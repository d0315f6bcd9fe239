"""Evaluators that are not alone, and do not know it."""

import asyncio
from datetime import timedelta
from typing import Any

from o11y.alerting.incident import Incident
from o11y.slo.dimension import Dimension
from o11y.worker.ports import Kept, MemoryLost
from o11y.worker.tick import window_end
from tests.builders import NOW, dimension
from tests.worker_fakes import BURNING, Replica, World, counted


class ReadOnly:
    """A store that answers and takes no writes, as a replica of Redis does.

    A script that writes fails where it does so, and one that finds a reason not to answers.
    """

    def __init__(self, store: Any) -> None:
        self._store = store
        self.read_only = False

    async def commit(self, incident: Incident, *, expected: int | None, **more: Any) -> Kept:
        known = self._store.incidents.get(incident.incident_id)
        if self.read_only and (None if known is None else known.version) == expected:
            raise MemoryLost("READONLY You can't write against a read only replica.")
        found: Kept = await self._store.commit(incident, expected=expected, **more)
        return found

    def __getattr__(self, name: str) -> Any:
        if self.read_only and name in {"receive", "forget", "keep_volume", "acknowledge", "mark_generation"}:
            return self._refuse
        return getattr(self._store, name)

    async def _refuse(self, *_: Any, **__: Any) -> None:
        raise MemoryLost("READONLY You can't write against a read only replica.")


def test_an_incident_goes_on_while_redis_answers_and_takes_no_writes() -> None:
    world = World()
    store = ReadOnly(world.incidents)
    replica = world.replica(store=store)

    async def run() -> None:
        world.counts.now = BURNING
        await world.tick(replica, minutes=3)
        store.read_only = True
        await world.tick(replica, minutes=14)
        world.counts.now = counted(0)
        await world.tick(replica, minutes=7)
        store.read_only = False
        await world.tick(replica, minutes=2)

    asyncio.run(run())
    assert world.slack.changes == ["fired", "reminded", "resolved"]
    assert [incident.is_open for incident in world.incidents.incidents.values()] == [False]


class Overtaken:
    """A store whose next commit comes when another evaluator has had the minute, from its alerts to its message."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._other = world.replica("other", memory=Unleased(world.memory))
        self.overtaken = False

    async def commit(self, incident: Incident, **more: Any) -> Kept:
        if not self.overtaken:
            self.overtaken = True
            await self._other.ticker.tick(self._world.clock.now)
        return await self._world.incidents.commit(incident, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.incidents, name)


class Unleased:
    """The tick's lease has run out for whoever had it."""

    def __init__(self, memory: Any) -> None:
        self._memory = memory

    async def acquire(self, *_: Any, **__: Any) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._memory, name)


def test_who_wakes_up_after_another_has_told_the_minute_tells_nothing() -> None:
    world = World()
    store = Overtaken(world)
    sleeper = world.replica("sleeper", store=store)
    world.counts.now = BURNING
    asyncio.run(world.tick(sleeper, minutes=3))
    assert store.overtaken
    assert world.slack.changes == ["fired"]
    assert len(world.incidents.incidents) == 1


class Preceded:
    """A store in whose way another evaluator is, just before the first commit."""

    def __init__(self, world: World, other: Replica) -> None:
        self._world = world
        self._other: Replica | None = other

    async def commit(self, incident: Incident, **more: Any) -> Kept:
        other, self._other = self._other, None
        if other is not None:
            await other.ticker.tick(self._world.clock.now)
        return await self._world.incidents.commit(incident, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.incidents, name)


async def overtaken_while_catching_up(world: World) -> None:
    """Whoever had the first minute of an outage died. One evaluator takes it over, another has the minute after it."""
    other = world.replica("other")
    catching_up = world.replica("catching up", store=Preceded(world, other))
    await world.tick(other)
    world.clock.advance(60)
    world.counts.now = BURNING
    await world.tick(catching_up)


def test_two_evaluators_that_catch_up_a_minute_each_open_one_incident() -> None:
    world = World()
    asyncio.run(overtaken_while_catching_up(world))
    assert world.slack.changes == ["fired"]
    assert len(world.incidents.incidents) == 1


def test_what_somebody_else_was_first_with_does_not_cost_another_alert_its_minute() -> None:
    world = World()
    elsewhere = Dimension("another", "another", "vendor/another")
    world.counts.at[window_end(NOW + timedelta(minutes=1), 10)] = counted(50, elsewhere)
    asyncio.run(overtaken_while_catching_up(world))
    assert world.slack.changes == ["fired", "fired"]
    told = {alert.dimension for message in world.slack.alerts for alert in message.alerts}
    assert told == {dimension(), elsewhere}
