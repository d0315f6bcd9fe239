"""Which changes of an incident are news, and for whom."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from o11y.alerting.incident import UNDELIVERED, Change, Delivered, Incident, Level, Phase, Told
from o11y.alerting.lifecycle import Terms
from o11y.alerting.minute import Minute
from o11y.alerting.news import News, news, noted, tell, trend, worst_rate
from o11y.slo.windows import Severity
from tests.builders import NOW, TICKET_6H, dimension, incident, member, objective

MINUTE = timedelta(minutes=1)
TERMS = Terms()
PAGE, TICKET = Severity.PAGE, Severity.TICKET


def told(change: Change = Change.FIRED, **changes: Any) -> Told:
    """A page of one alert, told at ``NOW``."""
    values: dict[str, Any] = {"at": NOW, "severity": PAGE, "firing": 1, "burn_rate": Decimal(500), **changes}
    return Told(change, **values)


def known(**changes: Any) -> Any:
    """A member that was told."""
    return member(**{"told": PAGE, **changes})


def ticket(**changes: Any) -> Any:
    return member(**{"severity": TICKET, "pair": TICKET_6H, **changes})


def at(
    minutes: int,
    one: Incident,
    *,
    before: Incident | None = None,
    edits: bool = False,
    delivered: Delivered = UNDELIVERED,
    late: bool = False,
) -> News | None:
    """What is news so many minutes after ``NOW``."""
    each = Minute(NOW + minutes * MINUTE, (), {}, {"error-rate": objective()}, late=late)
    return news(one, before or one, each, terms=TERMS, edits=edits, delivered=delivered)


def firing(minutes: int, **changes: Any) -> Any:
    return known(fired_at=NOW + minutes * MINUTE, **changes)


# ---------------------------------------------------------------- the first message


def test_a_page_is_told_at_once_and_a_ticket_after_two_minutes() -> None:
    assert at(0, incident()) == News(Change.FIRED)
    assert at(1, incident(ticket())) is None
    assert at(2, incident(ticket())) == News(Change.FIRED)


def test_a_ticket_that_has_waited_is_told_although_it_fires_no_more() -> None:
    assert at(2, incident(ticket(fired_at=NOW))) == News(Change.FIRED)


def test_what_is_muted_is_not_told_and_what_is_beside_it_is() -> None:
    assert at(0, incident(member(muted="silenced: x"))) is None
    both = incident(member(muted="silenced: x"), ticket(dimension=dimension("other")))
    assert at(0, both) is None, "the ticket waits"
    assert at(2, both) == News(Change.FIRED)


def test_who_was_muted_is_told_when_it_fires() -> None:
    assert at(0, incident(member(was_muted=True))) == News(Change.FIRED)
    assert at(1, incident(member(was_muted=True))) is None, "not for what is past"


def test_what_ended_untold_stays_untold() -> None:
    assert at(5, incident(phase=Phase.RESOLVED, resolved_at=NOW + 5 * MINUTE)) is None


# ---------------------------------------------------------------- what follows it


def test_nothing_new_is_no_news() -> None:
    assert at(1, incident(firing(1), told=told())) is None
    assert at(14, incident(firing(14), told=told())) is None


def test_a_reminder_comes_a_cooldown_after_the_last_message() -> None:
    assert at(15, incident(firing(15), told=told())) == News(Change.REMINDED)
    assert at(15, incident(firing(14), told=told())) is None, "it does not fire"
    assert at(15, incident(firing(15), told=told()), late=True) is None, "the newest minute reminds"
    slow = incident(ticket(told=TICKET, fired_at=NOW + 240 * MINUTE), told=told(severity=TICKET))
    assert at(239, slow) is None
    assert at(240, slow) == News(Change.REMINDED)


def test_a_reminder_waits_for_whom_the_message_reached_late_and_never_comes_once_it_is_acknowledged() -> None:
    one = incident(firing(20), told=told())
    late = Delivered(told_at=NOW + timedelta(minutes=5, seconds=40))
    assert at(19, one, delivered=late) is None
    assert at(20, one, delivered=late) == News(Change.REMINDED)
    ahead = Delivered(told_at=NOW + timedelta(hours=1))
    assert at(20, one, delivered=ahead) == News(Change.REMINDED), "the clock was stepped back since"
    assert at(20, one, delivered=Delivered(acknowledged_by="ann", acknowledged_at=NOW)) is None


def test_a_muted_page_reminds_nobody_through_its_tickets() -> None:
    quiet = firing(15, muted="silenced: x")
    assert at(15, incident(quiet, told=told())) is None
    beside = ticket(dimension=dimension("slow"), told=TICKET)
    assert at(15, incident(quiet, beside, told=told())) is None


def test_a_ticket_that_becomes_a_page_is_told_at_once() -> None:
    risen = incident(member(told=TICKET, fired_at=NOW + MINUTE), told=told(severity=TICKET))
    assert at(1, risen) == News(Change.ESCALATED)
    beside = incident(ticket(told=TICKET), member(dimension=dimension("b")), told=told(severity=TICKET))
    assert at(1, beside) == News(Change.ESCALATED)


def test_a_muted_page_escalates_nothing() -> None:
    risen = incident(
        member(told=TICKET, muted="silenced: x"),
        ticket(dimension=dimension("b"), told=TICKET),
        told=told(severity=TICKET),
    )
    assert at(1, risen) is None


def test_joiners_are_told_at_once_where_that_is_an_edit_and_gathered_where_it_is_not() -> None:
    joined = incident(firing(0), member(dimension=dimension("b")), told=told())
    assert at(1, joined, edits=True) == News(Change.JOINED)
    assert at(1, joined) is None
    assert at(2, joined) == News(Change.JOINED)
    again = incident(firing(0), member(dimension=dimension("b")), told=told(Change.JOINED, joined_at=NOW))
    assert at(9, again) is None
    assert at(10, again) == News(Change.JOINED)


@pytest.mark.parametrize(
    ("rate", "change"), [(1000, Change.WORSENED), (999, None), (250, Change.IMPROVED), (251, None)]
)
def test_twice_as_bad_and_half_as_bad_are_news_where_a_message_is_kept_up_to_date(
    rate: int, change: Change | None
) -> None:
    one = incident(firing(5, burn_rate=Decimal(rate)), told=told())
    found = at(5, one, edits=True)
    assert (found and found.change) == change
    assert at(5, one) is None
    early = incident(firing(4, burn_rate=Decimal(rate)), told=told())
    assert at(4, early, edits=True) is None


# ---------------------------------------------------------------- ends


def test_an_end_says_whether_recovery_was_seen() -> None:
    over = {"phase": Phase.RESOLVED, "resolved_at": NOW + 5 * MINUTE, "told": told()}
    assert at(5, incident(known(well_at=NOW + MINUTE), **over)) == News(Change.RESOLVED)
    assert at(5, incident(known(), **over)) == News(Change.EXPIRED)


def test_no_data_is_told_once() -> None:
    silent = {"phase": Phase.NO_DATA, "no_data_since": NOW}
    assert at(30, incident(known(), told=told(), **silent)) == News(Change.NO_DATA)
    assert at(31, incident(known(), told=told(Change.NO_DATA, at=NOW + 30 * MINUTE), **silent)) is None


@pytest.mark.parametrize("phase", [Phase.NO_DATA, Phase.RESOLVED])
def test_what_fires_again_is_told_at_once(phase: Phase) -> None:
    before = incident(known(), told=told(), phase=phase)
    assert at(1, incident(firing(1), told=told()), before=before) == News(Change.REOPENED)


def test_changes_of_what_is_muted_are_news_for_nobody_but_its_message() -> None:
    over = {"phase": Phase.RESOLVED, "resolved_at": NOW + 5 * MINUTE, "told": told()}
    assert at(5, incident(known(well_at=NOW + MINUTE, muted="silenced: x"), **over)) == News(
        Change.RESOLVED, quiet=True
    )


# ---------------------------------------------------------------- what was told


def test_once_told_every_member_but_the_muted_is_known_to_somebody() -> None:
    one = incident(
        member(silence="x", was_muted=True), member(dimension=dimension("b"), muted="silenced: y", silence="y")
    )
    loud, quiet = tell(one, Change.FIRED, at=NOW).members
    assert (loud.told, loud.silence, loud.was_muted) == (PAGE, "", False)
    assert (quiet.told, quiet.silence) == (None, "y")


def test_what_was_told_is_what_those_saw_who_were_told() -> None:
    one = incident(member(muted="silenced: x"), ticket(dimension=dimension("b"), burn_rate=Decimal(3)))
    after = tell(one, Change.FIRED, at=NOW).told
    assert after is not None
    assert (after.severity, after.burn_rate, after.urged_at, after.joined_at) == (TICKET, 3, NOW, None)
    assert worst_rate(one, NOW) == 0, "of what was told as nothing yet only its pages count"


def test_better_and_worse_are_beside_what_was_last_written_down() -> None:
    one = incident(firing(6, burn_rate=Decimal(1000)), told=told(), level=Level(NOW + MINUTE, Decimal(900)))
    assert at(6, one, edits=True) is None
    level = noted(incident(firing(1, burn_rate=Decimal(70))), NOW + MINUTE).level
    assert level == Level(NOW + MINUTE, Decimal(70))


def test_of_what_nobody_was_told_nothing_is_better_or_worse() -> None:
    untold = incident(firing(6, burn_rate=Decimal(9000)))
    assert trend(untold, Minute(NOW + 6 * MINUTE, (), {}, {}), TERMS) is None


def test_what_did_not_fire_when_it_was_told_is_neither_better_nor_worse() -> None:
    assert at(6, incident(firing(6), told=told(burn_rate=Decimal(0))), edits=True) is None


def test_only_what_asks_to_act_begins_a_cooldown() -> None:
    one = incident(known(), told=told(urged_at=NOW))
    joined = tell(one, Change.JOINED, at=NOW + 3 * MINUTE).told
    assert joined is not None
    assert (joined.at, joined.joined_at, joined.urged_at) == (NOW + 3 * MINUTE, NOW + 3 * MINUTE, NOW)
    reminded = tell(one, Change.REMINDED, at=NOW + 15 * MINUTE).told
    assert reminded is not None
    assert reminded.urged_at == NOW + 15 * MINUTE
