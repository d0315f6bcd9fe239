"""The tick: its lease, the minutes it missed, and what may fail around it."""

import asyncio
from datetime import datetime, timedelta

import pytest

from o11y.alerting.notification import Presence
from o11y.slo.dimension import Dimension
from o11y.slo.windows import Severity
from o11y.worker.ports import StoreError
from o11y.worker.tick import window_end
from tests.builders import NOW
from tests.worker_fakes import BURNING, World

MINUTE = timedelta(minutes=1)


def ending(minute: datetime) -> datetime:
    return window_end(minute, 10)


# ---------------------------------------------------------------- one minute


def test_windows_end_on_the_grain_an_ingest_lag_before_the_minute() -> None:
    assert window_end(NOW, 10) == NOW - timedelta(seconds=10)
    assert window_end(NOW, 13) == NOW - timedelta(seconds=20)
    assert window_end(NOW + timedelta(microseconds=5), 0) == NOW


def test_a_healthy_minute_tells_nothing() -> None:
    async def scenario(world: World) -> None:
        await world.tick(world.replica())
        assert world.slack.sent == []
        assert world.counts.asked == [ending(NOW)]

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- the lease


def test_a_finished_minute_is_not_evaluated_again() -> None:
    async def scenario(world: World) -> None:
        first, second = world.replica("a"), world.replica("b")
        await first.ticker.tick(NOW)
        await second.ticker.tick(NOW + timedelta(seconds=59))
        await first.ticker.tick(NOW + timedelta(seconds=59))
        assert world.counts.asked == [ending(NOW)]

    asyncio.run(scenario(World()))


def test_a_minute_under_anothers_live_lease_is_left_to_it() -> None:
    async def scenario(world: World) -> None:
        await world.memory.acquire(NOW, owner="another", lease_s=20)
        await world.replica().ticker.tick(NOW)
        assert world.counts.asked == []

    asyncio.run(scenario(World()))


def test_a_minute_whose_evaluator_died_is_taken_over_when_the_lease_is_over() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        await world.memory.acquire(NOW, owner="dead", lease_s=20)
        world.clock.advance(20)
        await world.replica().ticker.tick(NOW)
        assert world.slack.severities() == ["page"]
        assert await world.memory.last_finished() == NOW

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- missed minutes


def test_missed_minutes_are_evaluated_in_order_and_told_once_as_late() -> None:
    async def scenario(world: World) -> None:
        await world.tick(world.replica("stopped"))
        world.counts.at = {ending(NOW + n * MINUTE): BURNING for n in (2, 3)}
        world.clock.advance(4 * 60)  # five minutes after the last one
        await world.tick(world.replica("started"))
        minutes = [NOW + n * MINUTE for n in (1, 2, 3, 4, 5)]
        assert world.counts.asked == [ending(m) for m in (NOW, minutes[-1], *minutes)]
        (page,) = world.slack.alerts
        assert page.late_detection
        assert (page.fired_at, page.delivered_at) == (minutes[1], minutes[-1])
        assert page.presence is Presence.OVER

    asyncio.run(scenario(World()))


def test_a_late_detection_that_still_fires_says_so() -> None:
    async def scenario(world: World) -> None:
        await world.tick(world.replica("stopped"))
        world.counts.now = BURNING
        world.clock.advance(4 * 60)
        await world.tick(world.replica("started"))
        assert [(page.late_detection, page.presence) for page in world.slack.alerts] == [(True, Presence.FIRING)]

    asyncio.run(scenario(World()))


def test_no_more_than_half_an_hour_is_caught_up() -> None:
    async def scenario(world: World) -> None:
        await world.tick(world.replica("stopped"))
        world.counts.asked.clear()
        now = world.clock.advance(2 * 3600)
        await world.tick(world.replica("started"))
        assert sorted(set(world.counts.asked)) == [ending(now - n * MINUTE) for n in range(30, -1, -1)]

    asyncio.run(scenario(World()))


def test_an_incomplete_minute_may_fire_but_is_evaluated_again_when_its_events_are_there() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.memory.publish("shipper", NOW - 30 * MINUTE, ttl_s=600)
        await world.tick(replica)
        assert await world.memory.last_finished() is None
        await world.memory.publish("shipper", None, ttl_s=600)
        await world.tick(replica)
        await world.memory.publish("shipper", ending(world.clock.now) - MINUTE, ttl_s=600)
        world.counts.now = BURNING
        incomplete = world.clock.now
        await world.tick(replica)
        assert world.slack.severities() == ["page"]
        assert await world.memory.last_finished() == incomplete - MINUTE
        await world.memory.publish("shipper", None, ttl_s=600)
        world.counts.asked.clear()
        await world.tick(replica)
        assert ending(incomplete) in world.counts.asked
        assert world.slack.severities() == ["page"]
        assert await world.memory.last_finished() == incomplete + MINUTE

    asyncio.run(scenario(World()))


