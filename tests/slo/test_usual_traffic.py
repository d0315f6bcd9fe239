from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.slo.usual_traffic import DAYS, slot_of, usual
from tests.builders import NOW

EVERY_DAY = range(DAYS)
DAYS_OF_REQUESTS = st.lists(st.integers(0, 10_000), min_size=DAYS, max_size=DAYS)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([120, 118, 125, 119, 121, 122, 120], 120),
        ([0, 118, 125, 119, 121, 122, 120], 120),  # an outage yesterday
        ([0, 0, 0, 119, 121, 122, 120], 119),  # and for three days
        ([0, 0, 0, 0, 121, 122, 120], 0),  # gone for good: not expected any more
        ([9_000, 118, 125, 119, 121, 122, 123], 122),  # a peak yesterday
        ([120, 0, 0, 120, 121, 122, 0], 0),  # a Friday whose last one was silent
        ([0, 120, 118, 119, 121, 122, 0], 0),  # a Sunday after a silent Saturday
        ([120, 118, 125, 119, 121, 122, 5], 5),  # less came a week ago
        ([120, 118, 125, 119, 0, 0, 0], 0),  # four days old: it was not there a week ago
    ],
)
def test_the_median_is_usual_and_no_more_than_came_a_week_ago(days: list[int], expected: int) -> None:
    assert usual(days, EVERY_DAY) == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ((), 0),
        ((0, 1), 0),
        ((0, 1, 2), 100),  # a young installation: the median of three days
        ((0, 1, 2, 3), 100),  # of four the lower one in the middle
        ((0, 1, 2, 3, 6), 80),
    ],
)
def test_before_three_days_are_known_nothing_is_usual(known: tuple[int, ...], expected: int) -> None:
    assert usual([90, 100, 110, 120, 0, 0, 80], known) == expected


def test_days_on_which_o11y_was_down_are_no_days_without_traffic() -> None:
    assert usual([0, 0, 0, 0, 100, 100, 100], known=(4, 5, 6)) == 100


@given(DAYS_OF_REQUESTS)
def test_what_is_usual_came_on_at_least_half_of_the_days(days: list[int]) -> None:
    found = usual(days, EVERY_DAY)
    assert found <= days[-1]
    assert sum(day >= found for day in days) >= 4


@given(DAYS_OF_REQUESTS, st.integers(0, DAYS - 1), st.integers(0, 10_000))
def test_more_traffic_on_one_day_never_lowers_what_is_usual(days: list[int], day: int, more: int) -> None:
    busier = [number + more * (place == day) for place, number in enumerate(days)]
    assert usual(busier, EVERY_DAY) >= usual(days, EVERY_DAY)


@pytest.mark.parametrize(("seconds", "expected"), [(0, 0), (140, 0), (150, 300), (290, 300), (300, 300), (-10, 0)])
def test_past_windows_end_on_the_nearest_boundary(seconds: int, expected: int) -> None:
    assert slot_of(NOW + timedelta(seconds=seconds)) == NOW + timedelta(seconds=expected)
