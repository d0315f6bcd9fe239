"""Objectives x counts -> verdicts. Exact: a fraction exactly at the threshold reaches it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from o11y.slo.aggregation import aggregates, windows_within
from o11y.slo.binomial import BinomialTest
from o11y.slo.burn_rate import Threshold
from o11y.slo.count_table import Column, CountTable
from o11y.slo.counts import NOTHING, Counts, Ratio, WindowCounts
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.drop_test import DropTest
from o11y.slo.objective import Objective
from o11y.slo.override import Override
from o11y.slo.windows import WindowPair

#: dimensions whose winning objectives are remembered between evaluations; the least recently used goes first
_REMEMBERED = 65_536


class Reason(StrEnum):
    """Why a pair fires, or why it does not."""

    FIRING = "firing"
    NO_REQUESTS = "no valid requests in the long window"
    TOO_FEW_REQUESTS = "fewer valid requests in the long window than min_requests"
    TOO_FEW_BAD = "fewer bad events in the long window than min_bad"
    MAY_BE_CHANCE = "too little evidence: so few bad events in the long window may be chance"
    NOT_QUIET = "more valid requests in the long window than max_requests: quicker pairs see it"
    LONG_BELOW = "burn rate of the long window is below the threshold"
    SHORT_BELOW = "burn rate of the short window is below the threshold: it is no longer happening"


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What one pair of windows of one objective says of one dimension."""

    objective: Objective
    dimension: Dimension
    pair: WindowPair
    long: Ratio
    short: Ratio
    reason: Reason

    @property
    def firing(self) -> bool:
        return self.reason is Reason.FIRING


def judge(objective: Objective, pair: WindowPair, windows: WindowCounts) -> Reason:
    """The verdict of one pair over the counts of its two windows."""
    long, short = windows.get(pair.long_s, NOTHING), windows.get(pair.short_s, NOTHING)
    return _Rule.of(pair, objective).reason(long, short)


def rule_of(pair: WindowPair, objective: Objective) -> Callable[[Ratio, Ratio], Reason]:
    """``judge`` made ready for many minutes: the counts of the long window and of the short one -> the verdict."""
    return _Rule.of(pair, objective).reason


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything the objectives say of one dimension.

    ``overruled`` pairs each objective that matches but does not speak with the more specific one that does, or would.
    ``switched_off`` are those that would speak, and are not enabled here.
    """

    dimension: Dimension
    verdicts: tuple[PairVerdict, ...]
    overruled: tuple[tuple[Objective, Objective], ...]
    switched_off: tuple[Objective, ...] = ()


class _Rule(NamedTuple):
    """A pair with all that its verdict needs, and the threshold's integers within reach."""

    pair: WindowPair
    threshold: Threshold
    numerator: int
    denominator: int
    min_requests: int
    min_bad: int
    test: BinomialTest | DropTest | None

    @classmethod
    def of(cls, pair: WindowPair, objective: Objective) -> "_Rule":
        threshold, evidence = Threshold.of(pair.burn_rate, objective.budget), objective.evidence
        return cls(
            pair,
            threshold,
            threshold.numerator,
            threshold.denominator,
            evidence.min_requests_of(pair),
            evidence.min_bad_of(pair),
            objective.test_of(pair),
        )

    def burning(self, long: Column) -> list[int]:
        """The places where the long window reaches the threshold. Nearly every window of nearly every minute ends here:
        nothing is created and nothing called before it."""
        numerator, denominator = self.numerator, self.denominator
        return [
            place
            for place, (bad, valid) in enumerate(zip(long.bad, long.valid, strict=True))
            if bad and bad * denominator >= numerator * valid
        ]

    def reason(self, long: Ratio, short: Ratio) -> Reason:
        """The evidence is asked of the long window; the short one only says that it is still happening."""
        if not long.valid:
            return Reason.NO_REQUESTS
        if not self.threshold.reached_by(long):
            return Reason.LONG_BELOW
        if self.pair.max_requests is not None and long.valid > self.pair.max_requests:
            return Reason.NOT_QUIET
        if long.valid < self.min_requests:
            return Reason.TOO_FEW_REQUESTS
        if long.bad < self.min_bad:
            return Reason.TOO_FEW_BAD
        if self.test is not None and not self.test.rejects(long.bad, long.valid):
            return Reason.MAY_BE_CHANCE
        if not self.threshold.reached_by(short):
            return Reason.SHORT_BELOW
        return Reason.FIRING


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """An objective made ready: its place in the file, and its pairs with integer thresholds.

    ``varied``: it is one of the file as overrides make it, and so speaks for few dimensions.
    """

    place: int
    objective: Objective
    rules: tuple[_Rule, ...]
    varied: bool = False

    @classmethod
    def of(cls, place: int, objective: Objective, *, varied: bool = False) -> "_Plan":
        return cls(place, objective, tuple(_Rule.of(pair, objective) for pair in objective.pairs), varied)


