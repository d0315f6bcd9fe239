"""Several alerts at once, and late ones: who joins whom, what an end says, and what is folded into a digest."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from o11y.alerting.incident import Cause, Change
from o11y.alerting.volume import Cap, Volume
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity
from tests.builders import NOW, TICKET_6H, dimension, latency, objective
from tests.worker.test_telling import live, story
from tests.worker_fakes import BURNING, SMOULDERING, FakeNotifier, World, counted

# ---------------------------------------------------------------- groups


def test_the_end_of_a_group_says_how_far_it_reached() -> None:
    async def scenario(world: World) -> None:
        models = [dimension(f"m{number}") for number in range(15)]
        await live(
            world, world.replica(), (counted(50, *models[:14]) | counted(0, models[14]), 3), (counted(0, *models), 5)
        )
        fired, over = map(story, world.slack.alerts)
        assert fired.extent is not None
        assert over.extent is not None
        assert (fired.extent.well, over.extent.well) == (("m14",), ())
        assert fired.extent.models == over.extent.models == (14, 15)

    asyncio.run(scenario(World()))


def test_a_ticket_of_an_open_page_that_rises_is_named_among_those_that_joined() -> None:
    async def scenario(world: World) -> None:
        pages = [dimension(name) for name in "abc"]
        rising = dimension("d")
        ticket = counted(50, rising, windows=(1800, 21_600))
        replica = world.replica()
        await live(world, replica, (counted(50, *pages) | ticket, 4), (counted(50, *pages, rising), 3))
        assert world.slack.changes == ["fired", "joined"]
        assert story(world.slack.alerts[-1]).joined == (rising,)

    asyncio.run(scenario(World()))


def test_joiners_of_minutes_that_were_missed_join_too() -> None:
    async def scenario(world: World) -> None:
        first, more = counted(50, *map(dimension, "abc")), counted(50, *map(dimension, "abcd"))
        await live(world, world.replica("stopped"), (first, 4))
        world.clock.advance(180)
        await live(world, world.replica("started"), (more, 1))
        assert world.slack.changes == ["fired", "joined"]
        assert len(world.incidents.incidents) == 1

    asyncio.run(scenario(World()))


def test_a_page_that_shows_only_when_late_events_are_there_is_told_although_its_ticket_is_known() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await live(world, replica, (SMOULDERING, 5))
        await world.memory.publish("behind", NOW, ttl_s=3600)
        incomplete = world.clock.now
        await live(world, replica, (SMOULDERING, 1))
        world.counts.at[incomplete - timedelta(seconds=10)] = BURNING
        await world.memory.publish("behind", None, ttl_s=3600)
        await live(world, replica, (SMOULDERING, 2))
        assert world.slack.changes == ["fired", "escalated"]
        page = world.slack.alerts[-1]
        assert (page.severity, page.fired_at, page.late_detection) == (Severity.PAGE, incomplete, True)

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- an objective that is gone


def test_an_incident_whose_objective_is_gone_is_closed_and_that_is_told() -> None:
    async def scenario(world: World) -> None:
        await live(world, world.replica(), (BURNING, 3))
        world.objectives = [objective(name="another", sli=latency())]
        await live(world, world.replica("reloaded"), (BURNING, 3))
        assert world.slack.changes == ["fired", "expired"]
        assert world.slack.alerts[-1].alerts[0].objective.name == "error-rate"

    asyncio.run(scenario(World()))


def test_a_page_whose_objective_is_gone_is_closed_where_it_was_told() -> None:
    slow = objective(name="slow", family="slow", pairs=(TICKET_6H,))

    async def scenario(world: World) -> None:
        await live(world, world.replica(), (BURNING, 3))
        world.objectives = [slow]
        await live(world, world.replica("reloaded"), (BURNING, 3))
        assert world.slack.changes[:2] == ["fired", "expired"]
        assert world.slack.severities()[:2] == ["page", "page"]

    asyncio.run(scenario(World([objective(), slow])))


# ---------------------------------------------------------------- the volume cap


def lonely(number: int, *, firing: int) -> Counts:
    """Dimensions that have nothing in common, so many of them firing."""
    counts: Counts = {}
    for n in range(number):
        place = Dimension(f"client-{n}", f"provider-{n}", f"model-{n}")
        counts |= counted(50 if n < firing else 0, place)
    return counts


def test_a_digest_names_thirty_messages_and_counts_the_rest() -> None:
    async def scenario(world: World) -> None:
        await live(world, world.replica(), (lonely(200, firing=50), 1))
        (digest,) = world.slack.notices
        assert (digest.title, digest.over) == ("48 more messages, in one", False)
        assert len(digest.text.splitlines()) == 31
        assert digest.text.endswith("and 18 more; the alert history has them all")
        assert world.spool.transitions().count("fired") == 50

    asyncio.run(scenario(World(cap=Cap(messages=1, pages=2))))


def test_an_end_that_is_a_line_of_a_digest_is_shown_in_its_own_message_where_that_can_be_edited() -> None:
    """Otherwise it would be red for ever."""

    async def scenario(world: World) -> None:
        replica = world.replica()
        await live(world, replica, (lonely(40, firing=3), 1))
        assert (world.slack.changes, world.slack.notices) == (["fired"] * 3, [])
        await live(world, replica, (lonely(40, firing=0), 5))
        over = [message for message in world.slack.alerts if story(message).change is Change.RESOLVED]
        assert sorted(message.edit_only for message in over) == [False, False, True]
        assert len({story(message).incident_id for message in over}) == 3
        folded = next(message for message in over if message.edit_only)
        assert world.slack.told_in[world.slack.sent.index(folded)] is not None
        assert [(one.title, one.over) for one in world.slack.notices] == [("1 more message", True)]

    asyncio.run(scenario(World(slack=FakeNotifier(threads=True), cap=Cap(messages=2, pages=3))))


def test_what_nobody_has_seen_yet_is_in_the_digest_alone() -> None:
    async def scenario(world: World) -> None:
        await live(world, world.replica(), (lonely(40, firing=3), 1))
        assert world.slack.changes == ["fired"] * 2
        assert len(world.slack.notices) == 1

    asyncio.run(scenario(World(slack=FakeNotifier(threads=True), cap=Cap(messages=1, pages=2))))


class Killed(BaseException):
    """The process ends here."""


def test_a_digest_whose_sender_died_before_it_noted_so_is_not_sent_again() -> None:
    async def scenario(world: World) -> None:
        keep = world.incidents.keep_volume

        async def dying(severity: Severity, volume: Volume) -> None:
            if volume.digest_at is not None:
                raise Killed
            await keep(severity, volume)

        world.incidents.keep_volume = dying  # type: ignore[method-assign]
        with pytest.raises(Killed):
            await live(world, world.replica("dies"), (lonely(40, firing=5), 1))
        world.incidents.keep_volume = keep  # type: ignore[method-assign]
        assert len(world.slack.notices) == 1
        await live(world, world.replica("survives"), (lonely(40, firing=5), 2))
        assert len(world.slack.notices) == 1

    asyncio.run(scenario(World(cap=Cap(messages=1, pages=2))))


def test_messages_of_a_cause_are_capped_for_each_receiver_apart() -> None:
    async def scenario(world: World) -> None:
        counts = {**lonely(40, firing=3), **counted(50, Dimension("q", "q", "q"), windows=(1800, 21_600))}
        await live(world, world.replica(), (counts, 3))
        assert Counter(message.severity.value for message in world.slack.alerts) == {"page": 1, "ticket": 1}

    asyncio.run(scenario(World(cap=Cap(messages=1, pages=1))))


def test_the_cause_of_a_provider_and_its_models_is_the_provider() -> None:
    async def scenario(world: World) -> None:
        models = [dimension(name) for name in "abc"]
        await live(world, world.replica(), (counted(50, *models), 1))
        (page,) = world.slack.alerts
        assert story(page).cause == Cause(Dimension(None, "vendor", None), Indicator.ERROR_RATE)
        assert {alert.dimension.scope for alert in page.alerts} == {Scope.MODEL, Scope.PROVIDER}
        assert page.alerts[0].long == Ratio(150, 300)

    asyncio.run(scenario(World([objective(), objective(name="provider", scope=Scope.PROVIDER)])))
