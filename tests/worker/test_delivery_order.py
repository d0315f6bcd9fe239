"""The order of delivery: what a receiver did not take is told afterwards, the oldest first, and once."""

import asyncio

from o11y.alerting.incident import Change, Thread
from o11y.alerting.notification import Notice, Notification, Presence
from o11y.slo.windows import Severity
from o11y.worker.ports import Kept, NotifyError
from tests.builders import account, alert, notification
from tests.worker.test_delivery import DOWN, retry_until_empty
from tests.worker_fakes import Replica, World


async def fire_each_minute(world: World, replica: Replica, names: str) -> None:
    for name in names:
        await replica.delivery.send(notification(notification_id=name, fired_at=world.clock.now))
        for _ in range(60):
            world.clock.advance(1)
            await replica.delivery.retry_due()


def told(world: World) -> str:
    return "".join(message.notification_id for message in world.slack.alerts)


def test_a_webhook_wrong_for_an_hour_gets_everything_afterwards_in_order_and_once() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        wrong = NotifyError("Slack answered 404 no_service")
        world.slack.fails = [wrong] * 10_000
        names = "".join(chr(ord("A") + number) for number in range(60))
        await fire_each_minute(world, replica, names)
        assert world.slack.attempts < 500
        world.slack.fails = []
        await retry_until_empty(world, replica, step_s=1)
        assert told(world) == names
        assert {message.presence for message in world.slack.alerts[:58]} == {Presence.UNKNOWN}

    asyncio.run(scenario(World()))


def test_a_page_does_not_overtake_those_that_waited_for_the_receiver() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.slack.fails = [DOWN] * 1_000
        await fire_each_minute(world, replica, "ABCDE")
        world.slack.fails = []
        world.clock.advance(30)  # nobody rests any more
        fresh = notification(notification_id="F", fired_at=world.clock.now)
        assert await replica.delivery.send(fresh) is Kept.BEHIND
        await retry_until_empty(world, replica, step_s=1)
        assert told(world) == "ABCDEF"
        await replica.delivery.send(notification(notification_id="G", fired_at=world.clock.now))
        assert told(world) == "ABCDEFG"

    asyncio.run(scenario(World()))


def test_a_restarted_process_keeps_the_order() -> None:
    async def scenario(world: World) -> None:
        world.slack.fails = [DOWN] * 1_000
        await fire_each_minute(world, world.replica(), "ABC")
        replica = world.replica("restarted")
        await fire_each_minute(world, replica, "D")
        world.slack.fails = []
        await fire_each_minute(world, replica, "E")
        assert told(world) == "ABCDE"

    asyncio.run(scenario(World()))


def test_one_message_that_a_receiver_cannot_take_does_not_hold_up_the_others() -> None:
    async def scenario(world: World) -> None:
        replica, works = world.replica(), world.slack.notify

        async def choke(message: Notification | Notice, *, thread: Thread | None = None) -> None:
            if isinstance(message, Notification) and message.notification_id == "A":
                world.slack.attempts += 1
                raise DOWN
            await works(message, thread=thread)

        world.slack.notify = choke  # type: ignore[method-assign]
        await fire_each_minute(world, replica, "ABC")
        assert told(world) == "BC"
        assert list(world.outbox.entries) == ["A"]
        assert world.slack.attempts < 20

    asyncio.run(scenario(World()))


def test_while_a_receiver_asks_for_silence_nothing_is_sent_to_it() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.slack.fails = [NotifyError("429", retry_after_s=150)]
        await fire_each_minute(world, replica, "AB")
        assert world.slack.attempts == 1
        ticket = notification(alert(severity=Severity.TICKET), notification_id="T", fired_at=world.clock.now)
        assert await replica.delivery.send(ticket) is Kept.STORED
        await fire_each_minute(world, replica, "C")
        assert told(world) == "TABC"

    asyncio.run(scenario(World()))


def test_after_the_clock_stepped_back_by_an_hour_nothing_waits_that_hour() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.slack.fails = [NotifyError("429", retry_after_s=120)]
        await replica.delivery.send(notification(notification_id="A"))
        world.clock.advance(-3600)
        assert await replica.delivery.retry_due() == 1
        assert told(world) == "A"

    asyncio.run(scenario(World()))


def test_what_asks_somebody_to_act_goes_before_what_is_news_and_that_before_what_is_over() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.slack.fails = [DOWN] * 4
        changes = {"A": Change.RESOLVED, "B": Change.JOINED, "C": Change.REOPENED, "D": Change.FIRED}
        for name, change in changes.items():
            story = account(change, incident_id=f"incident-{name}")
            await replica.delivery.send(notification(notification_id=name, account=story, fired_at=world.clock.now))
            world.clock.advance(1)
        world.slack.fails = []
        await retry_until_empty(world, replica, step_s=1)
        assert told(world) == "CDBA"

    asyncio.run(scenario(World()))
