from decimal import Decimal
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.slo.drop_test import drop_test

TEST = drop_test(Decimal("0.9999"))


def chance(usual: int, arrived: int) -> Fraction:
    """That of two equal counts with this sum the first has at least ``usual``."""
    both = usual + arrived
    return Fraction(sum(comb(both, first) for first in range(usual, both + 1)), 2**both)


@given(st.integers(1, 200), st.data())
def test_it_rejects_where_the_chance_is_at_most_the_level(usual: int, data: st.DataObject) -> None:
    arrived = data.draw(st.integers(0, usual))
    assert TEST.rejects(usual - arrived, usual) == (chance(usual, arrived) <= Fraction(1, 10_000))


@pytest.mark.parametrize(("usual", "needed"), [(13, 14), (14, 14), (20, 18), (30, 23), (100, 47), (10_000, 521)])
def test_the_more_is_usual_the_smaller_a_drop_is_beyond_chance(usual: int, needed: int) -> None:
    assert TEST.least_bad(usual) == needed


def test_fewer_than_fourteen_usual_requests_are_never_evidence() -> None:
    assert not any(TEST.rejects(usual, usual) for usual in range(14))


def test_more_confidence_needs_more() -> None:
    needed = [drop_test(Decimal(confidence)).least_bad(30) for confidence in ("0.9", "0.99", "0.9999", "0.999999")]
    assert needed == sorted(needed)
    assert len(set(needed)) == len(needed)
