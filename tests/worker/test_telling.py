"""Telling: which messages a minute's alerts become, and what pages and tickets of later minutes do."""

import asyncio
from datetime import timedelta

import pytest

from o11y.alerting.claim import Verdict
from o11y.alerting.notification import NO_FACTS, Facts
from o11y.slo.windows import Severity
from o11y.worker.ports import StoreError
from tests.builders import NOW, dimension, objective
from tests.worker_fakes import BURNING, QUIET, SMOULDERING, World, counted

# ---------------------------------------------------------------- one minute


def test_a_burning_minute_pages_once_with_its_facts_and_is_written_down() -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.colour.facts = BURNING, Facts(status_codes=(("503", 50),))
        await world.tick(world.replica())
        (page,) = world.slack.alerts
        assert (page.severity, page.fired_at, page.facts) == (Severity.PAGE, NOW, world.colour.facts)
        assert not any([page.repeated, page.late_detection, page.without_memory, page.delivered_at])
        assert world.spool.transitions() == ["fired", "notified"]
        assert {row["notification_id"] for row in world.spool.history if row["severity"] == "page"} == {
            page.notification_id
        }

    asyncio.run(scenario(World()))


def test_alerts_of_one_severity_and_objective_are_one_notification_worst_first() -> None:
    async def scenario(world: World) -> None:
        mild, bad, worst = dimension("mild"), dimension("bad"), dimension("worst")
        world.counts.now = {**counted(30, mild), **counted(99, worst), **counted(60, bad)}
        await world.tick(world.replica())
        (page,) = world.slack.alerts
        assert [alert.dimension.model for alert in page.alerts] == ["worst", "bad", "mild"]
        assert [alert.dimension for alert in world.colour.asked] == [worst]

    asyncio.run(scenario(World()))


def test_each_objective_has_a_notification_of_its_own() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        await world.tick(world.replica())
        assert sorted(message.alerts[0].objective.name for message in world.slack.alerts) == ["one", "two"]

    asyncio.run(scenario(World([objective(name="two", family="b"), objective(name="one", family="a")])))


def test_a_page_of_a_model_that_nobody_recommends_is_one_ticket_with_the_reason() -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.models.now = counted(50, windows=(60, 300)), frozenset({"other/model"})
        await world.tick(world.replica())
        (ticket,) = world.slack.alerts
        assert ticket.severity is Severity.TICKET
        assert [alert.lowered_because for alert in ticket.alerts] == [
            "the model is not on the list of recommended models"
        ]

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- failures


def test_a_group_that_fails_does_not_stop_the_next_and_is_told_by_a_later_tick() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        replica = world.replica()
        world.slack.fails = [RuntimeError("a bug")]
        await replica.ticker.tick(NOW)
        assert [message.alerts[0].objective.name for message in world.slack.alerts] == ["b"]
        assert replica.ticker.health.failures_in_a_row == 1
        assert await world.memory.last_finished() is None
        world.clock.advance(60)
        await world.tick(replica)
        assert [message.alerts[0].objective.name for message in world.slack.alerts] == ["b", "a"]
        assert world.slack.alerts[1].repeated
        assert replica.ticker.health.failures_in_a_row == 0

    asyncio.run(scenario(World([objective(name="a", family="a"), objective(name="b", family="b")])))


@pytest.mark.parametrize("failure", [StoreError("too slow"), KeyError("a bug"), TimeoutError()])
def test_the_page_goes_out_without_colour_that_fails_which_is_not_asked_again(failure: Exception) -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.colour.fail = BURNING, failure
        await world.replica().ticker.tick(NOW)
        assert [page.facts for page in world.slack.alerts] == [NO_FACTS, NO_FACTS]
        assert len(world.colour.asked) == 1

    asyncio.run(scenario(World([objective(name="a", family="a"), objective(name="b", family="b")])))


def test_the_page_goes_out_without_colour_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging:
        async def colour(self, *_: object, **__: object) -> Facts:
            await asyncio.Event().wait()
            return NO_FACTS

    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        await world.replica(colour=Hanging()).ticker.tick(NOW)
        assert world.slack.severities() == ["page"]

    monkeypatch.setattr("o11y.worker.telling.COLOUR_DEADLINE_S", 0.01)
    asyncio.run(scenario(World()))


def test_an_alert_that_another_is_sending_is_waited_for_until_its_lease_is_over() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        replica = world.replica()
        (page, *_) = (await replica.ticker.evaluate(NOW)).alerts
        (answer,) = await world.replica("crashing").claims.claim([page], token="crashed", now=NOW)
        assert answer.verdict is Verdict.CLAIMED
        await replica.ticker.tick(NOW)
        assert world.clock.now == NOW + timedelta(seconds=30)
        assert [message.repeated for message in world.slack.alerts] == [True]

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- across ticks


def test_a_ten_minute_outage_is_not_followed_by_a_ticket_about_itself() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica, minutes=10)
        world.counts.now = SMOULDERING  # the ticket's short window still holds the outage for half an hour
        await world.tick(replica, minutes=31)
        assert world.slack.severities() == ["page"]
        assert world.spool.transitions(Severity.TICKET) == ["inhibited"] * 41
        world.counts.now = QUIET
        await world.tick(replica, minutes=10)
        world.counts.now = SMOULDERING
        await world.tick(replica)
        assert world.slack.severities() == ["page", "ticket"]

    asyncio.run(scenario(World()))


def test_a_page_holds_only_the_ticket_of_its_own_dimension() -> None:
    async def scenario(world: World) -> None:
        other = dimension("other/model")
        world.counts.now = {**BURNING, **counted(50, other, windows=(1800, 21_600))}
        await world.tick(world.replica())
        assert [(m.severity.value, m.alerts[0].dimension) for m in world.slack.alerts] == [
            ("page", dimension()),
            ("ticket", other),
        ]

    asyncio.run(scenario(World()))


def test_a_ticket_never_delays_the_page_of_its_dimension() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = SMOULDERING
        await world.tick(replica)
        world.counts.now = BURNING
        await world.tick(replica)
        assert world.slack.severities() == ["ticket", "page"]

    asyncio.run(scenario(World()))


def test_a_page_that_goes_on_is_told_every_15_minutes_and_a_ticket_every_4_hours() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = {**BURNING, **counted(50, dimension("slow"), windows=(1800, 21_600))}
        await world.tick(replica, minutes=241)
        told = [message.fired_at - NOW for message in world.slack.alerts if message.severity is Severity.PAGE]
        assert told == [n * timedelta(minutes=15) for n in range(17)]
        told = [message.fired_at - NOW for message in world.slack.alerts if message.severity is Severity.TICKET]
        assert told == [timedelta(0), timedelta(hours=4)]

    asyncio.run(scenario(World()))
