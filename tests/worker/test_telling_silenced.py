"""Silences in a tick: who is not told, who still is, and what is said when a silence ends."""

import asyncio
from datetime import timedelta

from o11y.slo.windows import Severity
from o11y.worker.ports import MemoryLost
from tests.builders import NOW, TICKET_6H, dimension, objective, silence
from tests.worker.test_telling import TICKET_ALONE, WELL, live, story
from tests.worker_fakes import BURNING, FakeNotifier, World, counted

MINUTE = timedelta(minutes=1)


# ---------------------------------------------------------------- silences


def silenced(world: World, matchers: str, *, minutes: int = 600) -> None:
    now = world.clock.now
    world.silences.kept.append(silence(matchers, starts_at=now, ends_at=now + minutes * MINUTE))


def test_what_is_silenced_and_what_is_inhibited_is_in_the_history_and_the_metrics_with_its_reason() -> None:
    async def scenario(world: World) -> None:
        silenced(world, "client=gateway")
        replica = world.replica()
        await live(world, replica, (BURNING, 20))
        assert world.slack.sent == []
        assert world.spool.transitions() == ["fired", "silenced"]
        assert world.spool.transitions(Severity.TICKET) == ["inhibited"]
        (row,) = (row for row in world.spool.history if row["transition"] == "silenced")
        assert row["reason"] == "silenced: 'deploy' by ann until 2026-11-21T22:00:00Z"
        sample = replica.metrics.registry.get_sample_value
        labels = {"severity": "page", "verdict": "silenced"}
        assert sample("o11y_alert_verdicts_total", labels) == 1

    asyncio.run(scenario(World()))


def test_a_silenced_page_does_not_send_its_tickets_to_those_who_are_paged() -> None:
    """One objective's page is silenced; the other objective of the same cause is a ticket."""
    slow = objective(name="slow", family="slow", pairs=(TICKET_6H,))
    world = World([objective(), slow])

    async def scenario() -> None:
        silenced(world, "objective=error-rate")
        replica = world.replica()
        await live(world, replica, (BURNING, 5))
        assert [(m.severity.value, [a.objective.name for a in m.alerts]) for m in world.slack.alerts] == [
            ("ticket", ["slow"])
        ]
        world.silences.kept.clear()
        await live(world, replica, (BURNING, 1))
        assert world.slack.changes == ["fired", "escalated"]
        assert world.slack.severities() == ["ticket", "page"]
        assert story(world.slack.alerts[-1]).ended_silence == "'deploy' by ann"

    asyncio.run(scenario())


def test_a_ticket_told_beside_a_silenced_page_goes_on_when_that_page_is_over() -> None:
    slow = objective(name="slow", family="slow", pairs=(TICKET_6H,))
    world = World([objective(), slow])

    async def scenario() -> None:
        silenced(world, "objective=error-rate")
        replica = world.replica()
        await live(world, replica, (BURNING, 5), (TICKET_ALONE, 20))
        assert world.slack.changes == ["fired"]
        await live(world, replica, (WELL, 40))
        assert world.slack.changes == ["fired", "resolved"]
        assert world.slack.severities() == ["ticket", "ticket"]

    asyncio.run(scenario())


def test_a_silence_that_ends_while_nothing_fires_tells_nothing_and_who_fires_again_is_told() -> None:
    async def scenario(world: World) -> None:
        silenced(world, "client=gateway", minutes=3)
        replica = world.replica()
        await live(world, replica, (BURNING, 2), (WELL, 3))
        assert world.slack.sent == []
        await live(world, replica, (BURNING, 1))
        assert world.slack.changes == ["fired"]
        assert story(world.slack.alerts[0]).ended_silence == "'deploy' by ann"

    asyncio.run(scenario(World()))


def test_an_incident_that_was_silenced_to_its_end_is_never_told() -> None:
    async def scenario(world: World) -> None:
        silenced(world, "client=gateway", minutes=30)
        await live(world, world.replica(), (BURNING, 5), (WELL, 60))
        assert world.slack.sent == []
        assert world.spool.transitions()[-1] == "resolved"

    asyncio.run(scenario(World()))


def test_silencing_some_of_a_cause_silences_nobody_else_of_it() -> None:
    """A page of another model of the same provider is told, although all that is known of the cause is silenced."""

    async def scenario(world: World) -> None:
        names = ["a", "b", "c"]
        firing = counted(50, *map(dimension, names))
        replica = world.replica()
        await live(world, replica, (firing, 4))
        silenced(world, "model=~a|b|c")
        await live(world, replica, (firing, 1), ({**firing, **counted(50, dimension("d"))}, 1))
        assert world.slack.changes == ["fired", "fired"]
        assert [alert.dimension.model for alert in world.slack.alerts[-1].alerts] == ["d"]

    asyncio.run(scenario(World()))


def test_what_is_silenced_after_it_was_told_is_only_brought_up_to_date_in_place() -> None:
    async def scenario(world: World) -> list[tuple[str, bool]]:
        replica = world.replica()
        await live(world, replica, (BURNING, 2))
        silenced(world, "client=gateway")
        await live(world, replica, (BURNING, 20), (WELL, 6))
        return [(story(message).change.value, message.edit_only) for message in world.slack.alerts]

    assert asyncio.run(scenario(World())) == [("fired", False)]
    assert asyncio.run(scenario(World(slack=FakeNotifier(threads=True)))) == [("fired", False), ("resolved", True)]


def test_silences_until_resolved_end_with_their_incident_also_when_redis_is_away_then() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await live(world, replica, (BURNING, 1))
        (incident_id,) = world.incidents.incidents
        world.silences.kept.append(silence(ends_at=NOW + timedelta(hours=24), incident_id=incident_id))

        async def away(*_: object, **__: object) -> None:
            raise MemoryLost("told to be lost")

        works, world.silences.expire = world.silences.expire, away  # type: ignore[method-assign,assignment]
        await live(world, replica, (WELL, 5))
        assert replica.ticker.health.failures_in_a_row == 0
        world.silences.expire = works  # type: ignore[method-assign]
        assert world.silences.kept[0].expired_at is None

    asyncio.run(scenario(World()))
