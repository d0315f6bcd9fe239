"""Telling: which messages a minute's alerts become, what stays untold and why, and what failures leave behind."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from o11y.alerting.notification import NO_FACTS, Account, Facts, Notification
from o11y.slo.counts import Counts
from o11y.slo.dimension import Dimension
from o11y.slo.windows import Severity
from o11y.worker.ports import Kept, NotifyError, StoreError
from o11y.worker.tick import LEASE_S
from tests.builders import ERROR_RATE, NOW, dimension, latency, objective
from tests.worker_fakes import BURNING, QUIET, SMOULDERING, Replica, World, counted

WELL: Counts = counted(0)
#: well in the windows of pages, with the outage still in those of the ticket
TICKET_ALONE: Counts = {
    dimension(): {ERROR_RATE: {**WELL[dimension()][ERROR_RATE], **SMOULDERING[dimension()][ERROR_RATE]}}
}
MINUTE = timedelta(minutes=1)


async def live(world: World, replica: Replica, *spans: tuple[Counts, int]) -> None:
    for counts, minutes in spans:
        world.counts.now = counts
        await world.tick(replica, minutes=minutes)


def story(message: Notification) -> Account:
    assert message.account is not None
    return message.account


def two_objectives() -> World:
    """Of indicators that never share a message, both burning with ``BOTH``."""
    return World([objective(name="a"), objective(name="b", sli=latency())])


BOTH: Counts = {
    dimension(): {**counted(50)[dimension()], **counted(50, sli=latency())[dimension()]},
}

# ---------------------------------------------------------------- one minute


def test_a_burning_minute_pages_once_with_its_facts_and_is_written_down() -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.colour.facts = BURNING, Facts(status_codes=(("503", 50),))
        await world.tick(world.replica())
        (page,) = world.slack.alerts
        assert (page.severity, page.fired_at, page.facts) == (Severity.PAGE, NOW, world.colour.facts)
        assert not any([page.repeated, page.late_detection, page.without_memory, page.delivered_at, page.edit_only])
        assert world.spool.transitions() == ["fired", "notified"]
        assert {row["notification_id"] for row in world.spool.history if row["severity"] == "page"} == {
            page.notification_id
        }

    asyncio.run(scenario(World()))


def test_alerts_of_one_cause_are_one_message_worst_first() -> None:
    async def scenario(world: World) -> None:
        mild, bad, worst = dimension("mild"), dimension("bad"), dimension("worst")
        world.counts.now = {**counted(30, mild), **counted(99, worst), **counted(60, bad)}
        await world.tick(world.replica())
        (page,) = world.slack.alerts
        assert [alert.dimension.model for alert in page.alerts] == ["worst", "bad", "mild"]
        assert [alert.dimension for alert in world.colour.asked] == [worst]

    asyncio.run(scenario(World()))


def test_a_message_carries_ten_alerts_and_counts_the_rest() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = counted(50, *(dimension(f"m{number}") for number in range(15)))
        await world.tick(world.replica())
        (page,) = world.slack.alerts
        assert (len(page.alerts), page.unseen, story(page).firing) == (10, 5, 15)

    asyncio.run(scenario(World()))


def test_each_indicator_has_a_message_of_its_own() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BOTH
        await world.tick(world.replica())
        assert sorted(message.alerts[0].objective.name for message in world.slack.alerts) == ["a", "b"]

    asyncio.run(scenario(two_objectives()))


def test_a_page_of_a_model_that_nobody_recommends_is_one_ticket_with_the_reason() -> None:
    async def scenario(world: World) -> None:
        world.models.now = frozenset({"other/model"})
        await live(world, world.replica(), (counted(50, windows=(60, 300)), 3))
        (ticket,) = world.slack.alerts
        assert ticket.severity is Severity.TICKET
        assert [alert.lowered_because for alert in ticket.alerts] == [
            "the model is not on the list of recommended models"
        ]

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- failures


def test_an_incident_that_fails_does_not_stop_the_next_and_is_told_by_a_later_try() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BOTH
        replica = world.replica()
        world.slack.fails = [RuntimeError("a bug")]
        await replica.ticker.tick(NOW)
        assert len(world.slack.alerts) == 1
        assert replica.ticker.health.failures_in_a_row == 1
        assert await world.memory.last_finished() is None
        world.clock.advance(60)
        await world.tick(replica)
        assert sorted(message.alerts[0].objective.name for message in world.slack.alerts) == ["a", "b"]
        assert [message.repeated for message in world.slack.alerts] == [False, True]
        assert replica.ticker.health.failures_in_a_row == 0

    asyncio.run(scenario(two_objectives()))


@pytest.mark.parametrize("failure", [StoreError("too slow"), KeyError("a bug"), TimeoutError()])
def test_the_page_goes_out_without_colour_that_fails_which_is_not_asked_again(failure: Exception) -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.colour.fail = BOTH, failure
        await world.replica().ticker.tick(NOW)
        assert [page.facts for page in world.slack.alerts] == [NO_FACTS, NO_FACTS]
        assert len(world.colour.asked) == 1

    asyncio.run(scenario(two_objectives()))


def test_the_page_goes_out_without_colour_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        world.colour.colour = hang  # type: ignore[method-assign]
        await world.replica().ticker.tick(NOW)
        assert world.slack.severities() == ["page"]

    async def hang(*_: object, **__: object) -> Facts:
        await asyncio.Event().wait()
        return NO_FACTS

    monkeypatch.setattr("o11y.worker.telling.COLOUR_DEADLINE_S", 0.01)
    asyncio.run(scenario(World()))


async def somebody_is_first(*_: object, **__: object) -> Kept:
    return Kept.STALE


def test_who_never_gets_a_word_in_tells_nothing_and_tries_the_minute_again() -> None:
    async def scenario(world: World) -> None:
        replica, commit = world.replica(), world.incidents.commit
        world.counts.now = BURNING
        world.incidents.commit = somebody_is_first  # type: ignore[method-assign]
        await world.tick(replica)
        assert (world.slack.sent, world.spool.history, world.outbox.entries) == ([], [], {})
        assert replica.ticker.health.last_error.startswith("incidents could not be told")
        world.incidents.commit = commit  # type: ignore[method-assign]
        world.clock.advance(LEASE_S)
        await world.tick(replica)
        (page,) = world.slack.alerts
        assert (page.fired_at, page.late_detection) == (NOW, True)

    asyncio.run(scenario(World()))


def test_what_another_evaluator_was_first_with_is_decided_once_more_on_what_it_has_made_of_it() -> None:
    async def scenario(world: World) -> None:
        mine, other, commit = world.replica("mine"), world.replica("other"), world.incidents.commit
        world.counts.now = BURNING

        async def other_is_quicker(*arguments: Any, **named: Any) -> Kept:
            world.incidents.commit = commit  # type: ignore[method-assign]
            now = world.clock.now
            minute = other.ticker._minute(await other.ticker.evaluate(now), late=False)
            await other.ticker.telling.tell(minute, until=now)
            return await commit(*arguments, **named)

        world.incidents.commit = other_is_quicker  # type: ignore[method-assign]
        await world.tick(mine)
        assert world.slack.changes == ["fired"]
        assert world.spool.transitions() == ["fired", "notified"]
        assert mine.ticker.health.failures_in_a_row == 0

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- pages and tickets


def test_a_ten_minute_outage_is_not_followed_by_a_ticket_about_itself() -> None:
    """The ticket's short window still holds the outage for half an hour."""

    async def scenario(world: World) -> None:
        replica = world.replica()
        await live(world, replica, (BURNING, 10), (TICKET_ALONE, 34))
        assert world.slack.changes == ["fired", "resolved"]
        assert Counter(world.spool.transitions(Severity.TICKET)) == {"inhibited": 1}
        await live(world, replica, (QUIET, 10), (SMOULDERING, 3))
        assert world.slack.severities() == ["page", "page", "ticket"]

    asyncio.run(scenario(World()))


