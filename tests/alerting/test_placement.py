"""Whose alert is whose: held back, of a known incident, joining another, returning, or late."""

from datetime import timedelta

import pytest

from o11y.alerting.alert import Alert
from o11y.alerting.book import Book
from o11y.alerting.incident import Change
from o11y.alerting.step import Step
from o11y.slo.windows import Severity
from tests.alerting.play import (
    FAR,
    MINUTE,
    OBJECTIVES,
    PROVIDER,
    A,
    B,
    C,
    D,
    Play,
    changes,
    muting,
    page,
    provider,
    ticket,
    words,
)
from tests.builders import NOW

# ---------------------------------------------------------------- one cause, one incident


def test_what_shares_a_cause_is_one_incident_and_what_does_not_is_another() -> None:
    done = Play().minute(page(A), page(B), page(C), page(FAR))
    assert [sorted(str(m.dimension.model) for m in step.after.members) for step in done] == [["a", "b", "c"], ["far"]]
    assert changes(done) == [Change.FIRED, Change.FIRED]


def test_indicators_never_share_an_incident() -> None:
    done = Play().minute(page(), page(objective=OBJECTIVES[2]))
    assert len(done) == 2


def test_the_page_of_a_key_holds_its_ticket_and_says_so_once() -> None:
    play = Play()
    assert words(play.minute(page(), ticket())) == [("fired", "a"), ("inhibited", "a")]
    assert words(play.minute(page(), ticket())) == []
    assert words(play.minute(ticket())) == [], "also when the page itself does not fire"


def test_a_ticket_of_a_page_that_has_ended_is_held_for_its_short_window_and_then_an_incident() -> None:
    play = Play()
    play.minute(page())
    assert changes(play.quiet(5, A)) == [Change.RESOLVED]
    (held,) = play.minute(ticket())
    assert [(r.word, r.member.severity, r.reason) for r in held.records] == [
        ("inhibited", Severity.TICKET, "its page has just ended")
    ]
    for _ in range(29):
        assert play.minute(ticket()) == [], "that is said once"
    (step,) = play.minute(ticket())
    assert step.before is None


def test_an_alert_of_a_known_key_updates_its_incident() -> None:
    play = Play()
    play.minute(page())
    (step,) = play.minute(page())
    assert (changes([step]), words([step])) == ([], [])
    assert step.after.fired_at == NOW + MINUTE


# ---------------------------------------------------------------- joining


def test_a_new_dimension_of_an_open_cause_joins_it_and_the_history_says_why() -> None:
    play = Play(edits=True)
    play.minute(page(A), page(B), page(C))
    play.quiet(3, A, B, C)
    (step,) = play.minute(page(A), page(B), page(C), page(D))
    assert changes([step]) == [Change.JOINED]
    assert [member.dimension for member in step.joined] == [D]
    (record,) = step.records
    assert (record.word, record.reason) == ("inhibited", "joined provider vendor")


def test_within_two_minutes_others_widen_the_cause_of_what_fired_alone() -> None:
    play = Play(edits=True)
    play.minute(page(A))
    (step,) = play.minute(page(A), page(B), page(C))
    assert step.after.cause.shared == PROVIDER
    assert changes([step]) == [Change.JOINED]


def test_a_page_that_was_not_delivered_speaks_for_nobody() -> None:
    play = Play()
    play.minute(page(A), page(B), page(C))
    play.at += 5 * MINUTE
    play.book = Book(play.book.incidents, {})
    done = play.minute(page(A), page(B), page(C), page(D))
    assert changes(done) == [Change.FIRED]
    assert len(play.open) == 2


def test_what_is_muted_speaks_for_no_part() -> None:
    play = Play(edits=True)
    play.minute(page(A), page(B), page(C))
    play.quiet(3, A, B, C)
    play.muted = muting("a", "b", "c")
    play.minute(page(A), page(B), page(C))
    done = play.minute(page(A), page(B), page(C), page(D))
    assert Change.FIRED in changes(done)


def test_a_sum_that_is_explained_by_what_is_muted_is_not_told_either() -> None:
    done = Play(muted=muting("a")).minute(page(A), provider())
    assert changes(done) == []
    assert ("silenced", "None") in words(done)


def test_a_tickets_incident_takes_a_page_of_its_cause_and_escalates() -> None:
    play = Play()
    play.minute(ticket(A))
    (step,) = play.minute(ticket(A), page(B), page(C))
    assert changes([step]) == [Change.FIRED]
    assert step.after.told_as is Severity.PAGE


# ---------------------------------------------------------------- returning


@pytest.mark.parametrize(("after", "same"), [(10, True), (11, False)])
def test_who_returns_within_ten_minutes_reopens_its_incident(after: int, same: bool) -> None:
    play = Play()
    play.minute(page())
    assert changes(play.quiet(5, A)) == [Change.RESOLVED]
    play.quiet(after - 1, A)
    (step,) = play.minute(page())
    assert changes([step]) == [Change.REOPENED if same else Change.FIRED]
    assert (step.after.incident_id == "i1") is same


def test_others_of_its_cause_join_the_incident_that_comes_back_in_the_same_minute() -> None:
    play = Play()
    play.minute(page(A), page(B))
    assert changes(play.quiet(5, A, B)) == [Change.RESOLVED]
    (step,) = play.minute(page(A), page(B), page(C))
    assert step.after.incident_id == "i1"
    assert (changes([step]), len(step.after.members)) == ([Change.REOPENED], 3)


def test_a_ticket_that_returns_within_its_cooldown_is_muted_and_a_page_is_not() -> None:
    def returning(again: Alert) -> Step:
        play = Play()
        for _ in range(3):
            play.minute(ticket())
        assert changes(play.quiet(45, A)) == [Change.RESOLVED]
        (step,) = play.minute(again)
        return step

    assert returning(page()).news is not None
    quiet = returning(ticket())
    assert (quiet.news, quiet.after.members[0].muted) == (None, "cooldown: told as a ticket at 12:02")


# ---------------------------------------------------------------- late and repeated minutes


def test_a_minute_that_is_known_changes_nothing() -> None:
    play = Play()
    play.minute(page(), page(FAR))
    play.minute(page(), page(FAR))
    assert play.minute(page(), page(FAR), at=NOW, late=True) == []


def test_a_late_minute_adds_what_nobody_knew() -> None:
    play = Play()
    play.minute(page(), well=[B])
    play.minute(page(), well=[B])
    done = play.minute(page(), page(FAR), at=NOW, late=True)
    assert [(step.before, step.after.opened_at) for step in done] == [(None, NOW)]


def test_a_late_minute_that_was_missed_by_all_is_joined_like_any_other() -> None:
    play = Play(edits=True)
    play.minute(page(A), page(B), page(C))
    play.quiet(3, A, B, C)
    (step,) = play.minute(page(A), page(B), page(C), page(D), late=True)
    assert changes([step]) == [Change.JOINED]


def test_a_page_in_a_late_minute_of_a_ticket_that_has_ended_is_an_incident_of_its_own() -> None:
    play = Play()
    for _ in range(3):
        play.minute(ticket())
    play.quiet(30, A)
    (step,) = play.minute(page(), at=NOW + MINUTE, late=True)
    assert (step.before, changes([step])) == (None, [Change.FIRED])


def test_after_a_step_back_what_was_told_goes_on() -> None:
    play = Play()
    play.minute(page())
    back = NOW - timedelta(hours=1)
    for n in range(15):
        assert changes(play.minute(page(), at=back + n * MINUTE)) == []
    (step,) = play.minute(page(), at=back + 15 * MINUTE)
    assert changes([step]) == [Change.REMINDED]
