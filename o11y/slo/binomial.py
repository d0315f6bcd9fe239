"""The exact binomial test: are so many bad events among the valid ones more than chance?

Small counts are looked up in a table that integers alone have made. Large ones are bounded from above in floats with
their rounding error added, and a bound that does not settle the question counts as "it may be chance".
"""

from bisect import bisect_left
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from math import exp, lgamma, log, log1p, pi

#: valid events up to which the answer is read from the table
EXACT_UP_TO = 1_000

#: where the remainder of Stirling's series is below the rounding of a float
_STIRLING_FROM = 16

#: of a sum in units of the level: what is too small to matter, and added to each bound
_NEGLIGIBLE = 1e-9

#: error of the logarithm of a probability for each valid event: eight roundings of 2^-53
_ROUNDING = 1e-15


class BinomialTest:
    """Rejects "each valid event is bad with ``probability``, by itself" where chance has at most ``level`` to show.

    One-sided: P(X >= bad) <= level for X ~ Binomial(valid, probability). Both are exact, ``level`` is at most 1/2.
    """

    def __init__(self, probability: Fraction, level: Fraction) -> None:
        if not (0 < probability < 1 and 0 < level <= Fraction(1, 2)):
            raise ValueError(f"probability {probability} must be within 0 and 1, level {level} at most 1/2")
        self._probability, self._log_level = probability, log(level)
        self._odds = float(probability / (1 - probability))
        self._table = tuple(islice(_least_bad(probability, level), EXACT_UP_TO + 1))

    def rejects(self, bad: int, valid: int) -> bool:
        """Whether ``bad`` of ``valid`` are too many. More bad events never turn it back, more good ones may."""
        if valid <= EXACT_UP_TO:
            return bad >= self._table[valid]
        return bad > self._probability * valid and self._improbable(bad, valid)

    def least_bad(self, valid: int) -> int:
        """The smallest number of bad events that is rejected; ``valid + 1`` where not even all of them are."""
        if valid <= EXACT_UP_TO:
            return self._table[valid]
        return bisect_left(range(valid + 1), True, key=lambda bad: self.rejects(bad, valid))

    def _improbable(self, bad: int, valid: int) -> bool:
        """Sums the tail from ``bad`` up, in units of the level, until a bound of it is on one side of 1.

        Each term is ``ratio`` times the one before, and the ratios fall: what is left is below a geometric series.
        They are below 1, as ``bad`` is above the mean.
        """
        log_term = _log_probability(bad, valid, self._probability) - self._log_level + _ROUNDING * valid + _NEGLIGIBLE
        if log_term > 0:
            return False
        term, total = exp(log_term), 0.0
        while True:
            ratio = (valid - bad) / (bad + 1) * self._odds
            rest = term / (1 - ratio)
            if total + rest <= 1 - _NEGLIGIBLE:
                return True
            total += term
            if total > 1 or rest < _NEGLIGIBLE:
                return False
            term, bad = term * ratio, bad + 1


@lru_cache(maxsize=1_024)
def binomial_test(probability: Decimal, confidence: Decimal) -> BinomialTest:
    """The test at level 1 - ``confidence``; its table takes some milliseconds to make, so it is kept."""
    return BinomialTest(Fraction(probability), 1 - Fraction(confidence))


def _least_bad(probability: Fraction, level: Fraction) -> Iterator[int]:
    """For 0, 1, 2, ... valid events the smallest ``bad`` with P(X >= bad) <= level, in integers.

    With probability a / b all chances among n events are multiples of 1 / b^n. One event more gives
    P(n+1, >= k) = P(n, >= k) + a/b P(n, = k-1), so the answer never falls, and one pass over n finds all of them.
    """
    a, b = probability.numerator, probability.denominator
    good = b - a
    valid, bad = 0, 1
    whole, tail, below = 1, 0, 1  # times b^valid: everything, P(X >= bad), P(X = bad - 1)
    while True:
        while tail * level.denominator > whole * level.numerator:
            below = below * (valid - bad + 1) * a // (bad * good)
            tail, bad = tail - below, bad + 1
        yield bad
        tail = tail * b + below * a
        below = below * good * (valid + 1) // (valid - bad + 2)
        whole, valid = whole * b, valid + 1


def _log_probability(bad: int, valid: int, probability: Fraction) -> float:
    """ln P(X = bad), by the saddle point (C. Loader, Fast and Accurate Computation of Binomial Probabilities, 2000).

    The large parts of ln n! cancel before they are computed, so that a billion events lose no digits.
    """
    share = float(probability)
    if bad == valid:
        return valid * log(share)
    good = valid - bad
    deviance = bad * log(bad / (valid * share)) + good * (log(good / valid) - log1p(-share))
    shape = (log(valid / (2 * pi) / bad / good)) / 2
    return _stirling_error(valid) - _stirling_error(bad) - _stirling_error(good) + shape - deviance


def _stirling_error(n: int) -> float:
    """ln n! minus Stirling's ln(sqrt(2 pi n) (n / e)^n)."""
    if n < _STIRLING_FROM:
        return lgamma(n + 1) - (n + 0.5) * log(n) + n - log(2 * pi) / 2
    return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / n**2) / n**2) / n**2) / n
