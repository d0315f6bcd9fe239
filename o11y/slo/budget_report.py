"""How every error budget stands over the rolling SLO period: what was spent, what is left, and when it ends.

By columns, as counts are: of ten thousand dimensions a page shows fifty. What is shown is exact; the order alone is
made with floats.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from itertools import pairwise, takewhile

from o11y.slo.aggregation import aggregates
from o11y.slo.budget import PERIOD_S, budget_left, exhaustion_s
from o11y.slo.burn_rate import burn_rate
from o11y.slo.count_table import CountTable
from o11y.slo.counts import NOTHING, Counts, Ratio, WindowCounts
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import Evaluator
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, Sli

HOUR_S, DAY_S = 3_600, 86_400
#: the period in steps, for its trend
STEP_S = 5 * DAY_S
_STEPS_S = tuple(range(STEP_S, PERIOD_S + 1, STEP_S))
#: the windows that a report is made of, in seconds
WINDOWS_S = (HOUR_S, DAY_S, *_STEPS_S)


@dataclass(frozen=True, slots=True)
class Standing:
    """The budget of one objective in one dimension. ``objective`` is as it holds there; counts end at one moment.

    Budgets are in events: of ``period.valid`` events ``allowed`` may be bad. Shares are of the whole budget, and
    below 0 where more was spent than there was.
    """

    objective: Objective
    dimension: Dimension
    period: Ratio
    day: Ratio
    hour: Ratio
    steps: tuple[Ratio, ...]  # the period cut into stretches of ``STEP_S``, the oldest first

    @property
    def good(self) -> int:
        return self.period.valid - self.period.bad

    @property
    def compliance(self) -> Fraction:
        """The share of good events; 1 where nothing was valid."""
        return Fraction(self.good, self.period.valid) if self.period.valid else Fraction(1)

    @property
    def allowed(self) -> Fraction:
        return Fraction(self.objective.budget) * self.period.valid

    @property
    def left_events(self) -> Fraction:
        return self.allowed - self.period.bad

    @property
    def left(self) -> Fraction:
        return budget_left(self.period, self.objective.budget)

    @property
    def spent(self) -> Fraction:
        return 1 - self.left

    @property
    def hour_rate(self) -> Fraction:
        """Burn rate of the last hour."""
        return burn_rate(self.hour, self.objective.budget)

    @property
    def day_rate(self) -> Fraction:
        return burn_rate(self.day, self.objective.budget)

    def ends_s(self, rate: Fraction) -> Fraction | None:
        """Seconds until it is gone at burn rate ``rate``: 0 when it is gone, None when it never will."""
        return exhaustion_s(rate, left=self.left)

    @property
    def trend(self) -> tuple[Fraction | None, ...]:
        """The burn rate of each step; None where nothing was valid."""
        return tuple(burn_rate(step, self.objective.budget) if step.valid else None for step in self.steps)

    def share_of(self, bad: int) -> Fraction | None:
        """Of the budget, what ``bad`` events spend; None where there is no budget, as nothing was valid."""
        return bad / self.allowed if self.allowed else None


@dataclass(frozen=True, slots=True)
class Total:
    """One objective over all its dimensions: each with its own target, so that budgets are added up in events."""

    name: str
    dimensions: int
    overspent: int
    bad: int
    allowed: Fraction
    worst: Standing

    @property
    def left(self) -> Fraction:
        return 1 - self.bad / self.allowed if self.allowed else Fraction(1)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Of each row one entry in each."""

    objectives: list[Objective] = field(default_factory=list)
    dimensions: list[Dimension] = field(default_factory=list)
    tables: list[CountTable] = field(default_factory=list)
    places: list[int] = field(default_factory=list)  # in its table
    spent: list[float] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)


