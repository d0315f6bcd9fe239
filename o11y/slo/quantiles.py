"""Quantiles from cumulative counts at fixed bounds."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction


def quantile(bounds_ms: Sequence[int], at_most: Sequence[int], *, total: int, level: Decimal) -> Fraction | None:
    """The latency in ms that a share ``level`` of ``total`` events do not exceed; None of none.

    ``at_most`` counts, for each of the ascending ``bounds_ms``, the events that took at most so long. Between two
    bounds the events are taken to be spread evenly, as Prometheus does it (``histogram_quantile``): the answer is in
    the right band, and off by no more than the width of that. Beyond the last bound nothing is known, so the last
    bound is the answer.
    """
    if total <= 0:
        return None
    rank = Fraction(level) * total
    below_ms, below = 0, 0
    for bound, count in zip(bounds_ms, at_most, strict=True):
        if count >= rank and count > below:
            return below_ms + (bound - below_ms) * max(Fraction(0), rank - below) / (count - below)
        below_ms, below = bound, count
    return Fraction(below_ms)
