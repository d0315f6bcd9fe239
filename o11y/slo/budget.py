"""The error budget of the SLO period: what is left, when it ends, what a pair lets go before it fires."""

from decimal import Decimal
from fractions import Fraction

from o11y.slo.burn_rate import burn_rate
from o11y.slo.counts import Ratio
from o11y.slo.windows import WindowPair

#: the SLO period, a rolling 30 days
PERIOD_S = 30 * 86_400


def budget_left(spent: Ratio, budget: Decimal) -> Fraction:
    """The share of the budget that is left, given the events of the last period; below 0 when it is overspent."""
    return 1 - burn_rate(spent, budget)


def exhaustion_s(rate: Fraction | Decimal, *, left: Fraction = Fraction(1)) -> Fraction | None:
    """Seconds until ``left`` of the budget is gone at burn rate ``rate``; 0 when it is gone, None when it never will.

    Nothing is given back meanwhile, although a rolling period forgets its oldest errors: the answer errs on the
    side of "sooner".
    """
    if left <= 0:
        return Fraction(0)
    return left * PERIOD_S / Fraction(rate) if rate > 0 else None


def spent_when_firing(pair: WindowPair) -> Fraction:
    """The share of the period's budget that is gone when ``pair`` fires: burn rate x long window / period."""
    return Fraction(pair.burn_rate) * pair.long_s / PERIOD_S


def burn_rate_that_spends(share: Fraction | Decimal, *, long_s: int) -> Fraction:
    """The inverse: the threshold at which ``share`` of the budget, spent within ``long_s`` seconds, fires."""
    return Fraction(share) * PERIOD_S / long_s
