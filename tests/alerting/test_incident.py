"""An incident: what its cause covers, what its messages are, and which of its members decide when it is over."""

from datetime import timedelta
from decimal import Decimal

import pytest

from o11y.alerting.incident import Cause, Change, Incident, Phase, Told
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity
from tests.builders import NOW, TICKET_6H, dimension, incident, member

MINUTE = timedelta(minutes=1)
PAGE, TICKET = Severity.PAGE, Severity.TICKET
SILENCED = "silenced: x"
page = member()
muted_page = member(muted=SILENCED)
ticket = member(dimension=dimension("b"), severity=TICKET, pair=TICKET_6H)
muted_ticket = member(dimension=dimension("b"), severity=TICKET, pair=TICKET_6H, muted=SILENCED)


def told(severity: Severity) -> Told:
    return Told(Change.FIRED, NOW, severity, 1, Decimal(500))


# ---------------------------------------------------------------- the cause


@pytest.mark.parametrize(
    ("shared", "covered"),
    [
        (Dimension(None, None, None), True),
        (Dimension(None, "vendor", None), True),
        (Dimension("gateway", "vendor", "vendor/model"), True),
        (Dimension(None, None, "vendor/model"), True),
        (Dimension(None, "other", None), False),
        (Dimension("other", "vendor", "vendor/model"), False),
    ],
)
def test_a_cause_covers_what_has_all_the_names_that_it_shares(shared: Dimension, covered: bool) -> None:
    assert Cause(shared, Indicator.ERROR_RATE).covers(dimension()) is covered


def test_a_cause_covers_the_sums_within_it_and_not_those_around_it() -> None:
    provider = Cause(Dimension(None, "vendor", None), Indicator.ERROR_RATE)
    assert provider.covers(Dimension(None, "vendor", None))
    assert not provider.covers(Dimension(None, None, None))
    assert not provider.covers(Dimension("gateway", None, None))


def test_a_cause_is_single_when_it_has_every_name() -> None:
    assert Cause(dimension(), Indicator.ERROR_RATE).is_single
    assert not Cause(Dimension(None, None, "vendor/model"), Indicator.ERROR_RATE).is_single


# ---------------------------------------------------------------- what its messages are


@pytest.mark.parametrize(
    ("one", "told_as"),
    [
        (incident(page, ticket), PAGE),
        (incident(muted_page, ticket), TICKET),
        (incident(muted_page, muted_ticket), PAGE),
        (incident(ticket, told=told(PAGE)), PAGE),
        (incident(muted_page, ticket, told=told(PAGE)), PAGE),
        (incident(page, ticket, told=told(TICKET)), PAGE),
        (incident(muted_page, ticket, told=told(TICKET)), TICKET),
        (incident(muted_page, muted_ticket, told=told(TICKET)), TICKET),
    ],
    ids=[
        "a page among them",
        "its page is muted",
        "all muted, and told to nobody",
        "once a page, always a page",
        "told as a page that is muted now",
        "it rises",
        "it rises, and nobody is to know",
        "all muted, and told as a ticket",
    ],
)
def test_its_messages_are_a_page_when_a_page_of_it_is_told(one: Incident, told_as: Severity) -> None:
    assert one.told_as is told_as


def test_the_loud_are_those_that_are_not_muted() -> None:
    assert incident(muted_page, ticket).loud == (ticket,)


# ---------------------------------------------------------------- when it fires


def test_a_page_is_followed_by_its_pages_alone_and_what_was_told_as_a_ticket_by_all_of_it() -> None:
    assert incident(page, ticket).leading == (page,)
    assert incident(page, ticket, told=told(PAGE)).leading == (page,)
    assert incident(muted_page, ticket, told=told(TICKET)).leading == (muted_page, ticket)


def test_it_fires_while_any_of_those_does() -> None:
    later = member(dimension=dimension("b"), severity=TICKET, pair=TICKET_6H, fired_at=NOW + MINUTE)
    assert incident(page, later).fired_at == NOW
    assert not incident(page, later).fires(NOW + MINUTE), "the ticket of a page is not its page"
    assert incident(later).fires(NOW + MINUTE)


def test_its_peak_is_that_of_its_worst() -> None:
    assert incident(member(peak=Decimal(7)), member(dimension=dimension("b"), peak=Decimal(9))).peak == 9


def test_without_data_it_is_open_still() -> None:
    assert incident(phase=Phase.NO_DATA).is_open
    assert not incident(phase=Phase.RESOLVED, resolved_at=NOW).is_open


def test_it_has_at_least_one_member() -> None:
    with pytest.raises(ValueError, match="members: an incident has at least one"):
        Incident("i-1", Cause(dimension(), Indicator.ERROR_RATE), (), opened_at=NOW, evaluated_at=NOW)
