"""Redis is emptied and the process is another: what the history knows is not told once more, and what follows is."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.history import ClickHouseHistory
from o11y.adapters.clickhouse.migrations import migrate
from o11y.alerting.incident import Incident
from o11y.alerting.notification import Notification
from o11y.alerting.silence import Silence
from o11y.slo.counts import Counts
from o11y.slo.dimension import Scope
from o11y.slo.objective import Objective
from o11y.worker.ports import BatchKind
from tests.adapters.clickhouse.rows import batch
from tests.builders import NOW, dimension, objective, silence
from tests.worker_fakes import BURNING, QUIET, SMOULDERING, World, counted

WELL = counted(0)
TWO = [dimension("vendor/one"), dimension("vendor/two")]
#: (counts, minutes)
Story = Sequence[tuple[Counts, int]]
OUTAGE: Story = ((BURNING, 17), (WELL, 12))
RISING: Story = ((SMOULDERING, 4), (BURNING, 3), (WELL, 12))
SPREADING: Story = ((counted(50, TWO[0]), 2), (counted(50, *TWO), 4), (counted(0, *TWO), 12))
SILENT: Story = ((BURNING, 2), (QUIET, 66), (WELL, 3))
RETURNING: Story = ((BURNING, 3), (WELL, 13), (BURNING, 2), (WELL, 12))
PAUSING: Story = ((BURNING, 2), (QUIET, 66), (BURNING, 2), (WELL, 12))
MUTED: Story = ((BURNING, 12), (WELL, 12))


class Shipped:
    """A ``HistoryStore`` of what a world has written until it is asked."""

    def __init__(self, ch: ClickHouse, world: World) -> None:
        self._ch = ch
        self._world = world

    async def incidents_since(self, since: datetime) -> Sequence[Incident]:
        if self._world.spool.history:
            rows = batch(self._world.spool.history, f"{id(self._world)}", BatchKind.HISTORY)
            await ClickHouseEvents(self._ch).insert(rows)
        return await ClickHouseHistory(self._ch).incidents_since(since)


async def lived(
    ch: ClickHouse,
    story: Story,
    *,
    flushed_at: int | None,
    objectives: Sequence[Objective] = (objective(),),
    silences: Sequence[Silence] = (),
) -> list[Notification]:
    """What was told; before that minute Redis is emptied and another process takes over."""
    await ch.command("TRUNCATE TABLE alert_history")
    world = World(objectives)
    world.silences.kept = list(silences)
    world.told = Shipped(ch, world)  # type: ignore[assignment]
    replica = world.replica()
    await world.tick(replica)
    minute = 0
    for counts, minutes in story:
        for _ in range(minutes):
            if minute == flushed_at:
                world.flush_redis()
                replica = world.replica("another")
            world.counts.now, minute = counts, minute + 1
            await world.tick(replica)
    return world.slack.alerts


#: of (what was told undisturbed, and disturbed, the minute)
Check = Callable[[list[Notification], list[Notification], int], None]


def compared(ch: ClickHouse, story: Story, check: Check, **setting: Any) -> None:
    """For every minute of the story: before it Redis is emptied."""

    async def run() -> None:
        await migrate(ch, keep_forever=True)
        undisturbed = await lived(ch, story, flushed_at=None, **setting)
        for minute in range(1, sum(minutes for _, minutes in story)):
            check(undisturbed, await lived(ch, story, flushed_at=minute, **setting), minute)

    asyncio.run(run())


def changes(told: Sequence[Notification]) -> list[Any]:
    return [message.account.change.value for message in told if message.account is not None]


def incidents(told: Sequence[Notification]) -> set[str]:
    return {message.account.incident_id for message in told if message.account is not None}


def same(undisturbed: list[Notification], told: list[Notification], minute: int) -> None:
    assert sorted(changes(told)) == sorted(changes(undisturbed)), f"flushed before minute {minute}"
    assert len(incidents(told)) == len(incidents(undisturbed)), f"flushed before minute {minute}"


STORIES = {
    "outage": OUTAGE,
    "rising": RISING,
    "spreading": SPREADING,
    "silent": SILENT,
    "returning": RETURNING,
    "pausing": PAUSING,
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_the_same_is_told_whenever_redis_forgets(embedded: ClickHouse, story: Story) -> None:
    compared(embedded, story, same)


def test_a_sum_and_its_parts_are_told_as_before(embedded: ClickHouse) -> None:
    both = (objective(), objective(name="provider", scope=Scope.PROVIDER))
    compared(embedded, SPREADING, same, objectives=both)


def test_who_was_silenced_is_told_when_the_silence_ends_and_not_before(embedded: ClickHouse) -> None:
    quiet = silence("client=gateway", ends_at=NOW + timedelta(minutes=7))

    def check(undisturbed: list[Notification], told: list[Notification], minute: int) -> None:
        assert changes(undisturbed) == ["fired", "resolved"]
        same(undisturbed, told, minute)
        assert told[0].fired_at == undisturbed[0].fired_at

    compared(embedded, MUTED, check, silences=[quiet])


def test_one_of_two_that_is_silenced_is_told_of_neither_before_nor_after(embedded: ClickHouse) -> None:
    quiet = silence("model=vendor/two", ends_at=NOW + timedelta(hours=2))

    def check(undisturbed: list[Notification], told: list[Notification], minute: int) -> None:
        same(undisturbed, told, minute)
        assert {alert.dimension for message in told for alert in message.alerts} == {TWO[0]}

    compared(embedded, SPREADING, check, silences=[quiet])


def test_an_incident_that_goes_on_is_not_ended_for_want_of_news_of_it(embedded: ClickHouse) -> None:
    """It fired for an hour after its last message; then Redis is emptied as it is well for one minute."""

    async def run() -> None:
        await migrate(embedded, keep_forever=True)
        world = World()
        world.told = Shipped(embedded, world)  # type: ignore[assignment]
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica)
        (page,) = world.slack.alerts
        assert page.account is not None
        await world.incidents.acknowledge(page.account.incident_id, by="ann", at=NOW)
        await world.tick(replica, minutes=60)
        assert changes(world.slack.alerts) == ["fired"]
        world.flush_redis()
        world.counts.now = WELL
        replica = world.replica("another")
        await world.tick(replica, minutes=2)
        assert changes(world.slack.alerts) == ["fired"]
        world.counts.now = QUIET
        await world.tick(replica, minutes=2)
        assert changes(world.slack.alerts) == ["fired"]
        world.counts.now = WELL
        await world.tick(replica, minutes=5)
        assert changes(world.slack.alerts) == ["fired", "resolved"]

    asyncio.run(run())


def test_one_that_ended_stays_ended_and_one_that_returns_soon_is_the_same(embedded: ClickHouse) -> None:
    async def run() -> None:
        await migrate(embedded, keep_forever=True)
        world = World()
        world.told = Shipped(embedded, world)  # type: ignore[assignment]
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica, minutes=3)
        world.counts.now = WELL
        await world.tick(replica, minutes=8)
        assert changes(world.slack.alerts) == ["fired", "resolved"]
        world.flush_redis()
        replica = world.replica("another")
        await world.tick(replica, minutes=3)
        assert changes(world.slack.alerts) == ["fired", "resolved"]
        world.counts.now = BURNING
        await world.tick(replica)
        assert changes(world.slack.alerts) == ["fired", "resolved", "reopened"]
        assert len(incidents(world.slack.alerts)) == 1

    asyncio.run(run())


def test_what_a_page_told_is_found_after_a_night_without_o11y(embedded: ClickHouse) -> None:
    async def run() -> None:
        await migrate(embedded, keep_forever=True)
        world = World()
        world.told = Shipped(embedded, world)  # type: ignore[assignment]
        world.counts.now = BURNING
        await world.tick(world.replica())
        world.flush_redis()
        world.clock.advance(timedelta(hours=9).total_seconds())
        world.counts.now = WELL
        await world.tick(world.replica("another"), minutes=6)
        assert changes(world.slack.alerts) == ["fired", "resolved"]
        assert len(incidents(world.slack.alerts)) == 1

    asyncio.run(run())
