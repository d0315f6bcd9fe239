from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.slo.quantiles import quantile

BOUNDS = (100, 200, 400)


@pytest.mark.parametrize(
    ("at_most", "total", "level", "expected"),
    [
        ((10, 10, 10), 10, "0.5", 50),  # half of the way to 100
        ((0, 10, 10), 10, "0.5", 150),
        ((0, 10, 20), 20, "0.95", 380),  # nine tenths of the way from 200 to 400
        ((5, 5, 10), 10, "0.5", 100),
        ((5, 5, 10), 10, "0.6", 240),
        ((0, 0, 0), 10, "0.5", 400),  # beyond the last bound nothing is known
        ((9, 9, 9), 10, "0.95", 400),
    ],
)
def test_events_are_taken_to_be_spread_evenly_between_bounds(
    at_most: tuple[int, ...], total: int, level: str, expected: int
) -> None:
    assert quantile(BOUNDS, at_most, total=total, level=Decimal(level)) == expected


def test_of_nothing_there_is_none() -> None:
    assert quantile(BOUNDS, (0, 0, 0), total=0, level=Decimal("0.5")) is None


@given(st.lists(st.integers(1, 400), min_size=1, max_size=60), st.sampled_from(["0.5", "0.9", "0.95", "0.99"]))
def test_it_lies_in_the_band_of_the_event_of_that_rank(latencies: list[int], level: str) -> None:
    at_most = [sum(ms <= bound for ms in latencies) for bound in BOUNDS]
    found = quantile(BOUNDS, at_most, total=len(latencies), level=Decimal(level))
    assert found is not None
    rank = -(-Fraction(level) * len(latencies) // 1)  # rounded up
    exact = sorted(latencies)[int(rank) - 1]
    upper = next(bound for bound in BOUNDS if exact <= bound)
    lower = max((bound for bound in (0, *BOUNDS) if bound < exact), default=0)
    assert lower <= found <= upper
