"""What a minute did to the members of an incident, as the history reads it."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from o11y.alerting.chronicle import Record, recorded
from o11y.alerting.incident import Incident, Phase
from o11y.slo.windows import Severity
from tests.builders import NOW, TICKET_6H, dimension, incident, member

MINUTE = timedelta(minutes=1)
OVER = NOW + 5 * MINUTE


def rows(
    after: Incident,
    before: Incident | None = None,
    *,
    inhibited: Mapping[str, str] | None = None,
    held: Collection[str] = (),
) -> list[tuple[str, str, str]]:
    """(model, word, reason) of each."""
    _, records = recorded(after, before, inhibited or {}, held)
    return [(str(record.member.dimension.model), record.word, record.reason) for record in records]


a = member(dimension=dimension("a"))
b = member(dimension=dimension("b"))


def test_who_opens_it_has_fired_and_who_comes_later_has_joined() -> None:
    assert rows(incident(a, b)) == [("a", "fired", ""), ("b", "fired", "")]
    assert rows(incident(a, b), incident(a)) == [("b", "joined", "")]
    assert rows(incident(a), incident(a)) == []


def test_who_is_spoken_for_is_inhibited_and_the_row_says_why() -> None:
    why = {b.key: "joined provider vendor"}
    assert rows(incident(a, b), incident(a), inhibited=why) == [("b", "inhibited", "joined provider vendor")]


def test_a_ticket_that_should_have_been_a_page_says_why_it_is_none() -> None:
    lowered = member(severity=Severity.TICKET, pair=TICKET_6H, lowered_because="the model is not recommended")
    assert rows(incident(lowered)) == [("vendor/model", "fired", "the model is not recommended")]


def test_a_ticket_that_became_a_page_says_since_when_it_was_one() -> None:
    before = incident(member(severity=Severity.TICKET, pair=TICKET_6H))
    assert rows(incident(), before) == [("vendor/model", "escalated", "was a ticket since 2026-11-21 12:00")]


def test_each_silence_has_a_row_for_its_beginning_and_one_for_its_end() -> None:
    loud, quiet, other = (incident(member(muted=why)) for why in ("", "silenced: x", "silenced: y"))
    assert rows(quiet, loud) == [("vendor/model", "silenced", "silenced: x")]
    assert rows(quiet, quiet) == []
    assert rows(other, quiet) == [("vendor/model", "silenced", "silenced: y")]
    assert rows(loud, quiet) == [("vendor/model", "unmuted", "no longer silenced: x")]


def test_a_page_holds_its_ticket_and_that_is_written_down_once() -> None:
    before = incident(a)
    after, records = recorded(incident(a), before, {}, {a.key})
    assert [(r.word, r.member.severity, r.reason) for r in records] == [
        ("inhibited", Severity.TICKET, "its page is live")
    ]
    assert after.members[0].severity is Severity.PAGE
    assert recorded(after, before, {}, {a.key}) == (after, [])


def test_a_page_that_has_ended_holds_its_ticket_for_another_reason() -> None:
    over = incident(a, phase=Phase.RESOLVED, resolved_at=OVER)
    assert rows(over, over, held={a.key}) == [("a", "inhibited", "its page has just ended")]


def test_a_change_of_phase_is_a_row_of_every_member() -> None:
    well = [member(dimension=dimension(name), well_at=NOW + MINUTE) for name in "ab"]
    over = incident(*well, phase=Phase.RESOLVED, resolved_at=OVER)
    why = "not firing since 2026-11-21 12:00, with valid events"
    assert rows(over, incident(a, b)) == [("a", "resolved", why), ("b", "resolved", why)]
    assert rows(incident(*well), over) == [
        ("a", "reopened", "fires again after resolved"),
        ("b", "reopened", "fires again after resolved"),
    ]


def test_an_end_without_recovery_is_called_another_word() -> None:
    expired = incident(a, phase=Phase.RESOLVED, resolved_at=OVER)
    ((_, word, reason),) = rows(expired, incident(a))
    assert (word, reason) == ("expired", "a day without data, or its objective is gone; recovery not confirmed")


def test_silence_says_since_when() -> None:
    silent = incident(a, phase=Phase.NO_DATA, no_data_since=NOW)
    assert rows(silent, incident(a)) == [("a", "no_data", "no valid events since 2026-11-21 12:00")]


def test_the_tickets_of_a_page_end_with_it_and_say_so() -> None:
    ticket = member(dimension=dimension("b"), severity=Severity.TICKET, pair=TICKET_6H, fired_at=OVER)
    page = member(dimension=dimension("a"), well_at=NOW + MINUTE)
    over = incident(page, ticket, phase=Phase.RESOLVED, resolved_at=OVER)
    assert rows(over, incident(page, ticket))[1] == ("b", "resolved", "the page that speaks for it is over")


def test_a_row_has_no_reason_where_there_is_none() -> None:
    assert Record(a, "fired").reason == ""
