"""How an incident changes with a minute: what keeps it open, what ends it, and what a clock that jumps does to it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from o11y.alerting.alert import Alert
from o11y.alerting.incident import LOUD, Cause, Change, Incident, Level, Mute, Phase, Told
from o11y.alerting.lifecycle import (
    Muting,
    Terms,
    hushed,
    is_recovered,
    joined,
    member_of,
    observed,
    opened,
    rebased,
    reopened,
    with_mute,
)
from o11y.alerting.minute import Minute
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity
from tests.builders import ERROR_RATE, NOW, PAGE_30M, TICKET_6H, alert, dimension, incident, member, objective
from tests.worker_fakes import counted

MINUTE = timedelta(minutes=1)
TERMS = Terms()
BAD, WELL, NOBODY = counted(50), counted(0), {}
OBJECTIVE = objective()


def minute(
    after: int, counts: Counts, *alerts: Alert, objectives: tuple[Objective, ...] = (OBJECTIVE,), **changes: bool
) -> Minute:
    """So many minutes after ``NOW``."""
    return Minute(NOW + after * MINUTE, alerts, counts, {one.name: one for one in objectives}, **changes)


def after(one: Incident, *minutes: Minute, muted: Muting = lambda _: LOUD) -> Incident:
    for each in minutes:
        alerts: Mapping[str, Alert] = {alert.key: alert for alert in each.alerts}
        one = observed(one, each, alerts, terms=TERMS, muted=muted)
    return one


def minutes(first: int, last: int, counts: Counts) -> list[Minute]:
    return [minute(n, counts) for n in range(first, last + 1)]


# ---------------------------------------------------------------- firing


def test_a_new_incident_knows_what_its_alerts_saw() -> None:
    one = opened("i", Cause(dimension(), Indicator.ERROR_RATE), [alert(long=Ratio(20, 100))], at=NOW)
    (only,) = one.members
    assert (only.burn_rate, only.peak, only.since, only.fired_at, only.told) == (200, 200, NOW, NOW, None)
    assert (one.phase, one.severity, one.version) == (Phase.FIRING, Severity.PAGE, 0)


def test_the_peak_stays_and_everything_else_follows_the_latest_firing() -> None:
    worst, milder = alert(at=NOW + MINUTE, long=Ratio(90, 100)), alert(at=NOW + 2 * MINUTE, long=Ratio(20, 100))
    one = after(incident(), minute(1, BAD, worst), minute(2, BAD, milder))
    (only,) = one.members
    assert (only.peak, only.burn_rate, only.long, only.fired_at) == (900, 200, Ratio(20, 100), NOW + 2 * MINUTE)
    assert only.since == NOW


def test_a_page_that_fires_as_a_ticket_stays_a_page() -> None:
    ticket = alert(severity=Severity.TICKET, at=NOW + MINUTE)
    assert after(incident(), minute(1, BAD, ticket)).severity is Severity.PAGE


def test_members_join_once() -> None:
    other = alert(dimension=dimension("other"))
    one = joined(joined(incident(), [alert(), other]), [other])
    assert [each.dimension.model for each in one.members] == ["vendor/model", "other"]


# ---------------------------------------------------------------- its end


def test_it_is_resolved_after_five_quiet_minutes_with_valid_requests() -> None:
    assert after(incident(), *minutes(1, 4, WELL)).phase is Phase.FIRING
    one = after(incident(), *minutes(1, 5, WELL))
    assert (one.phase, one.resolved_at) == (Phase.RESOLVED, NOW + 5 * MINUTE)
    assert is_recovered(one)


def test_a_ticket_is_quiet_for_its_own_short_window() -> None:
    ticket = incident(member(severity=Severity.TICKET, pair=TICKET_6H))
    assert after(ticket, *minutes(1, 29, WELL)).is_open
    assert not after(ticket, *minutes(1, 30, WELL)).is_open


def test_requests_before_the_last_firing_are_no_recovery() -> None:
    one = incident(member(well_at=NOW - MINUTE))
    assert after(one, *minutes(1, 20, NOBODY)).is_open


def test_one_minute_with_requests_is_enough_when_the_rest_was_quiet() -> None:
    assert after(incident(), *minutes(1, 19, NOBODY)).is_open
    assert not after(incident(), *minutes(1, 19, NOBODY), minute(20, WELL)).is_open


def test_requests_that_are_too_bad_to_be_well_and_too_few_to_fire_end_nothing() -> None:
    few: Counts = {dimension(): {ERROR_RATE: {60: Ratio(1, 1), 300: Ratio(1, 1)}}}
    one = after(incident(), *minutes(1, 40, few))
    assert (one.phase, one.members[0].data_at) == (Phase.FIRING, NOW + 40 * MINUTE)


def test_what_is_well_in_one_pair_of_windows_is_judged_by_the_one_that_fired() -> None:
    slow = incident(member(pair=PAGE_30M))
    bad_in_180s: Counts = {dimension(): {ERROR_RATE: {60: Ratio(0, 10), 180: Ratio(10, 30)}}}
    assert after(slow, *minutes(1, 10, bad_in_180s)).is_open


def test_an_incomplete_minute_neither_resolves_nor_says_that_there_is_no_data() -> None:
    one = after(incident(), *(replace_complete(each) for each in minutes(1, 60, WELL)))
    assert one.phase is Phase.FIRING
    one = after(incident(), *(replace_complete(each) for each in minutes(1, 60, NOBODY)))
    assert one.phase is Phase.FIRING
    assert one.members[0].well_at is None


def replace_complete(each: Minute) -> Minute:
    return Minute(each.at, each.alerts, each.counts, each.objectives, complete=False)


def test_an_incomplete_minute_fires() -> None:
    one = after(incident(), *minutes(1, 4, WELL), replace_complete(minute(5, BAD, alert(at=NOW + 5 * MINUTE))))
    assert one.fired_at == NOW + 5 * MINUTE


def test_a_page_ends_with_its_pages_whatever_its_tickets_do() -> None:
    slow = member(dimension=dimension("slow"), severity=Severity.TICKET, pair=TICKET_6H)
    still = alert(dimension=dimension("slow"), pair=TICKET_6H)
    told = Told(Change.FIRED, NOW, Severity.PAGE, 2, Decimal(500))
    one = incident(member(), slow, told=told)
    for each in minutes(1, 5, WELL):
        firing = replace(still, at=each.at)
        one = after(one, Minute(each.at, (firing,), each.counts, each.objectives))
    assert one.phase is Phase.RESOLVED


def test_what_was_told_as_a_ticket_ends_when_all_of_it_is_over() -> None:
    """Its page is muted: for those who were told of the ticket the page does not exist."""
    slow = member(dimension=dimension("slow"), severity=Severity.TICKET, pair=TICKET_6H)
    told = Told(Change.FIRED, NOW, Severity.TICKET, 1, Decimal(500))
    one = incident(member(muted="silenced: x"), slow, told=told)
    both = counted(0, dimension(), dimension("slow"))
    assert after(one, *minutes(1, 29, both)).is_open
    assert not after(one, *minutes(1, 30, both)).is_open


# ---------------------------------------------------------------- no data


def test_half_an_hour_without_requests_is_no_data_since_the_last_one() -> None:
    assert after(incident(), *minutes(1, 29, NOBODY)).phase is Phase.FIRING
    one = after(incident(), *minutes(1, 30, NOBODY))
    assert (one.phase, one.no_data_since) == (Phase.NO_DATA, NOW)
    assert after(one, *minutes(31, 90, NOBODY)).no_data_since == NOW


def test_who_fires_again_has_data() -> None:
    one = after(incident(), *minutes(1, 30, NOBODY), minute(31, BAD, alert(at=NOW + 31 * MINUTE)))
    assert (one.phase, one.no_data_since) == (Phase.FIRING, None)


def test_a_day_without_requests_closes_it_without_recovery() -> None:
    one = after(incident(), minute(24 * 60 - 1, NOBODY))
    assert one.phase is Phase.NO_DATA
    one = after(one, minute(24 * 60, NOBODY))
    assert one.phase is Phase.RESOLVED
    assert not is_recovered(one)


def test_one_member_without_data_keeps_the_whole_open() -> None:
    other = dimension("other")
    one = after(incident(member(), member(dimension=other)), *minutes(1, 30, WELL))
    assert (one.phase, one.no_data_since) == (Phase.NO_DATA, NOW)


# ---------------------------------------------------------------- an objective that is gone


def test_a_member_whose_objective_is_gone_is_waited_for_no_more() -> None:
    gone = member(key="gone", objective="gone", dimension=dimension("gone"))
    one = after(incident(member(), gone), *minutes(1, 5, WELL))
    assert one.phase is Phase.RESOLVED
    assert not is_recovered(one), "nobody knows whether it is well"
    assert gone in one.members


def test_an_incident_without_objectives_is_closed_at_once() -> None:
    one = after(incident(), minute(1, BAD, objectives=(objective(name="another"),)))
    assert (one.phase, one.resolved_at, one.members) == (Phase.RESOLVED, NOW + MINUTE, incident().members)


# ---------------------------------------------------------------- silences


def test_who_mutes_it_is_remembered_until_it_is_told() -> None:
    quiet = with_mute(member(), Mute("silenced: x until noon", "'deploy' by ann"))
    assert (quiet.muted, quiet.was_muted, quiet.silence) == (
        "silenced: x until noon",
        False,
        "'deploy' by ann",
    )
    loud = with_mute(quiet, LOUD)
    assert (loud.muted, loud.was_muted, loud.silence) == ("", True, "'deploy' by ann")
    assert with_mute(loud, LOUD) is loud


def test_a_sum_is_as_silent_as_what_explains_it_and_a_part_speaks_for_itself() -> None:
    total = member(dimension=Dimension(None, "vendor", None), spoken_for=True)
    quiet = member(muted="silenced: x", silence="x")
    assert [each.muted for each in hushed((quiet, total))] == ["silenced: x", "silenced: x"]
    assert [each.muted for each in hushed((quiet, member(dimension=dimension("b")), total))] == ["silenced: x", "", ""]
    assert hushed((total,)) == (total,)


def test_parts_that_join_are_never_spoken_for() -> None:
    part, total = alert(dimension=dimension("b")), alert(dimension=Dimension(None, "vendor", None))
    one = joined(incident(), [part, total], spoken_for=True)
    assert [each.spoken_for for each in one.members] == [False, False, True]


# ---------------------------------------------------------------- again


def test_what_returns_is_the_same_incident_once_more() -> None:
    ended = after(incident(), *minutes(1, 5, WELL))
    one = reopened(ended, at=NOW + 9 * MINUTE)
    assert (one.phase, one.resolved_at, one.reopened, one.opened_at) == (Phase.FIRING, None, 1, NOW)


# ---------------------------------------------------------------- the clock


def test_after_a_step_back_no_stamp_lies_ahead() -> None:
    told = Told(Change.JOINED, NOW, Severity.PAGE, 1, Decimal(500), joined_at=NOW, urged_at=NOW)
    before = incident(member(well_at=NOW), told=told, no_data_since=NOW, level=Level(NOW, Decimal(500)))
    one = rebased(before, NOW - timedelta(hours=1))
    stamps = [one.opened_at, one.no_data_since, one.members[0].since, one.members[0].fired_at, one.members[0].data_at]
    assert one.told is not None
    assert one.level is not None
    stamps += [one.members[0].well_at, one.told.at, one.told.joined_at, one.told.urged_at, one.level.at]
    assert set(stamps) == {NOW - timedelta(hours=1)}
    assert one.evaluated_at < NOW - timedelta(hours=1), "the minute is news to it"


@pytest.mark.parametrize("ahead_s", [0, 60, 299])
def test_a_replica_whose_clock_is_a_little_behind_changes_nothing(ahead_s: int) -> None:
    one = incident()
    assert rebased(one, NOW - timedelta(seconds=ahead_s)) is one


def test_an_incident_that_was_rebased_ends_like_any_other() -> None:
    back = NOW - timedelta(hours=1)
    one = rebased(incident(), back)
    for n in range(1, 6):
        one = after(one, Minute(back + n * MINUTE, (), WELL, {OBJECTIVE.name: OBJECTIVE}))
    assert one.phase is Phase.RESOLVED


def test_a_member_knows_why_it_is_no_page() -> None:
    assert (
        member_of(alert(severity=Severity.TICKET, lowered_because="nobody recommends it")).lowered_because is not None
    )
