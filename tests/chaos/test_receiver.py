"""The count that the Redis scenarios rest on: what was due, what is missing, what was told too often."""

from datetime import timedelta

from tests.builders import NOW
from tests.chaos.receiver import Count, Span, Told, count_pages

MODEL = "vendor/model"
FAULT = Span(NOW + timedelta(minutes=10), NOW + timedelta(minutes=30))
FIRING = {MODEL: Span(NOW, NOW + timedelta(minutes=40))}


def page(minute: float, *, forgetful: bool = False) -> Told:
    said = " o11y is without its memory" if forgetful else ""
    return Told(NOW + timedelta(minutes=minute), f"PAGE {MODEL}{said}")


def count(*told: Told, replicas: int = 2) -> Count:
    return count_pages(told, FIRING, fault=FAULT, replicas=replicas)


def test_a_page_a_cooldown_is_what_is_due() -> None:
    assert count(page(0), page(15), page(30)) == Count(due=3)


def test_a_page_that_comes_late_or_not_at_all_is_lost() -> None:
    assert count(page(15), page(30)) == Count(due=3, lost=1)
    assert count(page(0), page(30)) == Count(due=3, lost=1)
    assert count(page(0), page(15)) == Count(due=3, lost=1)
    assert count() == Count(due=1, lost=1)


def test_a_repeat_is_allowed_in_the_fault_alone_and_if_it_says_that_the_memory_is_lost() -> None:
    assert count(page(0), page(15), page(16, forgetful=True), page(31)) == Count(due=3, marked=1)
    assert count(page(0), page(15), page(16), page(31)) == Count(due=3, duplicated=1)


def test_a_replica_alone_has_no_repeats() -> None:
    assert count(page(0), page(15), page(16, forgetful=True), page(31), replicas=1).duplicated == 1


def test_nothing_is_told_after_the_fault_within_the_cooldown_of_anybody() -> None:
    assert count(page(0), page(15), page(29, forgetful=True), page(31)) == Count(due=3, duplicated=1, marked=1)


def test_a_ticket_beside_its_page_is_one_too_many() -> None:
    assert count(page(0), page(15), page(30), Told(NOW, f"TICKET {MODEL}")).duplicated == 1