class BudgetReport:
    """Rows in the order of trouble: the most spent first. ``until``: the end of the period. ``totals`` are of each
    objective, the one with the least left first.

    A dimension without valid events in the period has no row, and neither has traffic: what does not come spends
    nothing.
    """

    def __init__(self, evaluator: Evaluator, counts: Counts, *, until: datetime) -> None:
        self.until = until
        self._columns = columns = _Columns()
        for table in _tables(evaluator.objectives, counts):
            _fill(columns, evaluator, table)
        self.order: Sequence[int] = sorted(
            range(len(columns.objectives)),
            key=lambda row: (-columns.spent[row], -columns.bad[row], columns.objectives[row].name),
        )
        self.totals: Sequence[Total] = self._totals()

    def __len__(self) -> int:
        return len(self.order)

    def dimension(self, row: int) -> Dimension:
        return self._columns.dimensions[row]

    def objective(self, row: int) -> Objective:
        return self._columns.objectives[row]

    @cached_property
    def names(self) -> Mapping[str, Sequence[str | None]]:
        """The client, the provider and the model of each row; None: a sum over all of them."""
        dimensions = self._columns.dimensions
        return {kind: [getattr(each, kind) for each in dimensions] for kind in ("client", "provider", "model")}

    def overspent(self, rows: Sequence[int]) -> int:
        """How many of rows in the order of trouble."""
        return sum(1 for _ in takewhile(self.is_overspent, rows))

    def is_overspent(self, row: int) -> bool:
        return self._columns.spent[row] > 1

    def standing(self, row: int) -> Standing:
        objective, dimension = self.objective(row), self.dimension(row)
        windows = self._columns.tables[row].windows(dimension, objective.sli)
        period, day, hour = (windows.get(seconds, NOTHING) for seconds in (PERIOD_S, DAY_S, HOUR_S))
        return Standing(objective, dimension, period, day, hour, tuple(_steps(windows)))

    def _totals(self) -> list[Total]:
        rows_of: defaultdict[str, list[int]] = defaultdict(list)
        for row in self.order:
            rows_of[self.objective(row).name].append(row)
        found = [self._total(name, rows) for name, rows in rows_of.items()]
        return sorted(found, key=lambda total: (total.left, total.name))

    def _total(self, name: str, rows: Sequence[int]) -> Total:
        """``rows`` are in the order of trouble."""
        columns = self._columns
        valid_of: defaultdict[Fraction, int] = defaultdict(int)
        for row in rows:
            objective = columns.objectives[row]
            column = columns.tables[row].columns[objective.sli][PERIOD_S]
            valid_of[Fraction(objective.budget)] += column.valid[columns.places[row]]
        return Total(
            name=name,
            dimensions=len(rows),
            overspent=self.overspent(rows),
            bad=sum(columns.bad[row] for row in rows),
            allowed=sum((budget * valid for budget, valid in valid_of.items()), start=Fraction(0)),
            worst=self.standing(rows[0]),
        )


def slis_of(objectives: Collection[Objective]) -> set[Sli]:
    """What has to be counted for a report."""
    return {sli for each in objectives if each.sli.indicator is not Indicator.TRAFFIC for sli in each.slis}


def _tables(objectives: Collection[Objective], counts: Counts) -> Iterator[CountTable]:
    """The counts of every scope that has a budget."""
    slis: defaultdict[Scope, set[Sli]] = defaultdict(set)
    for objective in objectives:
        if objective.sli.indicator is not Indicator.TRAFFIC:
            slis[objective.scope] |= objective.slis
    table = CountTable.of(counts)
    if slis.pop(Scope.MODEL, None):
        yield table
    if slis:
        yield from aggregates(table, slis).values()


def _fill(columns: _Columns, evaluator: Evaluator, table: CountTable) -> None:
    for place, dimension in enumerate(table.dimensions):
        for objective in evaluator.speaking(dimension):
            counted = table.columns.get(objective.sli, {}).get(PERIOD_S)
            if counted is None or not counted.valid[place] or objective.sli.indicator is Indicator.TRAFFIC:
                continue
            bad = counted.bad[place]
            columns.objectives.append(objective)
            columns.dimensions.append(dimension)
            columns.tables.append(table)
            columns.places.append(place)
            columns.bad.append(bad)
            columns.spent.append(bad / counted.valid[place] / float(objective.budget) if bad else 0.0)


def _steps(windows: WindowCounts) -> Iterator[Ratio]:
    """What each window holds beyond the next shorter one, the oldest first."""
    upto = [NOTHING, *(windows.get(seconds, NOTHING) for seconds in _STEPS_S)]
    for shorter, longer in reversed(list(pairwise(upto))):
        valid = max(0, longer.valid - shorter.valid)
        yield Ratio(min(valid, max(0, longer.bad - shorter.bad)), valid)
