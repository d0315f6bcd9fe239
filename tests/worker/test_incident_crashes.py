"""A process that dies before or after any step it takes outside itself, at every one of them in turn."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from o11y.alerting.notification import Notification
from tests.worker_fakes import BURNING, SMOULDERING, Replica, World, counted

WELL = counted(0)
#: what a life cycle is made of: (counts, minutes)
OUTAGE = ((BURNING, 17), (WELL, 8), (BURNING, 2), (WELL, 7))
RISING = ((SMOULDERING, 4), (BURNING, 2), (WELL, 7))


class Killed(BaseException):
    """The process is gone: nothing in it catches this."""


class Mortal:
    """Stands before a part of the world, and dies at the call that its ``Fate`` names."""

    def __init__(self, part: Any, fate: "Fate", calls: set[str]) -> None:
        self._part, self._fate, self._calls = part, fate, calls

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._part, name)
        return self._fate.guarded(value) if name in self._calls else value


class Fate:
    """Dies at the ``at``-th call, counted over all parts: before it has an effect, or right after."""

    def __init__(self, at: int | None, *, before: bool) -> None:
        self.calls = 0
        self._at, self._before = at, before

    def guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        async def living(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            dies = self.calls == self._at
            if dies and self._before:
                raise Killed
            answer = await call(*args, **kwargs)
            if dies:
                raise Killed
            return answer

        return living


def mortal(world: World, fate: Fate) -> Replica:
    """A replica of whose calls one may be its last."""
    whole = (world.outbox, world.slack)
    world.outbox = Mortal(world.outbox, fate, {"put", "done", "take_due"})  # type: ignore[assignment]
    world.slack = Mortal(world.slack, fate, {"notify"})  # type: ignore[assignment]
    store = Mortal(world.incidents, fate, {"commit", "receive", "forget", "keep_volume"})
    try:
        return world.replica(store=store)
    finally:
        world.outbox, world.slack = whole


def lived(spans: tuple[Any, ...], fate: Fate) -> tuple[World, int]:
    """The story told by a mortal replica and, after its death, by others; returns the deaths too."""
    world, deaths = World(), 0

    async def run() -> None:
        nonlocal deaths
        replica = mortal(world, fate)
        for counts, minutes in spans:
            world.counts.now = counts
            for _ in range(minutes):
                try:
                    await world.tick(replica)
                except Killed:
                    deaths += 1
                    replica = world.replica(f"after-{deaths}")
                    world.clock.advance(31)  # its leases end
                    await world.tick(replica)
        last = world.replica("last")
        for _ in range(5):
            world.clock.advance(31)
            await last.delivery.retry_due()

    asyncio.run(run())
    return world, deaths


def changes(world: World) -> Counter[str]:
    """What was told, a message that was repeated counted once."""
    return Counter({message.notification_id: change for message, change in told(world)}.values())


def told(world: World) -> list[tuple[Notification, str]]:
    return [(message, message.account.change.value) for message in world.slack.alerts if message.account is not None]


def calls_of(spans: tuple[Any, ...]) -> int:
    fate = Fate(None, before=True)
    lived(spans, fate)
    return fate.calls


@pytest.mark.parametrize("spans", [OUTAGE, RISING], ids=["outage", "rising"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_death_at_any_step_neither_loses_nor_doubles_a_message(spans: tuple[Any, ...], before: bool) -> None:
    undisturbed = changes(lived(spans, Fate(None, before=True))[0])
    for at in range(1, calls_of(spans) + 1):
        world, deaths = lived(spans, Fate(at, before=before))
        assert deaths == 1, f"call {at} was not made"
        assert changes(world) == undisturbed, f"something else was told after a death at call {at}"
        unmarked = Counter(message.notification_id for message, _ in told(world) if not message.repeated)
        assert max(unmarked.values()) == 1, f"doubled without a mark at call {at}"
        assert sum(message.repeated for message, _ in told(world)) <= 1, f"more than one repeat at call {at}"
        assert len(world.incidents.incidents) <= 1, f"two incidents of one outage at call {at}"
        assert world.outbox.entries == {}
