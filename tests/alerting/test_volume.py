"""So many messages to a receiver, and everything else in one digest."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.alerting.incident import Change
from o11y.alerting.volume import LINES, WINDOW, Cap, Folded, Volume, digest_text
from o11y.slo.windows import Severity
from tests.builders import NOW

CAP = Cap(messages=2, pages=4)
PAGE, TICKET = Severity.PAGE, Severity.TICKET


def sent(number: int) -> Volume:
    volume = Volume()
    for _ in range(number):
        volume = volume.with_sent(NOW)
    return volume


def folded(number: int, *, change: Change = Change.FIRED) -> Folded:
    return Folded(f"i-{number}", change, NOW, f"PAGE {number}")


def test_messages_pass_up_to_the_cap_and_what_pages_up_to_its_own() -> None:
    assert sent(1).admits(Change.JOINED, PAGE, at=NOW, cap=CAP)
    assert not sent(2).admits(Change.JOINED, PAGE, at=NOW, cap=CAP)
    assert not sent(2).admits(Change.FIRED, TICKET, at=NOW, cap=CAP)
    for change in (Change.FIRED, Change.REOPENED, Change.ESCALATED):
        assert sent(3).admits(change, PAGE, at=NOW, cap=CAP)
        assert not sent(4).admits(change, PAGE, at=NOW, cap=CAP)


def test_what_is_older_than_the_window_counts_no_more() -> None:
    full = sent(2)
    assert not full.admits(Change.JOINED, PAGE, at=NOW + WINDOW - timedelta(seconds=1), cap=CAP)
    assert full.admits(Change.JOINED, PAGE, at=NOW + WINDOW, cap=CAP)
    assert len(full.with_sent(NOW + WINDOW).sent) == 1


def test_what_lies_ahead_counts_not_since_the_clock_was_stepped_back() -> None:
    assert sent(2).admits(Change.JOINED, PAGE, at=NOW - timedelta(hours=1), cap=CAP)


def test_a_message_is_folded_once_however_often_it_is_asked_for() -> None:
    volume = Volume().with_folded(folded(1)).with_folded(folded(1)).with_folded(folded(1, change=Change.RESOLVED))
    assert len(volume.folded) == 2


def test_a_digest_is_due_at_once_and_then_once_in_a_window() -> None:
    volume = Volume().with_folded(folded(1))
    assert volume.digest_due(NOW)
    volume = volume.with_digest(NOW)
    assert (volume.folded, volume.more) == ((), 0)
    assert not volume.digest_due(NOW), "nothing to say"
    volume = volume.with_folded(folded(2))
    assert not volume.digest_due(NOW + WINDOW - timedelta(seconds=1))
    assert volume.digest_due(NOW + WINDOW)
    assert volume.digest_due(NOW - timedelta(hours=1)), "the clock was stepped back"


@given(st.integers(0, 3 * LINES))
def test_a_digest_names_the_first_counts_the_rest_and_drops_none(number: int) -> None:
    volume = Volume()
    for n in range(number):
        volume = volume.with_folded(folded(n))
    assert len(volume.folded) + volume.more == number
    lines = digest_text(volume).splitlines()
    assert lines[:LINES] == [f"12:00 PAGE {n}" for n in range(min(number, LINES))]
    assert len(lines) == min(number, LINES + 1)
    if number > LINES:
        assert lines[-1] == f"and {number - LINES:,} more; the alert history has them all"


@pytest.mark.parametrize(("messages", "pages"), [(0, 1), (5, 4), (-1, 0)])
def test_a_cap_refuses_nonsense(messages: int, pages: int) -> None:
    with pytest.raises(ValueError, match="message cap"):
        Cap(messages=messages, pages=pages)
