"""A minute older than what an incident knows: what it adds, and what it leaves alone."""

import pytest

from o11y.alerting.lifecycle import amended
from o11y.slo.counts import Counts, Ratio
from o11y.slo.windows import Severity
from tests.alerting.test_lifecycle import BAD, MINUTE, NOBODY, WELL, minute
from tests.builders import NOW, TICKET_6H, alert, incident, member


def test_a_page_of_an_older_minute_raises_its_ticket_and_touches_nothing_else() -> None:
    ticket = member(severity=Severity.TICKET, pair=TICKET_6H, told=Severity.TICKET, fired_at=NOW, well_at=NOW)
    page = alert(at=NOW - 3 * MINUTE, long=Ratio(90, 100))
    (only,) = amended(incident(ticket), minute(-3, BAD, page), {page.key: page}).members
    assert (only.severity, only.pair, only.peak) == (Severity.PAGE, page.pair, 900)
    assert (only.fired_at, only.since, only.told, only.well_at) == (NOW, NOW - 3 * MINUTE, Severity.TICKET, NOW)


@pytest.mark.parametrize(
    ("at", "counts", "well_at"),
    [(3, WELL, 3), (4, WELL, 4), (2, WELL, None), (1, WELL, None), (3, BAD, None), (3, NOBODY, None)],
    ids=["after it fired", "later", "as it fired", "before it fired", "it was not well", "there was nobody"],
)
def test_an_older_minute_shows_who_was_well_after_it_had_fired(at: int, counts: Counts, well_at: int | None) -> None:
    """It may be the last one that anybody had requests in."""
    one = incident(member(fired_at=NOW + 2 * MINUTE, data_at=NOW + 2 * MINUTE), evaluated_at=NOW + 9 * MINUTE)
    (only,) = amended(one, minute(at, counts, late=True), {}).members
    assert only.well_at == (None if well_at is None else NOW + well_at * MINUTE)
    assert only.data_at == NOW + (well_at or 2) * MINUTE


def test_who_is_known_to_have_been_well_later_is_not_so_earlier() -> None:
    one = incident(member(well_at=NOW + 5 * MINUTE, data_at=NOW + 6 * MINUTE), evaluated_at=NOW + 9 * MINUTE)
    assert amended(one, minute(3, WELL, late=True), {}) == one


def test_an_older_minute_has_nothing_else_to_add() -> None:
    one = incident()
    assert amended(one, minute(-1, BAD), {alert().key: alert(at=NOW - MINUTE)}) == one
    assert amended(one, minute(-1, BAD), {}) == one
    assert amended(one, minute(9, WELL, objectives=()), {}) == one, "nobody evaluates it any more"
