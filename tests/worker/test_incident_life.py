"""An incident from its first alert to its end, minute by minute, through everything but the real stores."""

import asyncio
from datetime import timedelta

from o11y.alerting.volume import Cap
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from tests.builders import ERROR_RATE, NOW, dimension, objective, silence
from tests.worker_fakes import BURNING, QUIET, SMOULDERING, WINDOWS, FakeNotifier, Replica, World, counted

WELL: Counts = counted(0)


def models(*names: str, bad: int = 50, provider: str = "vendor") -> Counts:
    return {
        dimension(name, provider=provider): {ERROR_RATE: {window: Ratio(bad, 100) for window in WINDOWS}}
        for name in names
    }


def live(world: World, *spans: tuple[Counts, int], replica: Replica | None = None) -> Replica:
    """So many minutes of each."""
    who = replica or world.replica()

    async def run() -> None:
        for counts, minutes in spans:
            world.counts.now = counts
            await world.tick(who, minutes=minutes)

    asyncio.run(run())
    return who


def told(world: World) -> list[str]:
    return world.slack.changes


def test_an_outage_is_told_once_and_its_end_once() -> None:
    world = World()
    live(world, (BURNING, 5), (WELL, 20))
    assert told(world) == ["fired", "resolved"]


def test_a_resolution_waits_for_five_quiet_minutes_with_traffic() -> None:
    world = World()
    live(world, (BURNING, 5), (WELL, 5))
    assert told(world) == ["fired", "resolved"]
    account = world.slack.alerts[-1].account
    assert account is not None
    assert account.until == NOW + timedelta(minutes=4)
    assert world.slack.alerts[-1].fired_at == NOW + timedelta(minutes=9)


def test_silence_never_resolves_and_is_told_as_no_data_after_half_an_hour() -> None:
    world = World()
    live(world, (BURNING, 1), (QUIET, 29))
    assert told(world) == ["fired"]
    live(world, (QUIET, 1))
    assert told(world) == ["fired", "no_data"]
    live(world, (QUIET, 120))
    assert told(world) == ["fired", "no_data"], "told once"


def test_traffic_that_is_well_again_ends_an_incident_without_data() -> None:
    world = World()
    live(world, (BURNING, 1), (QUIET, 40), (WELL, 1))
    assert told(world) == ["fired", "no_data", "resolved"]


def test_a_day_without_data_closes_it_and_says_that_recovery_was_never_confirmed() -> None:
    world = World()
    live(world, (BURNING, 1), (QUIET, 24 * 60 + 5))
    assert told(world) == ["fired", "no_data", "expired"]


def test_requests_that_are_bad_but_too_few_to_fire_are_no_recovery() -> None:
    world = World()
    few: Counts = {dimension(): {ERROR_RATE: {60: Ratio(1, 1), 180: Ratio(1, 1)}}}
    live(world, (BURNING, 1), (few, 60))
    assert "resolved" not in told(world)


def test_an_incomplete_minute_never_resolves() -> None:
    world = World()
    who = live(world, (BURNING, 5))

    async def behind() -> None:
        world.counts.now = WELL
        for _ in range(15):
            await world.memory.publish("b", world.clock.now - timedelta(minutes=2), ttl_s=300)
            await world.tick(who)

    asyncio.run(behind())
    assert told(world) == ["fired"]
    live(world, (WELL, 1), replica=who)
    live(world, (WELL, 10), replica=who)
    assert told(world) == ["fired", "resolved"]


def test_who_returns_within_ten_minutes_reopens_the_same_incident() -> None:
    world = World()
    live(world, (BURNING, 2), (WELL, 12), (BURNING, 2), (WELL, 10))
    assert told(world) == ["fired", "resolved", "reopened", "resolved"]
    assert len({message.account.incident_id for message in world.slack.alerts if message.account}) == 1


def test_who_returns_later_is_a_new_incident() -> None:
    world = World()
    live(world, (BURNING, 2), (WELL, 16), (BURNING, 2))
    assert told(world) == ["fired", "resolved", "fired"]
    assert len({message.account.incident_id for message in world.slack.alerts if message.account}) == 2


def test_a_reminder_comes_after_the_cooldown_and_says_what_has_changed() -> None:
    world = World()
    live(world, (BURNING, 15), (counted(25), 1))
    assert told(world) == ["fired", "reminded"]
    account = world.slack.alerts[-1].account
    assert account is not None
    assert account.before_burn_rate == 500
    assert account.burn_rate == 250


def test_an_acknowledged_incident_is_not_reminded_of() -> None:
    world = World()
    who = live(world, (BURNING, 1))
    (incident_id,) = world.incidents.incidents
    asyncio.run(world.incidents.acknowledge(incident_id, by="ann", at=world.clock.now))
    live(world, (BURNING, 60), replica=who)
    assert told(world) == ["fired"]
    live(world, (WELL, 10), replica=who)
    assert told(world) == ["fired", "resolved"]


def test_a_ticket_waits_two_minutes_for_others_of_its_cause() -> None:
    world = World()
    live(world, (SMOULDERING, 2))
    assert told(world) == []
    live(world, (SMOULDERING, 1))
    assert told(world) == ["fired"]
    assert world.slack.severities() == ["ticket"]


def test_a_ticket_that_becomes_a_page_says_so() -> None:
    world = World()
    live(world, (SMOULDERING, 5), (BURNING, 1))
    assert told(world) == ["fired", "escalated"]
    assert world.slack.severities() == ["ticket", "page"]


