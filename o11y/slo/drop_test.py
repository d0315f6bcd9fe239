"""Is it chance that so few requests came? The usual number and that of today, as two counts of one rate."""

from bisect import bisect_left
from decimal import Decimal
from functools import lru_cache

from o11y.slo.binomial import BinomialTest, binomial_test

_HALF = Decimal("0.5")


class DropTest:
    """Rejects "requests come as often as ever" where chance would hold so many of them back at most at the level.

    Of two Poisson counts with one rate each event is of either with a chance of 1/2, so that, given their sum, the
    usual count is Binomial(usual + arrived, 1/2): the exact conditional test of J. Przyborowski and H. Wilenski
    (Homogeneity of results in testing samples from Poisson series, Biometrika 31, 1940). It takes the usual number for
    what it is, a count of chance too, and not for a rate that is known. As the median of several days it is more
    certain than the single one that the test takes it for, which leaves room for traffic that comes in bursts.
    """

    def __init__(self, halves: BinomialTest) -> None:
        self._halves = halves

    def rejects(self, bad: int, valid: int) -> bool:
        """Whether ``bad`` missing of ``valid`` usual requests are too many. More missing never turn it back."""
        return self._halves.rejects(valid, 2 * valid - bad)

    def least_bad(self, valid: int) -> int:
        """The smallest number missing that is rejected; ``valid + 1`` where not even all of them are."""
        return bisect_left(range(valid + 1), True, key=lambda bad: self.rejects(bad, valid))


@lru_cache(maxsize=64)
def drop_test(confidence: Decimal) -> DropTest:
    """The test at level 1 - ``confidence``."""
    return DropTest(binomial_test(_HALF, confidence))