class Evaluator:
    """The objectives of one file, prepared once and applied to the counts of every minute."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self.objectives = tuple(objectives)
        self._plans: dict[Scope, list[_Plan]] = defaultdict(list)
        self._varied: dict[tuple[int, tuple[Override, ...]], _Plan] = {}
        for place, objective in enumerate(self.objectives):
            self._plans[objective.scope].append(_Plan.of(place, objective))
        self._speaking: Callable[[Dimension], tuple[_Plan, ...]] = lru_cache(maxsize=_REMEMBERED)(self._choose)

    def evaluate(self, counts: Counts) -> list[PairVerdict]:
        """A verdict for each dimension, objective that speaks for it, and pair; in the order of file, dimension, pair.

        An objective whose indicator was not counted for a dimension says NO_REQUESTS.
        """
        found: list[tuple[int, Dimension, list[PairVerdict]]] = []
        for table, _ in self._scoped(counts):
            for dimension in table.dimensions:
                for plan in self._speaking(dimension):
                    windows = table.windows(dimension, plan.objective.sli)
                    found.append((plan.place, dimension, _judged(plan, dimension, windows)))
        found.sort(key=lambda entry: entry[:2])
        return [verdict for _, _, verdicts in found for verdict in verdicts]

    def breaches(self, counts: Counts) -> list[PairVerdict]:
        """The firing ones among ``evaluate``, without the cost of the others."""
        found: list[tuple[int, Dimension, int, PairVerdict]] = []
        for table, plans in self._scoped(counts):
            for plan in plans:
                columns = table.columns.get(plan.objective.sli, {})
                for number, rule in enumerate(plan.rules):
                    long = columns.get(rule.pair.long_s)
                    for place in () if long is None else rule.burning(long):
                        dimension = table.dimensions[place]
                        if plan in self._speaking(dimension):
                            verdict = _verdict(plan, dimension, rule, table.windows(dimension, plan.objective.sli))
                            if verdict.firing:
                                found.append((plan.place, dimension, number, verdict))
            found += self._varied_breaches(table, plans)
        found.sort(key=lambda entry: entry[:3])
        return [verdict for *_, verdict in found]

    def explain(self, counts: Counts, dimension: Dimension) -> Explanation:
        """Of ``dimension`` alone, whether or not it had traffic. An aggregate is the sum over all of ``counts``."""
        verdicts = [
            verdict
            for plan in self._speaking(dimension)
            for verdict in _judged(plan, dimension, windows_within(counts, dimension, plan.objective.sli))
        ]
        best = self._best(dimension)
        winners = {family: plan.objective for family, plan in best.items()}
        losers = [plan for plan in self._matching(dimension) if best[plan.objective.family] is not plan]
        return Explanation(
            dimension,
            tuple(verdicts),
            tuple((plan.objective, winners[plan.objective.family]) for plan in losers),
            tuple(objective for objective in winners.values() if not objective.enabled),
        )

    def speaking(self, dimension: Dimension) -> tuple[Objective, ...]:
        """The objectives that speak for it, as they hold there; in the order of the file."""
        return tuple(plan.objective for plan in self._speaking(dimension))

    def _varied_breaches(
        self, table: CountTable, plans: Sequence[_Plan]
    ) -> Iterator[tuple[int, Dimension, int, PairVerdict]]:
        """Where overrides hold, dimension by dimension: they are few, and each has thresholds of its own."""
        if not any(plan.objective.layers for plan in plans):
            return
        for dimension in table.dimensions:
            for plan in self._speaking(dimension):
                if plan.varied:
                    windows = table.windows(dimension, plan.objective.sli)
                    for number, verdict in enumerate(_judged(plan, dimension, windows)):
                        if verdict.firing:
                            yield plan.place, dimension, number, verdict

    def _choose(self, dimension: Dimension) -> tuple[_Plan, ...]:
        """Those that speak for a dimension, in the order of the file."""
        enabled = (plan for plan in self._best(dimension).values() if plan.objective.enabled)
        return tuple(sorted(enabled, key=lambda plan: plan.place))

    def _best(self, dimension: Dimension) -> dict[str, _Plan]:
        """Of each family the most specific match; among equals the first in the file."""
        best: dict[str, _Plan] = {}
        for plan in self._matching(dimension):
            objective = plan.objective
            rival = best.get(objective.family)
            if rival is None or objective.match.specificity > rival.objective.match.specificity:
                best[objective.family] = plan
        return best

    def _matching(self, dimension: Dimension) -> Iterator[_Plan]:
        """As overrides make them there."""
        for plan in self._plans[dimension.scope]:
            if plan.objective.match.covers(dimension):
                layers = plan.objective.layers.at(dimension)
                yield self._varied_plan(plan, layers) if layers else plan

    def _varied_plan(self, plan: _Plan, layers: tuple[Override, ...]) -> _Plan:
        """Made once for all dimensions in which the same overrides hold."""
        key = (plan.place, layers)
        if (known := self._varied.get(key)) is None:
            if len(self._varied) >= _REMEMBERED:
                self._varied.clear()
            known = self._varied[key] = _Plan.of(plan.place, plan.objective.under(layers), varied=True)
        return known

    def _scoped(self, counts: Counts) -> Iterator[tuple[CountTable, Sequence[_Plan]]]:
        """The counts of every scope that an objective speaks of, and those objectives."""
        table = CountTable.of(counts)
        slis = {scope: {sli for plan in plans for sli in plan.objective.slis} for scope, plans in self._plans.items()}
        if slis.pop(Scope.MODEL, None):
            yield table, self._plans[Scope.MODEL]
        if slis:
            for scope, summed in aggregates(table, slis).items():
                yield summed, self._plans[scope]


def _judged(plan: _Plan, dimension: Dimension, windows: WindowCounts) -> list[PairVerdict]:
    return [_verdict(plan, dimension, rule, windows) for rule in plan.rules]


def _verdict(plan: _Plan, dimension: Dimension, rule: _Rule, windows: WindowCounts) -> PairVerdict:
    long, short = windows.get(rule.pair.long_s, NOTHING), windows.get(rule.pair.short_s, NOTHING)
    return PairVerdict(plan.objective, dimension, rule.pair, long, short, rule.reason(long, short))


def evaluate(objectives: Sequence[Objective], counts: Counts) -> list[PairVerdict]:
    """``Evaluator(objectives).evaluate(counts)``, for a single use."""
    return Evaluator(objectives).evaluate(counts)


def breaches(objectives: Sequence[Objective], counts: Counts) -> list[PairVerdict]:
    """``Evaluator(objectives).breaches(counts)``, for a single use."""
    return Evaluator(objectives).breaches(counts)


def explain(objectives: Sequence[Objective], counts: Counts, *, dimension: Dimension) -> Explanation:
    """``Evaluator(objectives).explain(counts, dimension)``, for a single use."""
    return Evaluator(objectives).explain(counts, dimension)
