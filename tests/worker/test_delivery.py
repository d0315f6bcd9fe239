"""Delivery: one message whatever the receiver does, and none lost whenever a process dies."""

import asyncio
from datetime import timedelta

import pytest

from o11y.alerting.incident import Thread
from o11y.alerting.notification import Notice, Notification, Presence
from o11y.slo.windows import Severity
from o11y.worker.delivery import KEEP_TRYING
from o11y.worker.ports import LONGEST_PAUSE_S, Kept, NotifyError, StoreError
from tests.builders import NOW, alert, notice, notification
from tests.worker_fakes import BURNING, QUIET, SMOULDERING, Replica, World

DOWN = NotifyError("503 from Slack")


async def retry_until_empty(world: World, replica: Replica, *, step_s: float = 0.25) -> None:
    for _ in range(200):
        if not world.outbox.entries:
            return
        world.clock.advance(step_s)
        await replica.delivery.retry_due()
    raise AssertionError("the outbox does not empty")


def test_slack_failing_twice_then_working_gives_exactly_one_message() -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.slack.fails = BURNING, [DOWN, DOWN]
        replica = world.replica()
        await replica.ticker.tick(NOW)
        assert world.slack.sent == []
        await retry_until_empty(world, replica)
        (page,) = world.slack.alerts
        assert (world.slack.attempts, page.severity) == (3, Severity.PAGE)
        assert (page.repeated, page.delivered_at) == (False, None)
        world.clock.advance(60 - world.clock.now.second)
        await world.tick(replica, minutes=5)
        assert world.slack.alerts == [page]
        assert world.spool.transitions() == ["fired", "notified"]

    asyncio.run(scenario(World()))


def test_a_receiver_that_hangs_costs_a_tick_one_deadline_and_gets_everything_later() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        asked = world.slack.notify

        async def hang(message: Notification | Notice, *, thread: Thread | None = None) -> None:
            if world.slack.fails:
                world.clock.advance(10)
            await asked(message, thread=thread)

        world.slack.notify = hang  # type: ignore[method-assign]
        world.slack.fails = [DOWN]
        first, *others = [notification(notification_id=f"n{number}") for number in range(6)]
        await replica.delivery.send(first)
        for other in others:
            assert await replica.delivery.send(other) is Kept.BEHIND
        assert (world.slack.attempts, world.clock.now) == (1, NOW + timedelta(seconds=10))
        await retry_until_empty(world, replica, step_s=1)
        assert sorted(one.notification_id for one in world.slack.alerts) == [f"n{number}" for number in range(6)]
        assert not any(one.repeated for one in world.slack.alerts)
        assert await replica.delivery.send(notification(notification_id="after")) is Kept.STORED
        assert world.slack.alerts[-1].notification_id == "after"

    asyncio.run(scenario(World()))


def test_an_outage_that_is_over_when_slack_works_again_is_still_told_once_and_says_so() -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.slack.fails = BURNING, [DOWN] * 12
        replica = world.replica()
        await world.tick(replica)
        world.counts.now = QUIET
        await world.tick(replica, minutes=20)
        (page,) = world.slack.alerts
        assert (page.fired_at, page.presence) == (NOW, Presence.OVER)
        assert page.delivered_at is not None
        assert page.delivered_at - NOW >= timedelta(minutes=10)
        assert world.spool.transitions() == ["fired", "notified"]

    asyncio.run(scenario(World()))


def test_a_page_delivered_late_is_over_although_its_ticket_still_fires() -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.slack.fails = BURNING, [DOWN] * 8
        replica = world.replica()
        await world.tick(replica)
        world.counts.now = SMOULDERING
        await world.tick(replica, minutes=20)
        assert [(message.severity, message.presence) for message in world.slack.alerts] == [
            (Severity.PAGE, Presence.OVER)
        ]

    asyncio.run(scenario(World()))


@pytest.mark.parametrize("trouble", ["evaluations fail", "events are on their way", "another process delivers"])
def test_the_present_state_is_unknown_while(trouble: str) -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.slack.fails = BURNING, [DOWN]
        replica = world.replica()
        await replica.ticker.tick(NOW)
        world.clock.advance(60)
        if trouble == "evaluations fail":
            world.counts.fail = StoreError("away")
            world.clock.advance(120)
            await replica.ticker.tick(world.clock.now)
        elif trouble == "events are on their way":
            world.counts.now = QUIET
            world.clock.advance(60)
            await world.memory.publish("shipper", NOW, ttl_s=600)
            await replica.ticker.tick(world.clock.now)
        else:
            world.clock.advance(60)
            replica = world.replica("another")
        await replica.delivery.retry_due()
        assert [message.presence for message in world.slack.alerts] == [Presence.UNKNOWN]

    asyncio.run(scenario(World()))


