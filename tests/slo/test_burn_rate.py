"""Burn rates, budgets and detection against the SRE Workbook, https://sre.google/workbook/alerting-on-slos/."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.slo.budget import PERIOD_S, budget_left, burn_rate_that_spends, exhaustion_s, spent_when_firing
from o11y.slo.burn_rate import burn_rate, firing_fraction, highest_burn_rate, reaches
from o11y.slo.counts import NOTHING, Ratio
from o11y.slo.detection import detection_s
from tests.builders import pair

DAY, HOUR, MINUTE = 86_400, 3_600, 60
BUDGET = Decimal("0.001")  # of a 99.9 % objective

#: "Burn rates and time to complete budget exhaustion": burn rate, error rate of a 99.9 % objective, time to exhaustion
EXHAUSTION = [
    ("1", Ratio(1, 1000), 30 * DAY),
    ("2", Ratio(2, 1000), 15 * DAY),
    ("10", Ratio(10, 1000), 3 * DAY),
    ("1000", Ratio(1000, 1000), 43 * MINUTE + 12),  # the book says 43 minutes
]
#: "Recommended time windows and burn rates for percentages of SLO budget consumed": budget, long, burn rate
RECOMMENDED = [("0.02", HOUR, "14.4"), ("0.05", 6 * HOUR, "6"), ("0.10", 3 * DAY, "1")]
#: detection of a complete outage in the book's approaches: long window, burn rate, seconds
OUTAGE = [
    (10 * MINUTE, "1", Fraction("0.6")),  # 1: target error rate, "0.6 seconds"
    (36 * HOUR, "1", Fraction("129.6")),  # 2: increased alert window, "2 minutes and 10 seconds"
]


@pytest.mark.parametrize(("rate", "errors", "seconds"), EXHAUSTION)
def test_a_burn_rate_ends_the_budget_when_the_workbook_says(rate: str, errors: Ratio, seconds: int) -> None:
    assert burn_rate(errors, BUDGET) == Fraction(rate)
    assert exhaustion_s(Decimal(rate)) == seconds


def test_a_burn_rate_of_35_consumes_the_period_in_20_and_a_half_hours() -> None:
    assert round(float(exhaustion_s(Decimal(35)) or 0) / HOUR, 1) == 20.6  # the book cuts it to 20.5


@pytest.mark.parametrize(("share", "long_s", "rate"), RECOMMENDED)
def test_a_recommended_pair_fires_when_its_share_of_the_budget_is_spent(share: str, long_s: int, rate: str) -> None:
    assert burn_rate_that_spends(Decimal(share), long_s=long_s) == Fraction(rate)
    assert spent_when_firing(pair(long_s=long_s, short_s=long_s // 12 // 10 * 10, burn_rate=rate)) == Fraction(share)


@pytest.mark.parametrize(("long_s", "rate", "seconds"), OUTAGE)
def test_a_complete_outage_is_detected_when_the_workbook_says(long_s: int, rate: str, seconds: Fraction) -> None:
    assert detection_s(pair(long_s=long_s, short_s=10, burn_rate=rate), BUDGET, error=Decimal(1)) == seconds


def test_the_shipped_page_detects_an_outage_in_4_seconds_and_ten_percent_in_43() -> None:
    assert detection_s(pair(), BUDGET, error=Decimal(1)) == Fraction("4.32")
    assert detection_s(pair(), BUDGET, error=Decimal("0.1")) == Fraction("43.2")


def test_an_error_rate_below_the_threshold_is_never_detected_and_one_at_it_after_the_whole_window() -> None:
    assert detection_s(pair(), BUDGET, error=Decimal("0.0143")) is None
    assert detection_s(pair(), BUDGET, error=Decimal("0.0144")) == 300


@given(
    error=st.fractions(min_value=Fraction(1, 1000), max_value=1),
    short_s=st.integers(1, 359).map(lambda tens: tens * 10),
    rate=st.sampled_from(["1", "6", "14.4", "100", "999"]),
)
def test_detection_is_the_first_moment_at_which_both_windows_reach_the_rate(
    error: Fraction, short_s: int, rate: str
) -> None:
    windows = pair(long_s=HOUR, short_s=short_s, burn_rate=rate)
    found = detection_s(windows, BUDGET, error=error)
    threshold = firing_fraction(windows.burn_rate, BUDGET)

    def both_reach(seconds: Fraction) -> bool:
        return all(error * min(seconds, Fraction(w)) / w >= threshold for w in (windows.long_s, windows.short_s))

    assert both_reach(found) if found is not None else not both_reach(Fraction(30 * DAY))
    assert found is None or not both_reach(found - Fraction(1, 1000))


def test_a_burn_rate_exactly_at_the_threshold_reaches_it() -> None:
    assert reaches(Ratio(144, 10_000), Decimal("14.4"), BUDGET)
    assert not reaches(Ratio(143, 10_000), Decimal("14.4"), BUDGET)
    assert burn_rate(Ratio(144, 10_000), BUDGET) == Fraction("14.4")


def test_floats_would_have_missed_that_page() -> None:
    assert not 0.0144 / (1 - 0.999) >= 14.4


@given(valid=st.integers(1, 10**30), thousandths=st.integers(1, 999))
def test_the_boundary_is_exact_beyond_28_digits(valid: int, thousandths: int) -> None:
    """Decimal's own context would round these products."""
    threshold, budget = Decimal(thousandths) / 1000, Decimal("0.00000000000000000007")
    at = -(-valid * thousandths * 7 // (1000 * 10**20))
    assert reaches(Ratio(min(at, valid), valid), threshold, budget)
    assert at == 0 or not reaches(Ratio(at - 1, valid), threshold, budget)


def test_an_empty_window_has_no_burn_rate_and_reaches_nothing() -> None:
    assert burn_rate(NOTHING, BUDGET) == 0
    assert not reaches(NOTHING, Decimal("0.1"), BUDGET)


def test_what_is_left_of_the_budget_and_when_it_ends() -> None:
    left = budget_left(Ratio(250, 1_000_000), BUDGET)
    assert left == Fraction(3, 4)
    assert exhaustion_s(Decimal("14.4"), left=left) == Fraction(PERIOD_S * 3, 4) / Fraction("14.4")


def test_an_overspent_budget_has_ended_and_an_untouched_one_never_does() -> None:
    assert budget_left(Ratio(3, 1000), BUDGET) == -2
    assert exhaustion_s(Decimal(1), left=Fraction(-2)) == 0
    assert exhaustion_s(Fraction(0)) is None


@given(budget=st.decimals("0.00000001", "0.99999999", places=8))
def test_the_highest_burn_rate_can_be_reached_and_is_hardly_below_the_bound(budget: Decimal) -> None:
    highest = highest_burn_rate(budget)
    assert firing_fraction(highest, budget) <= 1 < firing_fraction(highest + Decimal("0.001"), budget)
