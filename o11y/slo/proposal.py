"""A threshold and a target for an objective, from what was measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from o11y.slo.burn_rate import firing_fraction
from o11y.slo.counts import Ratio
from o11y.slo.latency_bounds import next_bound
from o11y.slo.objective import Objective

#: what lies between the latency that is usual and the one that is slow
HEADROOM = Fraction(6, 5)
#: a budget is so many times what was bad: a service that goes on as it did spends half of it
_BUDGET_OF_BAD = 2
#: with n events and none of them bad, up to 3 / n may be (95 % confidence): nobody can promise less
_RULE_OF_THREE = 3
#: the smallest budget of a latency: of a smaller one a few slow requests are an outage
_LEAST_OF_LATENCY = Fraction(1, 100)

_STEPS = tuple(Decimal(digit).scaleb(-place) for place in (4, 3, 2, 1) for digit in (1, 2, 5))


@dataclass(frozen=True, slots=True)
class ProposedTarget:
    """``limited``: the burn rates of the pairs allow no looser one, or the data or its kind no stricter one."""

    target: Decimal
    limited: str = ""


def proposed_threshold_ms(objective: Objective, p95_ms: Fraction) -> int:
    """The p95 and a fifth, moved up to a bound of the rollups; the highest one where that is beyond them all."""
    bounds = objective.sli.bounds_ms
    return next_bound(-(-(p95_ms * HEADROOM) // 1), bounds) or bounds[-1]


def proposed_target(objective: Objective, seen: Ratio) -> ProposedTarget:
    """1 - budget, where the budget is twice the fraction that was bad, moved up to 1, 2 or 5 of a power of ten.

    It is at least what so many events can show, and at most what lets every pair of the objective be reached. That of a
    latency is at least a hundredth.
    """
    measured = Fraction(_BUDGET_OF_BAD * seen.bad, max(seen.valid, 1))
    shown = Fraction(_RULE_OF_THREE, max(seen.valid, 1))
    least = _LEAST_OF_LATENCY if objective.sli.bounds_ms else Fraction(0)
    reachable = [step for step in _STEPS if all(_reached(objective, step))]
    if not reachable:
        return ProposedTarget(objective.target, "no round target lets every pair be reached")
    enough = [step for step in reachable if step >= max(measured, shown, least)]
    budget = enough[0] if enough else reachable[-1]
    if not enough:
        return ProposedTarget(1 - budget, "a looser one would leave a pair out of reach")
    if least > max(measured, shown):
        return ProposedTarget(1 - budget, "single slow requests would break a stricter one")
    return ProposedTarget(1 - budget, f"{seen.valid:,} requests show no stricter one" if shown > measured else "")


def _reached(objective: Objective, budget: Decimal) -> Iterator[bool]:
    return (firing_fraction(pair.burn_rate, budget) <= 1 for pair in objective.pairs)