def test_a_missed_minute_waits_for_its_events() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica)
        world.clock.advance(120)
        await world.memory.publish("shipper", ending(NOW + MINUTE), ttl_s=600)
        world.counts.asked.clear()
        await world.tick(replica)
        now = NOW + 3 * MINUTE
        assert world.counts.asked == [ending(now), ending(NOW + MINUTE), ending(now)]

    asyncio.run(scenario(World()))


def test_a_watermark_of_a_shipper_that_is_gone_does_not_count() -> None:
    async def scenario(world: World) -> None:
        await world.memory.publish("gone", NOW - MINUTE, ttl_s=60)
        world.clock.advance(60)
        await world.tick(world.replica())
        assert await world.memory.last_finished() == NOW + MINUTE

    asyncio.run(scenario(World()))


def test_a_minute_evaluated_again_long_after_its_page_does_not_page_again() -> None:
    """It is over by then, but it has been told."""

    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica)
        await world.memory.publish("slow shipper", NOW, ttl_s=3600)
        world.counts.at[ending(NOW + MINUTE)] = BURNING
        await world.tick(replica, minutes=20)
        assert world.slack.severities() == ["page"]
        await world.memory.publish("slow shipper", None, ttl_s=3600)
        await world.tick(replica)
        assert world.counts.asked.count(ending(NOW + MINUTE)) == 2
        assert world.slack.severities() == ["page"]

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- failures


def test_three_failed_ticks_in_a_row_page_that_o11y_is_blind_once() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.fail = StoreError("no answer")
        await world.tick(replica, minutes=2)
        assert world.slack.sent == []
        await world.tick(replica)
        (notice,) = world.slack.notices
        assert (notice.severity, notice.title) == (Severity.PAGE, "o11y is blind")
        assert "no answer" in notice.text
        await world.tick(replica, minutes=3)
        assert len(world.slack.sent) == 1
        assert replica.ticker.health.failures_in_a_row == 6
        world.counts.fail = None
        await world.tick(replica)
        assert replica.ticker.health.failures_in_a_row == 0
        world.counts.fail = StoreError("again")
        await world.tick(replica, minutes=3)
        assert len(world.slack.notices) == 2

    asyncio.run(scenario(World()))


def test_a_tick_never_raises_even_when_blindness_cannot_be_told() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.fail = StoreError("no answer")
        world.slack.fails = [RuntimeError("a bug")]
        await world.tick(replica, minutes=4)
        assert replica.ticker.health.failures_in_a_row == 4

    asyncio.run(scenario(World()))


def test_a_tick_that_hangs_is_ended_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging:
        async def counts(self, *_: object, **__: object) -> dict[Dimension, object]:
            await asyncio.Event().wait()
            return {}

    async def scenario(world: World) -> None:
        replica = world.replica(counts=Hanging())
        await replica.ticker.tick(NOW)
        assert replica.ticker.health.failures_in_a_row == 1

    monkeypatch.setattr("o11y.worker.tick.DEADLINE_S", 0.01)
    asyncio.run(scenario(World()))


def test_an_evaluation_alone_keeps_and_tells_nothing() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        evaluation = await world.replica().ticker.evaluate(NOW)
        assert {alert.severity for alert in evaluation.alerts} == {Severity.PAGE, Severity.TICKET}
        assert (evaluation.dimensions, evaluation.incomplete) == (1, False)
        assert world.slack.sent == []
        await world.tick(world.replica())
        assert world.slack.severities() == ["page"]

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- several evaluators


def test_a_minute_whose_evaluator_died_is_caught_up_although_a_later_one_is_finished() -> None:
    async def scenario(world: World) -> None:
        await world.tick(world.replica("first"))
        died_in = world.clock.now
        await world.memory.acquire(died_in, owner="dead", lease_s=20)
        world.clock.advance(60)
        assert await world.memory.acquire(world.clock.now, owner="other", lease_s=20)
        await world.memory.finish(world.clock.now, owner="other")
        world.clock.advance(60)
        world.counts.at[ending(died_in)] = BURNING
        await world.tick(world.replica("next"))
        assert [(page.fired_at, page.late_detection) for page in world.slack.alerts] == [(died_in, True)]
        world.counts.asked.clear()
        await world.tick(world.replica("after"))
        assert len(world.counts.asked) == 1

    asyncio.run(scenario(World()))


def test_nothing_is_caught_up_from_before_the_first_evaluation_ever() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica, minutes=2)
        assert world.counts.asked == [ending(NOW), ending(NOW + MINUTE)]

    asyncio.run(scenario(World()))
