"""Numbers for reading never cross a line that matters."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest

from o11y.alerting.quantities import clock, count, exact_percent, latency, moment, percent, percentile, several, times


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (Fraction(0), "0 %"),
        (Fraction(1), "100 %"),
        (Fraction(1, 2), "50 %"),
        (Fraction(374, 1000), "37.4 %"),
        (Fraction(144, 10_000), "1.44 %"),
        (Fraction(1, 3), "33.3 %"),
        (Fraction(1, 1000), "0.1 %"),
        (Fraction(25, 2), "1,250 %"),
    ],
)
def test_a_share_is_told_in_three_digits_or_so(share: Fraction, text: str) -> None:
    assert percent(share) == text


def test_almost_all_is_not_told_as_all() -> None:
    assert percent(Fraction(99_999, 100_000)) == "99.99 %"


def test_almost_nothing_is_not_told_as_nothing() -> None:
    assert percent(Fraction(1, 10**6)) == "<0.01 %"
    assert times(Fraction(1, 10**6)) == "<0.01×"


def test_a_configured_share_keeps_every_digit() -> None:
    assert exact_percent(Decimal("0.99999")) == "99.999 %"
    assert exact_percent(Decimal("0.90")) == "90 %"


@pytest.mark.parametrize(("target", "text"), [("0.90", "p90"), ("0.5", "p50"), ("0.999", "p99.9")])
def test_a_target_names_its_percentile(target: str, text: str) -> None:
    assert percentile(Decimal(target)) == text


@pytest.mark.parametrize(
    ("rate", "text"), [("14.4", "14.4×"), ("1.5", "1.5×"), ("6", "6×"), ("1000", "1,000×"), ("499.6", "500×")]
)
def test_a_burn_rate_is_a_number_of_times(rate: str, text: str) -> None:
    assert times(Decimal(rate)) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (450.4, "450 ms"),
        (999.7, "1 s"),
        (1500, "1.5 s"),
        (15_000, "15 s"),
        (22_040.0, "22 s"),
        (300_000, "300 s"),
    ],
)
def test_a_latency_is_told_in_the_unit_it_is_felt_in(milliseconds: float, text: str) -> None:
    assert latency(milliseconds) == text


def test_large_counts_are_grouped() -> None:
    assert count(1_234_567) == "1,234,567"


def test_a_moment_is_told_in_utc_whatever_its_zone() -> None:
    assert moment(datetime(2026, 11, 21, 14, 0, tzinfo=timezone(timedelta(hours=2)))) == "2026-11-21 12:00 UTC"


def test_a_time_of_the_same_day_needs_no_date() -> None:
    noon = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    assert clock(noon - timedelta(minutes=80), beside=noon) == "10:40 UTC"
    assert clock(noon - timedelta(hours=13), beside=noon) == "2026-11-20 23:00 UTC"


def test_the_day_is_that_of_utc() -> None:
    east = timezone(timedelta(hours=9))
    assert (
        clock(datetime(2026, 11, 22, 1, 0, tzinfo=east), beside=datetime(2026, 11, 21, 9, 0, tzinfo=UTC)) == "16:00 UTC"
    )


def test_one_is_not_several() -> None:
    assert [several(number, "alert") for number in (0, 1, 1_400)] == ["0 alerts", "1 alert", "1,400 alerts"]
