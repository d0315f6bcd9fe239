"""Messages of an incident: where they go, what has overtaken them, and who has acknowledged it by then."""

import asyncio
from datetime import timedelta

import pytest

from o11y.alerting.incident import Change, Thread
from o11y.alerting.notification import Notification, Presence
from o11y.worker.ports import Kept, OutboxEntry
from tests.builders import NOW, account, alert, incident, notification
from tests.worker.test_delivery import DOWN, retry_until_empty
from tests.worker_fakes import BURNING, FakeNotifier, World

# ---------------------------------------------------------------- messages of an incident


def told_of(change: Change, *, minutes: int = 0, **changes: object) -> Notification:
    """A page's message of an incident that was opened at ``NOW``, so many minutes later."""
    at = NOW + timedelta(minutes=minutes)
    named = {"notification_id": f"{change}-{minutes}", "fired_at": at, "account": account(change), **changes}
    return notification(alert(at=at), **named)


def test_news_that_are_late_and_have_been_overtaken_are_dropped_and_that_is_written_down() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica, minutes=5)
        (kept,) = world.incidents.incidents
        world.slack.fails = [DOWN] * 100
        joined = account(Change.JOINED, incident_id=kept)
        late = notification(notification_id="late", fired_at=NOW - timedelta(minutes=1), account=joined)
        await replica.delivery.send(late)
        world.slack.fails = []
        world.clock.advance(60)
        await replica.delivery.retry_due()
        assert world.slack.changes == ["fired"]
        assert world.outbox.entries == {}
        assert world.spool.transitions()[-1] == "superseded"

    asyncio.run(scenario(World()))


@pytest.mark.parametrize("change", [Change.FIRED, Change.REOPENED, Change.ESCALATED])
def test_what_asks_somebody_to_act_is_told_however_late(change: Change) -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica, minutes=5)
        (kept,) = world.incidents.incidents
        message = told_of(change, account=account(change, incident_id=kept), fired_at=NOW - timedelta(minutes=1))
        await world.outbox.put(OutboxEntry(message, 1, NOW))
        world.clock.advance(120)
        assert await replica.delivery.retry_due() == 1
        assert world.slack.alerts[-1].presence is Presence.UNKNOWN

    asyncio.run(scenario(World()))


def test_an_update_in_place_reaches_only_a_receiver_that_keeps_threads() -> None:
    async def scenario(world: World, reached: int) -> None:
        replica = world.replica()
        assert await replica.delivery.send(told_of(Change.IMPROVED, edit_only=True)) is Kept.STORED
        assert (len(world.slack.sent), world.outbox.entries) == (reached, {})
        assert world.spool.history == [], "nobody was told"

    asyncio.run(scenario(World(), 0))
    asyncio.run(scenario(World(slack=FakeNotifier(threads=True)), 1))


def test_an_update_in_place_is_no_page_that_reached_somebody() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await replica.delivery.send(told_of(Change.ESCALATED, edit_only=True))
        assert world.incidents.receipts["i-1"].paged_at is None
        await replica.delivery.send(told_of(Change.REMINDED))
        assert world.incidents.receipts["i-1"].paged_at is None
        await replica.delivery.send(told_of(Change.FIRED))
        assert world.incidents.receipts["i-1"].paged_at == NOW

    asyncio.run(scenario(World(slack=FakeNotifier(threads=True))))


def test_each_message_of_an_incident_goes_to_where_the_first_one_is() -> None:
    async def scenario(world: World) -> None:
        first, second = world.replica("a"), world.replica("b")
        await first.delivery.send(told_of(Change.FIRED))
        await second.delivery.send(told_of(Change.RESOLVED, minutes=1))
        await second.delivery.send(notification(notification_id="another"))
        assert world.slack.told_in == [None, Thread("C1", "1.0"), None]

    asyncio.run(scenario(World(slack=FakeNotifier(threads=True))))


def test_who_acknowledged_is_looked_up_when_the_message_is_sent() -> None:
    async def scenario(world: World) -> None:
        await world.incidents.commit(incident(), expected=None)
        world.slack.fails = [DOWN]
        replica = world.replica()
        await replica.delivery.send(told_of(Change.WORSENED))
        await world.incidents.acknowledge("i-1", by="ann", at=NOW)
        await retry_until_empty(world, replica)
        await replica.delivery.send(told_of(Change.REOPENED, minutes=1))
        accounts = [message.account for message in world.slack.alerts if message.account is not None]
        assert [one.acknowledged_by for one in accounts] == ["ann", None], "what is new is acknowledged anew"

    asyncio.run(scenario(World()))


def test_what_this_process_delivered_is_not_sent_again_when_redis_has_forgotten_it() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        message = told_of(Change.FIRED)
        await replica.delivery.send(message)
        world.outbox.delivered.clear()
        await world.outbox.put(OutboxEntry(message, 1, NOW))
        assert await replica.delivery.retry_due() == 0
        assert (len(world.slack.sent), world.outbox.entries) == (1, {})

    asyncio.run(scenario(World()))


def test_a_delivery_without_redis_is_known_to_it_later() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        world.lose_redis()
        await world.tick(replica)
        world.lose_redis(False)
        await world.tick(replica)
        (receipt,) = world.incidents.receipts.values()
        assert receipt.paged_at == NOW

    asyncio.run(scenario(World()))


def test_the_history_knows_where_a_delivered_message_is() -> None:
    async def scenario(world: World, place: str | None) -> None:
        await world.replica().delivery.send(told_of(Change.FIRED))
        (row,) = world.spool.history
        assert (row["transition"], row.get("slack")) == ("notified", place)

    asyncio.run(scenario(World(slack=FakeNotifier(threads=True)), "C1/1.0"))
    asyncio.run(scenario(World(), None))
