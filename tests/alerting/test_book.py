"""What is remembered of incidents, and for how long."""

from datetime import timedelta
from typing import Any

import pytest

from o11y.alerting.book import Book, forgettable, ticket_hold
from o11y.alerting.incident import UNDELIVERED, Delivered, Incident, Member, Phase
from o11y.slo.windows import Severity
from tests.builders import NOW, PAGE_5M, TICKET_6H, dimension, incident, member, objective, pair

MINUTE = timedelta(minutes=1)
OBJECTIVES = {"error-rate": objective()}


def ended(at: int = 0, *members: Member, **changes: Any) -> Incident:
    """So many minutes after ``NOW``."""
    return incident(*members, **{"phase": Phase.RESOLVED, "resolved_at": NOW + at * MINUTE, **changes})


def book(*incidents: Incident) -> Book:
    return Book({one.incident_id: one for one in incidents})


def test_a_key_belongs_to_its_open_incident_and_else_to_the_one_that_ended_last() -> None:
    old, new, live = ended(1, incident_id="old"), ended(2, incident_id="new"), incident(incident_id="live")
    key = member().key
    assert book(new, old).by_key()[key][0].incident_id == "new"
    assert book(live, new, old).by_key()[key][0].incident_id == "live"


def test_every_member_is_found_by_its_key() -> None:
    members = [member(dimension=dimension(name)) for name in "abc"]
    assert set(book(incident(*members)).by_key()) == {one.key for one in members}


def test_the_open_ones_are_those_that_have_not_ended() -> None:
    silent = incident(incident_id="silent", phase=Phase.NO_DATA)
    assert [one.incident_id for one in book(incident(), ended(incident_id="e"), silent).open()] == ["i-1", "silent"]


def test_of_a_message_that_nobody_has_received_nothing_is_known() -> None:
    known = Delivered(told_at=NOW)
    assert Book(delivered={"a": known}).delivery_of("a") is known
    assert Book().delivery_of("a") is UNDELIVERED


def test_a_ticket_is_held_for_the_longest_short_window_of_its_objective() -> None:
    pairs = (PAGE_5M, TICKET_6H, pair(Severity.TICKET, long_s=86_400, short_s=7_200, burn_rate=1))
    assert ticket_hold(objective(pairs=pairs)) == timedelta(hours=2)
    assert ticket_hold(objective(pairs=(PAGE_5M,))) == timedelta()
    assert ticket_hold(None) == timedelta()


def test_what_is_open_is_never_forgotten() -> None:
    assert not forgettable(incident(), NOW + timedelta(days=9), OBJECTIVES)


@pytest.mark.parametrize(("severity", "minutes"), [(Severity.PAGE, 30), (Severity.TICKET, 240)])
def test_what_has_ended_is_kept_while_it_may_return_holds_its_ticket_or_cools_down(
    severity: Severity, minutes: int
) -> None:
    one = ended(0, member(severity=severity))
    assert not forgettable(one, NOW + minutes * MINUTE, OBJECTIVES)
    assert forgettable(one, NOW + (minutes + 1) * MINUTE, OBJECTIVES)


def test_without_its_objective_it_is_kept_as_long_as_it_may_return() -> None:
    assert not forgettable(ended(), NOW + 10 * MINUTE, {})
    assert forgettable(ended(), NOW + 11 * MINUTE, {})
