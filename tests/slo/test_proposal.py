from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.slo.burn_rate import firing_fraction
from o11y.slo.counts import Ratio
from o11y.slo.proposal import proposed_target, proposed_threshold_ms
from tests.builders import latency, objective, pair

P90 = objective(sli=latency(), target="0.9", pairs=(pair(burn_rate=8),))


@pytest.mark.parametrize(
    ("p95_ms", "threshold_ms"), [(2_000, 2_500), (2_500, 3_000), (Fraction(2_083), 2_500), (2_084, 3_000), (1, 100)]
)
def test_a_threshold_is_the_p95_and_a_fifth_moved_up_to_a_bound(p95_ms: int, threshold_ms: int) -> None:
    assert proposed_threshold_ms(P90, Fraction(p95_ms)) == threshold_ms


def test_beyond_the_bounds_it_is_the_highest() -> None:
    assert proposed_threshold_ms(P90, Fraction(290_000)) == 300_000


@pytest.mark.parametrize(
    ("bad", "valid", "target"),
    [
        (0, 1_000_000, "0.9999"),  # the strictest that is proposed
        (100, 1_000_000, "0.9998"),
        (240, 1_000_000, "0.9995"),
        (1_000, 1_000_000, "0.998"),
        (0, 1_000, "0.995"),  # 3 of 1,000 cannot be told from none
        (0, 10, "0.95"),  # a looser one would put 14.4 out of reach
        (400, 1_000, "0.95"),
    ],
)
def test_a_budget_is_twice_what_was_bad_rounded_up(bad: int, valid: int, target: str) -> None:
    assert proposed_target(objective(), Ratio(bad, valid)).target == Decimal(target)


def test_it_says_what_kept_it_from_being_twice_what_was_bad() -> None:
    assert "out of reach" in proposed_target(objective(), Ratio(400, 1_000)).limited
    assert "no stricter one" in proposed_target(objective(), Ratio(0, 1_000)).limited
    assert proposed_target(objective(), Ratio(1_000, 1_000_000)).limited == ""


@pytest.mark.parametrize(("bad", "target"), [(0, "0.99"), (4_000, "0.99"), (5_001, "0.98"), (20_000, "0.95")])
def test_of_latency_no_more_is_promised_than_what_single_slow_requests_cannot_break(bad: int, target: str) -> None:
    found = proposed_target(P90, Ratio(bad, 1_000_000))
    assert found.target == Decimal(target)
    assert ("single slow requests" in found.limited) is (bad < 5_000)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_what_is_proposed_can_fire_and_leaves_the_past_within_its_budget(bad: int, good: int) -> None:
    for base in (objective(), P90):
        seen = Ratio(bad, bad + good)
        found = proposed_target(base, seen)
        assert 0 < found.target < 1
        assert all(firing_fraction(pair.burn_rate, 1 - found.target) <= 1 for pair in base.pairs)
        assert Fraction(seen.bad, seen.valid) <= Fraction(1 - found.target) / 2 or "out of reach" in found.limited
