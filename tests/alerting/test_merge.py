"""Two evaluators that could not agree, and the one incident that remains."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from o11y.alerting.book import Book
from o11y.alerting.incident import Cause, Change, Extent, Incident, Level, Member, Phase, Told
from o11y.alerting.merge import agreed, merged, overlapping
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity
from tests.builders import NOW, TICKET_6H, dimension, incident, member

MINUTE = timedelta(minutes=1)
LATER = NOW + 5 * MINUTE


def told(at: int, change: Change = Change.FIRED) -> Told:
    return Told(change, NOW + at * MINUTE, Severity.PAGE, 1, Decimal(500))


def test_incidents_overlap_when_they_are_about_one_alert_and_the_oldest_counts() -> None:
    mine = incident(member(), member(dimension=dimension("b")), incident_id="mine")
    old = incident(member(dimension=dimension("b")), incident_id="old", opened_at=NOW - MINUTE)
    young = incident(incident_id="young")
    over = incident(incident_id="over", opened_at=NOW - 9 * MINUTE, phase=Phase.RESOLVED, resolved_at=NOW)
    other = incident(member(dimension=dimension("c")), incident_id="other", opened_at=NOW - 9 * MINUTE)
    book = Book({one.incident_id: one for one in (young, over, other, old)})
    assert overlapping(book, mine) is old
    assert overlapping(Book({"other": other, "over": over}), mine) is None


def test_the_members_of_both_are_in_it_and_the_newer_state_of_each() -> None:
    here = incident(member(fired_at=LATER, burn_rate=Decimal(7)), member(dimension=dimension("b")))
    there = incident(member(peak=Decimal(900), since=NOW - MINUTE), member(dimension=dimension("c")), incident_id="x")
    both = merged(here, there)
    assert both.incident_id == "i-1"
    assert [each.dimension.model for each in both.members] == ["vendor/model", "b", "c"]
    first = both.members[0]
    assert (first.fired_at, first.burn_rate, first.peak, first.since) == (LATER, 7, 900, NOW - MINUTE)


def test_what_either_has_told_is_told() -> None:
    here = incident(member(told=Severity.TICKET), told=told(1))
    there = incident(member(told=Severity.PAGE, fired_at=LATER), told=told(3))
    for both in (merged(here, there), merged(there, here), merged(incident(), there), merged(there, incident())):
        assert both.members[0].told is Severity.PAGE
        assert both.told is not None
        assert both.told.at == NOW + 3 * MINUTE


def test_it_is_open_or_over_as_the_one_says_that_knows_the_newer_minute() -> None:
    over = incident(phase=Phase.RESOLVED, resolved_at=LATER, evaluated_at=LATER)
    newer = incident(evaluated_at=LATER + MINUTE)
    older = incident(evaluated_at=LATER - MINUTE)
    assert merged(older, over).phase is Phase.RESOLVED
    assert merged(over, older).resolved_at == LATER
    assert (merged(over, newer).phase, merged(over, newer).resolved_at) == (Phase.FIRING, None)


def test_the_wider_cause_and_the_widest_extent_and_the_newest_level_are_kept() -> None:
    alone, provider = (Cause(shared, Indicator.ERROR_RATE) for shared in (dimension(), Dimension(None, "vendor", None)))
    here = incident(cause=alone, widest=Extent(firing=2), level=Level(NOW, Decimal(5)))
    there = incident(cause=provider, widest=Extent(firing=3), level=Level(LATER, Decimal(7)))
    for both in (merged(here, there), merged(there, here)):
        assert (both.cause, both.widest, both.level) == (provider, there.widest, there.level)
    assert merged(incident(), there).widest == merged(there, incident()).widest == there.widest


def test_a_page_of_either_is_a_page() -> None:
    ticket = incident(member(severity=Severity.TICKET, pair=TICKET_6H, fired_at=LATER))
    assert merged(ticket, incident()).severity is Severity.PAGE


# ---------------------------------------------------------------- what is written


def test_what_nobody_else_has_changed_replaces_the_version_that_it_came_from() -> None:
    mine = incident(version=4, evaluated_at=LATER)
    assert agreed(mine, Book({"i-1": incident(version=3)}), expected=3) == (mine, 3)
    assert agreed(mine, Book(), expected=3) == (mine, None), "Redis has forgotten it"


def test_what_others_have_changed_too_is_made_one_with_theirs() -> None:
    theirs = incident(member(dimension=dimension("b")), version=7)
    both = agreed(incident(version=4), Book({"i-1": theirs}), expected=3)
    assert both is not None
    assert (both[0].version, both[1], len(both[0].members)) == (8, 7, 2)


def test_what_the_book_has_already_is_not_written() -> None:
    assert agreed(incident(version=4), Book({"i-1": incident(version=7)}), expected=3) is None


def test_a_new_one_is_made_one_with_the_open_incident_of_its_alerts() -> None:
    theirs = incident(incident_id="theirs", version=2)
    both = agreed(incident(evaluated_at=LATER), Book({"theirs": theirs}), expected=None)
    assert both is not None
    assert (both[0].incident_id, both[1]) == ("theirs", 2)


def test_one_that_has_ended_opens_nobody_elses() -> None:
    over = incident(phase=Phase.RESOLVED, resolved_at=LATER, evaluated_at=LATER)
    assert agreed(over, Book({"theirs": incident(incident_id="theirs")}), expected=None) == (over, None)


stamps = st.integers(0, 20).map(lambda minutes: NOW + minutes * MINUTE)
severities = st.sampled_from(Severity)


@st.composite
def members(draw: Any) -> Member:
    return member(
        dimension=dimension(draw(st.sampled_from("abc"))),
        severity=draw(severities),
        fired_at=draw(stamps),
        data_at=draw(stamps),
        well_at=draw(st.none() | stamps),
        told=draw(st.none() | severities),
        peak=Decimal(draw(st.integers(1, 1000))),
    )


@st.composite
def incidents(draw: Any) -> Incident:
    found = draw(st.lists(members(), min_size=1, max_size=3, unique_by=lambda each: each.key))
    over = draw(st.booleans())
    return incident(
        *found,
        opened_at=draw(stamps),
        evaluated_at=draw(stamps),
        phase=Phase.RESOLVED if over else Phase.FIRING,
        resolved_at=draw(stamps) if over else None,
        told=draw(st.none() | st.integers(0, 20).map(told)),
        reopened=draw(st.integers(0, 3)),
    )


@given(incidents(), incidents())
def test_nothing_that_was_told_is_forgotten_whatever_is_merged(here: Incident, there: Incident) -> None:
    both = merged(here, there)
    assert {each.key for each in both.members} == {each.key for each in (*here.members, *there.members)}
    for each in (*here.members, *there.members):
        kept = next(one for one in both.members if one.key == each.key)
        assert kept.told is not None or each.told is None
        assert not (each.told is Severity.PAGE and kept.told is not Severity.PAGE)
        assert kept.peak >= each.peak
        assert kept.fired_at >= each.fired_at
    assert (both.told is None) == (here.told is None and there.told is None)
    assert both.opened_at <= min(here.opened_at, there.opened_at)


@given(incidents())
def test_merging_what_is_the_same_changes_nothing(one: Incident) -> None:
    assert merged(one, one) == one


@given(incidents(), incidents())
def test_merging_twice_is_merging_once(here: Incident, there: Incident) -> None:
    once = merged(here, there)
    assert merged(once, there) == once