def test_a_page_holds_only_the_ticket_of_its_own_dimension() -> None:
    async def scenario(world: World) -> None:
        other = Dimension("another", "other", "other/model")
        healthy = [Dimension(f"c{n}", f"p{n}", f"m{n}") for n in range(30)]
        counts = {**BURNING, **counted(50, other, windows=(1800, 21_600)), **counted(0, *healthy)}
        await live(world, world.replica(), (counts, 3))
        assert [(m.severity.value, m.alerts[0].dimension) for m in world.slack.alerts] == [
            ("page", dimension()),
            ("ticket", other),
        ]

    asyncio.run(scenario(World()))


def test_a_ticket_never_delays_the_page_of_its_dimension() -> None:
    async def scenario(world: World, minutes: int, changes: list[str]) -> None:
        await live(world, world.replica(), (SMOULDERING, minutes), (BURNING, 1))
        assert world.slack.changes == changes
        assert world.slack.alerts[-1].severity is Severity.PAGE

    asyncio.run(scenario(World(), 1, ["fired"]))
    asyncio.run(scenario(World(), 4, ["fired", "escalated"]))


def test_a_page_that_goes_on_is_told_every_15_minutes_and_a_ticket_every_4_hours() -> None:
    async def scenario(counts: Counts, minutes: int) -> list[timedelta]:
        world = World()
        await live(world, world.replica(), (counts, minutes))
        return [message.fired_at - NOW for message in world.slack.alerts]

    assert asyncio.run(scenario(BURNING, 61)) == [n * timedelta(minutes=15) for n in range(5)]
    assert asyncio.run(scenario(SMOULDERING, 243)) == [2 * MINUTE, timedelta(hours=4, minutes=2)]


def test_a_page_that_arrived_late_is_reminded_of_a_cooldown_after_it_arrived() -> None:
    async def scenario(world: World) -> None:
        world.slack.fails = [NotifyError("429", retry_after_s=300)]
        replica = world.replica()
        await live(world, replica, (BURNING, 20))
        assert world.slack.changes == ["fired"]
        await live(world, replica, (BURNING, 1))
        assert world.slack.changes == ["fired", "reminded"]

    asyncio.run(scenario(World()))


def test_a_ticket_that_returns_within_its_cooldown_is_kept_quiet_with_that_reason() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await live(world, replica, (SMOULDERING, 3), (WELL, 50), (SMOULDERING, 10))
        assert world.slack.changes == ["fired", "resolved"]
        assert [row["reason"] for row in world.spool.history if row["transition"] == "cooldown"] == [
            "cooldown: told as a ticket at 12:02"
        ]

    asyncio.run(scenario(World()))
