"""The count that the Redis scenarios rest on: what was due, what is missing, what was told too often."""

from datetime import timedelta

from o11y.alerting.incident import Change
from o11y.slo.windows import Severity
from tests.builders import NOW
from tests.chaos.receiver import Count, Span, Told, count_told
from tests.chaos.said import Said

MODEL = "vendor/model"
FAULT = Span(NOW + timedelta(minutes=10), NOW + timedelta(minutes=30))
FIRING = {MODEL: Span(NOW, NOW + timedelta(minutes=40))}


def told(minute: float, change: Change, *, forgetful: bool = False, severity: Severity = Severity.PAGE) -> Told:
    text = "o11y is without its memory" if forgetful else ""
    return Told(NOW + timedelta(minutes=minute), Said(text, MODEL, change, severity))


def page(minute: float, *, forgetful: bool = False) -> Told:
    return told(minute, Change.REMINDED if minute else Change.FIRED, forgetful=forgetful)


END = told(45, Change.RESOLVED)


def count(*messages: Told, replicas: int = 2) -> Count:
    return count_told(messages, FIRING, fault=FAULT, replicas=replicas)


def test_a_page_a_cooldown_and_its_end_is_what_is_due() -> None:
    assert count(page(0), page(15), page(30), END) == Count(due=4)


def test_a_page_that_comes_late_or_not_at_all_is_lost() -> None:
    assert count(page(15), page(30), END) == Count(due=4, lost=1)
    assert count(page(0), page(30), END) == Count(due=4, lost=1)
    assert count(page(0), page(15), END) == Count(due=4, lost=1)
    assert count() == Count(due=2, lost=2)


def test_a_repeat_is_allowed_in_the_fault_alone_and_if_it_says_that_the_memory_is_lost() -> None:
    assert count(page(0), page(15), page(16, forgetful=True), page(31), END) == Count(due=4, marked=1)
    assert count(page(0), page(15), page(16), page(31), END) == Count(due=4, duplicated=1)


def test_a_replica_alone_has_no_repeats() -> None:
    assert count(page(0), page(15), page(16, forgetful=True), page(31), END, replicas=1).duplicated == 1


def test_nothing_is_told_after_the_fault_within_the_cooldown_of_anybody() -> None:
    assert count(page(0), page(15), page(29, forgetful=True), page(31), END) == Count(due=4, duplicated=1, marked=1)


def test_an_end_is_told_once() -> None:
    assert count(page(0), page(15), page(30)) == Count(due=4, lost=1)
    assert count(page(0), page(15), page(30), END, END) == Count(due=4, duplicated=1)


def test_a_ticket_beside_its_page_and_a_change_that_never_was_are_one_too_many() -> None:
    ticket = told(0, Change.FIRED, severity=Severity.TICKET)
    assert count(page(0), ticket, page(15), page(30), END).duplicated >= 1
    assert count(page(0), page(15), page(30), told(40, Change.NO_DATA), END).duplicated == 1
