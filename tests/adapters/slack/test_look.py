"""Sign, word and colour say the same."""

from typing import Any

import pytest

from o11y.adapters.slack.look import AMBER, BLUE, GREEN, GREY, RED, colour, stamp
from o11y.alerting.incident import Change
from o11y.alerting.notification import Notification
from o11y.slo.windows import Severity
from tests.builders import account, alert, notice, notification


def of(change: Change, *, severity: Severity = Severity.PAGE, **changes: Any) -> Notification:
    return notification(alert(severity=severity), account=account(change, **changes))


@pytest.mark.parametrize(
    ("message", "live", "edge"),
    [
        (of(Change.FIRED), "🚨 PAGE", RED),
        (of(Change.FIRED, severity=Severity.TICKET), "🎫 TICKET", AMBER),
        (of(Change.JOINED), "🚨 PAGE", RED),
        (of(Change.ACKNOWLEDGED, acknowledged_by="ann"), "👀 ACKNOWLEDGED PAGE", BLUE),
        (of(Change.NO_DATA), "❔ NO DATA, PAGE", GREY),
        (of(Change.RESOLVED), "✅ RESOLVED PAGE", GREEN),
        (of(Change.EXPIRED), "⌛ CLOSED PAGE, RECOVERY NOT CONFIRMED", GREY),
    ],
)
def test_each_state_has_a_sign_a_word_and_a_colour(message: Notification, live: str, edge: str) -> None:
    assert (stamp(message, live=True), colour(message)) == (live, edge)


def test_a_message_of_its_own_says_what_happened() -> None:
    assert stamp(of(Change.REMINDED)) == "🚨 PAGE STILL FIRING"


def test_what_is_over_is_calm() -> None:
    assert stamp(notice()) == "🚨 PAGE"
    assert stamp(notice(over=True)) == "✅"