def test_an_outage_is_not_followed_by_a_ticket_about_itself() -> None:
    world = World()
    live(world, (BURNING, 10), (WELL, 6), (SMOULDERING, 20))
    assert told(world) == ["fired", "resolved"]


def test_a_ticket_that_outlives_its_page_is_told_in_the_end() -> None:
    world = World()
    slowly = {**WELL[dimension()][ERROR_RATE], 1800: Ratio(50, 100), 21_600: Ratio(50, 100)}
    live(world, (BURNING, 3), ({dimension(): {ERROR_RATE: slowly}}, 60))
    assert told(world)[:2] == ["fired", "resolved"]
    assert "ticket" in world.slack.severities()


def test_models_of_one_provider_are_one_message() -> None:
    world = World()
    live(world, (models("a", "b", "c"), 1))
    assert told(world) == ["fired"]
    account = world.slack.alerts[0].account
    assert account is not None
    assert account.cause.shared == Dimension(None, "vendor", None)
    assert account.firing == 3


def test_a_joiner_updates_an_open_group_rather_than_paging() -> None:
    world = World()
    live(world, (models("a", "b", "c"), 1), (models("a", "b", "c", "d"), 4))
    assert told(world) == ["fired", "joined"]
    account = world.slack.alerts[1].account
    assert account is not None
    assert [place.model for place in account.joined] == ["d"]


def test_without_edits_joiners_are_told_at_most_once_in_ten_minutes() -> None:
    world = World()
    names = ["a", "b", "c", "d", "e", "f", "g", "h"]
    live(world, *((models(*names[: 3 + min(minute, 5)]), 1) for minute in range(13)))
    assert told(world) == ["fired", "joined", "joined"]


def test_a_receiver_that_edits_hears_of_each_joiner() -> None:
    world = World(slack=FakeNotifier(threads=True))
    live(world, (models("a", "b", "c"), 1), (models("a", "b", "c", "d"), 1), (models("a", "b", "c", "d", "e"), 1))
    assert told(world) == ["fired", "joined", "joined"]
    assert world.slack.told_in[0] is None
    assert world.slack.told_in[1] == world.slack.told_in[2] is not None


def test_better_and_worse_are_told_where_a_message_is_kept_up_to_date() -> None:
    world = World(slack=FakeNotifier(threads=True))
    live(world, (counted(10), 6), (counted(50), 6), (counted(10), 2))
    assert told(world) == ["fired", "worsened", "improved"]


def test_the_volume_cap_folds_the_rest_into_one_digest() -> None:
    world = World(cap=Cap(messages=2, pages=3))
    lonely = {
        Dimension(f"client-{n}", f"provider-{n}", f"model-{n}"): counted(50 if n < 6 else 0)[dimension()]
        for n in range(40)
    }
    live(world, (lonely, 1))
    assert told(world) == ["fired"] * 3
    (digest,) = world.slack.notices
    assert len(digest.text.splitlines()) == 3
    assert len([row for row in world.spool.history if row["transition"] == "fired"]) == 6


def silenced(world: World, *, model: str = "vendor/model", minutes: int = 60) -> None:
    ends_at = world.clock.now + timedelta(minutes=minutes)
    world.silences.kept.append(silence(matchers=f'model="{model}"', starts_at=world.clock.now, ends_at=ends_at))


def test_a_silenced_alert_is_not_told_but_written_down() -> None:
    world = World()
    silenced(world)
    live(world, (BURNING, 5))
    assert told(world) == []
    assert world.spool.transitions().count("silenced") == 1


def test_an_alert_that_is_first_told_because_its_silence_ended_says_so() -> None:
    world = World()
    silenced(world, minutes=5)
    live(world, (BURNING, 7))
    assert told(world) == ["fired"]
    account = world.slack.alerts[0].account
    assert account is not None
    assert account.ended_silence


def test_a_sum_that_a_silenced_dimension_explains_is_silent_too() -> None:
    provider = objective(name="provider-error-rate", scope=Scope.PROVIDER)
    world = World(objectives=[objective(), provider])
    who = live(world, (BURNING, 1))
    silenced(world)
    live(world, (BURNING, 30), replica=who)
    assert told(world) == ["fired"]


def test_the_ticket_s_own_message_follows_its_page() -> None:
    world = World(slack=FakeNotifier(threads=True))
    live(world, (SMOULDERING, 5), (BURNING, 2), (WELL, 6))
    edits = [message for message in world.slack.alerts if message.edit_only]
    assert [message.severity.value for message in edits] == ["ticket", "ticket"]
    assert [message.account.change.value for message in edits if message.account] == ["escalated", "resolved"]


def test_the_history_does_not_say_that_a_ticket_is_well_because_its_page_is_over() -> None:
    total = objective(name="overall-error-rate", scope=Scope.ALL, page_eligible=False)
    world = World(objectives=[objective(), total])
    slowly = {**WELL[dimension()][ERROR_RATE], 1800: Ratio(50, 100), 21_600: Ratio(50, 100)}
    live(world, (BURNING, 3), ({dimension(): {ERROR_RATE: slowly}}, 40))
    reasons = {row["severity"]: row["reason"] for row in world.spool.history if row["transition"] == "resolved"}
    assert reasons["page"].startswith("not firing since")
    assert reasons["ticket"] == "the page that speaks for it is over"
