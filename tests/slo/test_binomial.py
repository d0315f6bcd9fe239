"""The test against brute force, and the bounds for large counts against the integers that small ones are read from."""

from decimal import Decimal
from fractions import Fraction
from itertools import islice
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o11y.slo.binomial import EXACT_UP_TO, BinomialTest, _least_bad, binomial_test

ONE_IN_10_000 = Fraction(1, 10_000)

#: budgets of the shipped objectives, and one that needs twenty decimals
BUDGETS = [Fraction(text) for text in ("0.001", "0.005", "0.01", "0.1", "0.5", "0.12345678901234567891")]

probabilities = st.fractions(Fraction(1, 10_000), Fraction(99, 100), max_denominator=10_000)
levels = st.fractions(Fraction(1, 10**6), Fraction(1, 2), max_denominator=10**6)


def tail(bad: int, valid: int, probability: Fraction) -> Fraction:
    """P(X >= bad), from the definition."""
    good = 1 - probability
    return sum((comb(valid, n) * probability**n * good ** (valid - n) for n in range(bad, valid + 1)), Fraction(0))


@settings(max_examples=60, deadline=None)
@given(probability=probabilities, level=levels, valid=st.integers(0, 40), data=st.data())
def test_a_small_count_is_rejected_exactly_when_its_tail_is_within_the_level(
    probability: Fraction, level: Fraction, valid: int, data: st.DataObject
) -> None:
    bad = data.draw(st.integers(0, valid))
    assert BinomialTest(probability, level).rejects(bad, valid) == (tail(bad, valid, probability) <= level)


def test_a_tail_of_exactly_the_level_is_rejected() -> None:
    assert tail(3, 3, Fraction(1, 10)) == Fraction(1, 1_000)
    assert BinomialTest(Fraction(1, 10), Fraction(1, 1_000)).rejects(3, 3)
    assert not BinomialTest(Fraction(1, 10), Fraction(999_999_999, 10**12)).rejects(3, 3)


@pytest.mark.parametrize("probability", BUDGETS, ids=str)
def test_beyond_the_table_the_bounds_answer_what_the_integers_do(probability: Fraction) -> None:
    until = 3 * EXACT_UP_TO
    exact = list(islice(_least_bad(probability, ONE_IN_10_000), until + 1))
    test = BinomialTest(probability, ONE_IN_10_000)
    for valid in (*range(EXACT_UP_TO - 2, EXACT_UP_TO + 3), *range(EXACT_UP_TO, until + 1, 37)):
        assert test.least_bad(valid) == exact[valid], valid
        assert test.rejects(exact[valid], valid)
        assert not test.rejects(exact[valid] - 1, valid)


@pytest.mark.parametrize(
    ("probability", "valid", "least_bad"),
    [
        # Where the normal distribution is near: mean + 3.719 standard deviations, and a little for its skew.
        ("0.001", 10**9, 1_003_720),
        ("0.5", 10**9, 500_058_804),
    ],
)
def test_a_billion_events_are_judged_to_the_event(probability: str, valid: int, least_bad: int) -> None:
    test = binomial_test(Decimal(probability), Decimal("0.9999"))
    spread = (valid * float(probability) * (1 - float(probability))) ** 0.5
    assert test.least_bad(valid) == least_bad
    assert least_bad == pytest.approx(valid * float(probability) + 3.719 * spread, abs=6)


@settings(max_examples=100, deadline=None)
@given(valid=st.integers(1, 10**9), share=st.floats(0, 0.01), more=st.integers(0, 1_000))
def test_more_bad_events_are_never_less_evidence_and_more_good_ones_never_more(
    valid: int, share: float, more: int
) -> None:
    test = binomial_test(Decimal("0.001"), Decimal("0.9999"))
    bad = int(valid * share)
    if test.rejects(bad, valid):
        assert test.rejects(min(bad + more, valid), valid)
        assert test.rejects(bad + more, valid + more)
    else:
        assert not test.rejects(bad, valid + more)


@settings(max_examples=50, deadline=None)
@given(valid=st.integers(0, 10**7), level=st.sampled_from(["0.9", "0.999", "0.999999999999"]))
def test_the_least_bad_count_is_where_the_answer_turns(valid: int, level: str) -> None:
    test = binomial_test(Decimal("0.01"), Decimal(level))
    least = test.least_bad(valid)
    assert 1 <= least <= valid + 1
    assert not test.rejects(least - 1, valid)
    assert least > valid or test.rejects(least, valid)


def test_nothing_is_evidence_of_nothing() -> None:
    for probability in BUDGETS:
        test = BinomialTest(probability, Fraction(1, 2))
        assert not test.rejects(0, 0)
        assert not test.rejects(0, 10**6)


def test_every_one_of_very_many_is_evidence() -> None:
    assert BinomialTest(Fraction(1, 2), ONE_IN_10_000).rejects(5_000, 5_000)


@pytest.mark.parametrize(
    ("probability", "level"),
    [
        (Fraction(0), ONE_IN_10_000),
        (Fraction(1), ONE_IN_10_000),
        (Fraction(1, 2), Fraction(0)),
        (Fraction(1, 2), Fraction(2, 3)),
    ],
)
def test_a_test_that_means_nothing_cannot_exist(probability: Fraction, level: Fraction) -> None:
    with pytest.raises(ValueError, match="must be within 0 and 1"):
        BinomialTest(probability, level)
