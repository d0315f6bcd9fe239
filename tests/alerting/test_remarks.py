"""What is unusual about a message."""

from datetime import timedelta
from decimal import Decimal

import pytest

from o11y.alerting.incident import Change
from o11y.alerting.notification import Presence
from o11y.alerting.remarks import remarks
from o11y.slo.windows import Severity
from tests.builders import NOW, account, alert, dimension, notification

LATE = NOW + timedelta(minutes=130)


def test_an_ordinary_message_needs_no_remark() -> None:
    assert remarks(notification()) == ()


def test_a_late_telling_gives_fired_at_delivered_at_and_the_present_state() -> None:
    assert remarks(notification(delivered_at=LATE, presence=Presence.OVER)) == (
        "Told late: fired at 2026-11-21 12:00 UTC, delivered at 2026-11-21 14:10 UTC; no longer firing.",
    )


@pytest.mark.parametrize(
    ("presence", "said"),
    [
        (Presence.FIRING, "14:10 UTC; it fires again."),
        (Presence.UNKNOWN, "14:10 UTC; present state unknown."),
        (Presence.OVER, "14:10 UTC."),
        (None, "14:10 UTC."),
    ],
)
def test_of_a_resolution_told_late_only_that_it_is_back_is_news(presence: Presence | None, said: str) -> None:
    late = notification(account=account(Change.RESOLVED), delivered_at=LATE, presence=presence)
    assert remarks(late) == (f"Told late: this is of 2026-11-21 12:00 UTC, delivered at 2026-11-21 {said}",)


def test_each_unusual_thing_is_one_sentence() -> None:
    assert remarks(notification(repeated=True, late_detection=True, without_memory=True)) == (
        "Found late: 2026-11-21 12:00 UTC was evaluated after a gap.",
        "May be a repeat: an earlier attempt may have reached you.",
        "o11y is without its memory (Redis does not answer): messages may repeat until it is back.",
    )


def test_a_lowered_page_says_why() -> None:
    lowered = alert(severity=Severity.TICKET, lowered_because="the model is not recommended")
    assert remarks(notification(lowered)) == ("A ticket rather than a page: the model is not recommended.",)
    plain = alert(severity=Severity.TICKET, dimension=dimension("other"))
    assert remarks(notification(lowered, plain)) == (
        "1 of 2 are tickets rather than a page: the model is not recommended.",
    )


def test_that_it_was_lowered_is_not_repeated_with_every_change() -> None:
    lowered = alert(severity=Severity.TICKET, lowered_because="the model is not recommended")
    assert remarks(notification(lowered, account=account(Change.RESOLVED, peak=Decimal(5)))) == ()


def test_when_nothing_came_of_anybody_the_reader_is_sent_to_the_door_first() -> None:
    (said,) = remarks(notification(account=account(nothing_came=True)))
    assert said == "Nobody's usual requests have come: o11y's own door, or the way to it, may be what is shut."
