"""Burn rates (SRE Workbook ch. 5): 1 spends exactly the whole error budget over the SLO period."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from o11y.slo.counts import Ratio


def burn_rate(ratio: Ratio, budget: Decimal) -> Fraction:
    """(bad / valid) / budget, exact; 0 where nothing was valid."""
    return Fraction(ratio.bad, ratio.valid) / Fraction(budget) if ratio.valid else Fraction(0)


def firing_fraction(threshold: Decimal, budget: Decimal) -> Fraction:
    """The bad fraction at which the burn rate is exactly ``threshold``. Above 1 it can never be reached."""
    return Fraction(threshold) * Fraction(budget)


def highest_burn_rate(budget: Decimal) -> Decimal:
    """The burn rate of a complete outage, 1 / budget, rounded down to three decimals so that it can be reached."""
    highest = Fraction(1) / Fraction(budget)
    thousandths = Decimal(highest.numerator * 1000 // highest.denominator)
    return thousandths.scaleb(-3).quantize(Decimal("0.001"), rounding=ROUND_DOWN).normalize()


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bad fraction as two integers, so that comparing counts with it is one multiplication a side, and exact.

    Decimal arithmetic would round at 28 digits and floats at 17: ``0.0144 / (1 - 0.999) >= 14.4`` is False in floats.
    """

    numerator: int
    denominator: int

    @classmethod
    def of(cls, threshold: Decimal, budget: Decimal) -> "Threshold":
        fraction = firing_fraction(threshold, budget)
        return cls(fraction.numerator, fraction.denominator)

    def reached_by(self, ratio: Ratio) -> bool:
        """At or above it; never of an empty window."""
        return ratio.valid > 0 and ratio.bad * self.denominator >= self.numerator * ratio.valid


def reaches(ratio: Ratio, threshold: Decimal, budget: Decimal) -> bool:
    """Whether the burn rate is at or above ``threshold``, by exact cross-multiplication; never of an empty window."""
    return Threshold.of(threshold, budget).reached_by(ratio)