def test_a_late_page_that_still_fires_says_so() -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.slack.fails = BURNING, [DOWN] * 8
        await world.tick(world.replica(), minutes=12)
        assert [message.presence for message in world.slack.alerts] == [Presence.FIRING]

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- the receiver's answers


def test_an_answer_that_was_lost_is_retried_as_a_repeat() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.slack.fails = [NotifyError("connection cut", maybe_delivered=True)]
        await replica.delivery.send(notification())
        await retry_until_empty(world, replica)
        assert [message.repeated for message in world.slack.alerts] == [True]

    asyncio.run(scenario(World()))


def test_a_receiver_that_hangs_is_left_after_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.slack.notify, works = hang, world.slack.notify  # type: ignore[method-assign]
        await replica.delivery.send(notification())
        world.slack.notify = works  # type: ignore[method-assign]
        await retry_until_empty(world, replica)
        assert [message.repeated for message in world.slack.alerts] == [True]

    async def hang(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("o11y.worker.delivery.SEND_DEADLINE_S", 0.01)
    asyncio.run(scenario(World()))


@pytest.mark.parametrize(("asked", "waits"), [(7.0, 7.0), (86_400.0, LONGEST_PAUSE_S)])
def test_retry_after_is_obeyed_up_to_five_minutes(asked: float, waits: float) -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.slack.fails = [NotifyError("429", retry_after_s=asked)]
        await replica.delivery.send(notification())
        world.clock.advance(waits - 1)
        assert await replica.delivery.retry_due() == 0
        world.clock.advance(1)
        assert await replica.delivery.retry_due() == 1

    asyncio.run(scenario(World()))


def test_pauses_between_attempts_grow_to_half_a_minute() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.slack.fails = [DOWN] * 10
        await replica.delivery.send(notification())
        pauses = []
        while world.outbox.entries:
            (entry,) = world.outbox.entries.values()
            pauses.append((entry.due_at - world.clock.now).total_seconds())
            world.clock.now = entry.due_at
            await replica.delivery.retry_due()
        assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30]

    asyncio.run(scenario(World()))


def test_a_message_that_the_receiver_will_never_take_is_given_up_and_written_down() -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.slack.fails = BURNING, [NotifyError("no such webhook", permanent=True)]
        replica = world.replica()
        await replica.ticker.tick(NOW)
        assert world.outbox.entries == {}
        assert world.spool.transitions() == ["fired", "undeliverable"]
        world.clock.advance(60)
        await world.tick(replica, minutes=14)
        assert world.slack.sent == []
        await world.tick(replica)
        assert world.slack.changes == ["reminded"]

    asyncio.run(scenario(World()))


def test_a_message_is_retried_for_a_day_and_then_given_up() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.slack.fails = [DOWN] * 3
        await replica.delivery.send(notification())
        world.clock.now = NOW + KEEP_TRYING
        assert await replica.delivery.retry_due() == 0
        assert len(world.outbox.entries) == 1
        world.clock.advance(60)
        assert await replica.delivery.retry_due() == 0
        assert world.outbox.entries == {}
        assert world.spool.transitions() == ["undeliverable"]
        assert world.slack.attempts == 2

    asyncio.run(scenario(World()))


def test_pages_are_retried_before_tickets_and_a_failing_one_does_not_stop_the_next() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.slack.fails = [DOWN, DOWN, DOWN]
        ticket = notification(alert(severity=Severity.TICKET), notification_id="ticket")
        for message in (ticket, notification(notification_id="page"), notice()):
            await replica.delivery.send(message)
        world.clock.advance(1)
        world.slack.fails = [RuntimeError("a bug")]
        assert await replica.delivery.retry_due() == 2
        assert world.slack.severities() == ["page", "ticket"]
        world.clock.advance(30)
        assert await replica.delivery.retry_due() == 1
        assert world.slack.severities() == ["page", "ticket", "page"]

    asyncio.run(scenario(World()))


def test_the_loop_ends_when_it_is_told_and_outlives_a_failing_pass() -> None:
    class Broken:
        calls = 0

        async def take_due(self, **_: object) -> list[object]:
            Broken.calls += 1
            stop.set()
            raise RuntimeError("a bug")

    stop = asyncio.Event()

    async def scenario(world: World) -> None:
        world.outbox = Broken()  # type: ignore[assignment]
        await world.replica().delivery.run(stop)
        assert Broken.calls == 1

    asyncio.run(scenario(World()))
