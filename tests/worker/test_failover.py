"""Redis fails over to a replica that has not heard the last writes: who told a page does not tell it again.

Replication is asynchronous, so any end of what was written may be gone: the writes of one telling are lost from each
point on, in turn.
"""

import asyncio
from collections.abc import Awaitable, Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from o11y.worker.ports import NotifyError
from tests.builders import NOW
from tests.worker_fakes import BURNING, Replica, World

MINUTE = timedelta(minutes=1)
#: what a telling writes, in its order; an incident and its message are one write
WRITES = ("keep_volume", "commit", "receive", "done")


class Failover:
    """Keeps what the shared stores held before one write of the first page, which is all that the replica has."""

    def __init__(self, world: World, *, before: str) -> None:
        self._stores: tuple[Any, ...] = (world.incidents, world.outbox)
        self._kept: list[dict[str, Any]] = []
        store = next(store for store in self._stores if hasattr(store, before))
        setattr(store, before, self._keeping(getattr(store, before)))

    def _keeping(self, write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def kept_first(*arguments: Any, **named: Any) -> Any:
            if not self._kept:
                self._kept = [_state(store) for store in self._stores]
            return await write(*arguments, **named)

        return kept_first

    def happens(self) -> None:
        for store, kept in zip(self._stores, self._kept, strict=True):
            vars(store).update(deepcopy(kept))


def _state(store: object) -> dict[str, Any]:
    """Without the fakes' own wiring."""
    kept = {name: value for name, value in vars(store).items() if name != "_outbox" and not callable(value)}
    return deepcopy(kept)


async def told_then_failed_over(world: World, *, before: str, seen: bool = True) -> Replica:
    """One page was told; then Redis forgets it from that write on. ``seen``: it says that it is another server."""
    replica = world.replica("teller")
    await world.tick(replica)
    failover = Failover(world, before=before)
    world.counts.now = BURNING
    await world.tick(replica)
    assert world.slack.changes == ["fired"]
    failover.happens()
    if seen:
        world.incidents.promote()
    return replica


@pytest.mark.parametrize("lost_from", WRITES)
def test_who_told_a_page_knows_it_when_redis_has_lost_the_writes_since(lost_from: str) -> None:
    async def scenario(world: World) -> None:
        replica = await told_then_failed_over(world, before=lost_from)
        await world.tick(replica, minutes=14)
        assert world.slack.changes == ["fired"]
        assert world.outbox.entries == {}
        await world.tick(replica)
        assert world.slack.changes == ["fired", "reminded"]
        assert [(page.fired_at, page.repeated) for page in world.slack.alerts] == [
            (NOW + MINUTE, False),
            (NOW + 16 * MINUTE, False),
        ]

    asyncio.run(scenario(World()))


@pytest.mark.parametrize("lost_from", WRITES)
def test_and_it_tells_redis_for_the_others(lost_from: str) -> None:
    async def scenario(world: World) -> None:
        replica, other = await told_then_failed_over(world, before=lost_from), world.replica("other")
        await world.tick(replica)
        (known,) = world.incidents.receipts.values()
        assert known.paged_at == NOW + MINUTE
        await world.tick(other, minutes=13)
        assert world.slack.changes == ["fired"]
        await world.tick(other)
        assert world.slack.changes == ["fired", "reminded"]
        assert len(world.incidents.incidents) == 1

    asyncio.run(scenario(World()))


@pytest.mark.parametrize("lost_from", ["receive", "done"])
def test_a_failover_seen_by_the_outbox_alone_neither_repeats_the_page_nor_silences_the_next(lost_from: str) -> None:
    """Nothing names the server here: what was delivered shows when the outbox hands it out once more."""

    async def scenario(world: World) -> None:
        replica = await told_then_failed_over(world, before=lost_from, seen=False)
        await world.tick(replica, minutes=15)
        assert world.slack.changes == ["fired", "reminded"]
        assert not any(page.repeated for page in world.slack.alerts)

    asyncio.run(scenario(World()))


def test_what_is_handed_out_once_more_to_who_delivered_it_is_delivered_for_the_others_too() -> None:
    async def scenario(world: World) -> None:
        replica = await told_then_failed_over(world, before="receive", seen=False)
        (identity,) = world.incidents.incidents
        assert (await world.incidents.delivery_of(identity)).paged_at is None
        world.clock.advance(31)
        assert await replica.delivery.retry_due() == 0
        assert world.slack.changes == ["fired"]
        assert world.outbox.entries == {}
        assert (await world.incidents.delivery_of(identity)).paged_at is not None

    asyncio.run(scenario(World()))


@pytest.mark.parametrize("trouble", ["flushed", "failed over"])
def test_what_another_process_delivered_does_not_wait_once_more_when_redis_forgets(trouble: str) -> None:
    async def scenario(world: World) -> None:
        holder, other = world.replica("holder"), world.replica("other")
        world.counts.now, world.slack.fails = BURNING, [NotifyError("503 from Slack")]
        await holder.ticker.tick(NOW)
        world.clock.advance(30)
        assert await other.delivery.retry_due() == 1
        if trouble == "flushed":
            world.flush_redis()
        else:
            world.incidents.promote()
        world.clock.advance(30)
        await world.tick(holder, minutes=14)
        assert world.slack.changes == ["fired"]
        await world.tick(holder, minutes=2)
        assert world.slack.changes == ["fired", "reminded"]

    asyncio.run(scenario(World()))


def test_an_old_delivery_that_comes_up_again_does_not_hide_a_newer_one_that_redis_never_heard_of() -> None:
    async def scenario(world: World) -> None:
        replica = await told_then_failed_over(world, before="receive", seen=False)
        world.lose_redis()
        handed_out, world.outbox.entries = world.outbox.entries, {}
        await world.tick(replica, minutes=16)
        assert world.slack.changes == ["fired", "reminded"]
        world.outbox.entries = handed_out
        world.lose_redis(False)
        await replica.delivery.retry_due()
        await world.tick(replica)
        await world.tick(world.replica("other"), minutes=10)
        assert world.slack.changes == ["fired", "reminded"]
        assert world.outbox.entries == {}

    asyncio.run(scenario(World()))
