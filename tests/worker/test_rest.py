"""Resting receivers: left alone for as long as they need, and no longer."""

from datetime import datetime, timedelta

from o11y.slo.windows import Severity
from o11y.worker.ports import LONGEST_PAUSE_S
from o11y.worker.rest import Rests
from tests.builders import NOW

PAGE, TICKET = Severity.PAGE, Severity.TICKET


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_receiver_that_failed_rests_and_the_other_does_not() -> None:
    rests = Rests()
    assert rests.begin(PAGE, now=NOW, seconds=8, certain=False) == after(8)
    assert rests.wait_until(PAGE, NOW + timedelta(seconds=7)) == after(8)
    assert rests.wait_until(PAGE, NOW + timedelta(seconds=8)) is None
    assert rests.wait_until(TICKET, NOW) is None


def test_a_rest_is_not_cut_short_by_another_failure_and_ends_with_a_delivery() -> None:
    rests = Rests()
    rests.begin(PAGE, now=NOW, seconds=30, certain=True)
    assert rests.begin(PAGE, now=NOW, seconds=1, certain=False) == after(30)
    rests.end(PAGE)
    assert rests.wait_until(PAGE, NOW) is None


def test_nobody_rests_longer_than_the_longest_pause() -> None:
    assert Rests().begin(PAGE, now=NOW, seconds=86_400, certain=True) == after(LONGEST_PAUSE_S)


def test_a_rest_begun_before_the_clock_stepped_back_is_over() -> None:
    rests = Rests()
    rests.begin(PAGE, now=NOW, seconds=30, certain=True)
    assert rests.wait_until(PAGE, NOW - timedelta(hours=1)) is None


def test_in_a_pass_one_more_message_is_tried_of_a_receiver_that_failed_in_it() -> None:
    rests = Rests()
    with rests.second_opinions():
        rests.begin(PAGE, now=NOW, seconds=8, certain=False)
        assert rests.wait_until(PAGE, NOW) is None
        rests.begin(PAGE, now=NOW, seconds=1, certain=False)
        assert rests.wait_until(PAGE, NOW) == after(8)
    with rests.second_opinions():
        assert rests.wait_until(PAGE, NOW) == after(8)


def test_a_receiver_that_asks_for_silence_is_asked_for_no_second_opinion() -> None:
    rests = Rests()
    with rests.second_opinions():
        rests.begin(PAGE, now=NOW, seconds=8, certain=True)
        assert rests.wait_until(PAGE, NOW) == after(8)
