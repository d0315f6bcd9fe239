"""Counts, objectives and open incidents into a snapshot. Pure; for a thread, as there are tens of thousands of rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from o11y.alerting.book import Book
from o11y.alerting.incident import Member, Phase
from o11y.slo.aggregation import aggregates
from o11y.slo.burn_rate import Threshold
from o11y.slo.count_table import Column, CountTable
from o11y.slo.counts import NOTHING, Counts
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import Evaluator
from o11y.slo.objective import Objective
from o11y.slo.sli import Sli
from o11y.slo.windows import Severity
from o11y.worker.ports.series import Quantiles
from o11y.worker.snapshot import RECENT_S, Columns, Snapshot, State

DAY_S = 86_400
PERIOD_S = 30 * DAY_S
#: with these three the budget of now and that of a day ago are known
BUDGET_WINDOWS_S = (DAY_S, PERIOD_S, PERIOD_S + DAY_S)

_Scoped = Mapping[Scope, CountTable]
_NO_COLUMN = Column((), ())


@dataclass(frozen=True, slots=True)
class Counted:
    """``burning`` is what the objectives of burn rates counted, ``missing`` what those of traffic miss."""

    until: datetime
    burning: Counts
    missing: Counts


@dataclass(frozen=True, slots=True)
class BudgetCounts:
    """``counts`` of ``BUDGET_WINDOWS_S``."""

    at: datetime
    counts: Counts


def made(
    evaluator: Evaluator,
    counted: Counted,
    *,
    at: datetime,
    book: Book,
    quantiles: Mapping[Dimension, Quantiles],
    budgets: BudgetCounts | None,
) -> Snapshot:
    members = _members(book)
    columns = Columns()
    spent = {} if budgets is None else _scoped(budgets.counts, evaluator.objectives)
    for counts in (counted.burning, counted.missing):
        for scope, table in _scoped(counts, evaluator.objectives).items():
            for objective, places in _speaking(evaluator, table).items():
                _add(columns, objective, table, places=places, spent=spent.get(scope), members=members)
    known = {key: member for key, (member, _) in members.items()}
    budgets_at = None if budgets is None else budgets.at
    snapshot = Snapshot(columns, at=at, until=counted.until, members=known, quantiles=quantiles, budgets_at=budgets_at)
    snapshot.prepare()
    return snapshot


def _members(book: Book) -> Mapping[tuple[str, Dimension], tuple[Member, State]]:
    """Of open incidents, each with the state of its row."""
    found: dict[tuple[str, Dimension], tuple[Member, State]] = {}
    for incident in book.open():
        for member in incident.members:
            if incident.phase is Phase.NO_DATA:
                state = State.NO_DATA
            elif member.fires(incident.evaluated_at):
                state = State.PAGE if member.severity is Severity.PAGE else State.TICKET
            else:
                state = State.RECOVERING
            found[member.objective, member.dimension] = (member, state)
    return found


def _scoped(counts: Counts, objectives: Sequence[Objective]) -> _Scoped:
    """The counts of every scope that an objective speaks of."""
    if not counts:
        return {}
    table = CountTable.of(counts)
    slis: defaultdict[Scope, set[Sli]] = defaultdict(set)
    for objective in objectives:
        slis[objective.scope] |= objective.slis & set(table.columns)
    alone = slis.pop(Scope.MODEL, set())
    summed = aggregates(table, {scope: wanted for scope, wanted in slis.items() if wanted})
    return {**({Scope.MODEL: table} if alone else {}), **summed}


def _speaking(evaluator: Evaluator, table: CountTable) -> Mapping[Objective, Sequence[int]]:
    """The places at which each objective speaks, of those that ``table`` counts for."""
    by_identity: dict[int, tuple[Objective, list[int]]] = {}
    for place, dimension in enumerate(table.dimensions):
        for objective in evaluator.speaking(dimension):
            known = by_identity.get(id(objective))
            if known is None:
                known = by_identity[id(objective)] = (objective, [])
            known[1].append(place)
    found: dict[Objective, list[int]] = {}
    for objective, places in by_identity.values():
        if objective.sli in table.columns:
            found.setdefault(objective, []).extend(places)
    return found


def _add(
    columns: Columns,
    objective: Objective,
    table: CountTable,
    *,
    places: Sequence[int],
    spent: CountTable | None,
    members: Mapping[tuple[str, Dimension], tuple[Member, State]],
) -> None:
    """The rows of one objective; a dimension in which it counted nothing at all has none."""
    counted = table.columns[objective.sli]
    longest = [counted[pair.long_s] for pair in objective.pairs if pair.long_s in counted]
    places = [place for place in places if any(column.valid[place] for column in longest)]
    if not places:
        return
    bad, valid = counted.get(RECENT_S, _NO_COLUMN)
    near, long = _nearness(objective, counted, places)
    columns.objectives.extend([objective] * len(places))
    dimensions = [table.dimensions[place] for place in places]
    columns.dimensions.extend(dimensions)
    columns.tables.extend([table] * len(places))
    columns.near.extend(near)
    columns.long.extend(long)
    columns.bad.extend(bad[place] if bad else 0 for place in places)
    columns.valid.extend(valid[place] if valid else 0 for place in places)
    for dimension, over in zip(dimensions, long, strict=True):
        state = members[objective.name, dimension][1] if (objective.name, dimension) in members else None
        columns.states.append(state or (State.BURNING if over >= 1 else State.WELL))
    for now, before in _budgets(objective, dimensions, spent):
        columns.budget.append(now)
        columns.budget_before.append(before)


def _nearness(
    objective: Objective, counted: Mapping[int, Column], places: Sequence[int]
) -> tuple[list[float], list[float]]:
    """Of each place how near its nearest pair is to firing, 1 at its threshold: both windows, and the long one alone.

    Floats do for an order: what fires was decided exactly, by the evaluator.
    """
    near, long = [0.0] * len(places), [0.0] * len(places)
    for pair in objective.pairs:
        if pair.long_s not in counted or not any(counted[pair.long_s].bad):
            continue
        threshold = Threshold.of(pair.burn_rate, objective.budget)
        scale = threshold.denominator / threshold.numerator
        of_long = _fractions(counted[pair.long_s], places, scale)
        long = list(map(max, long, of_long))
        if pair.short_s in counted and any(counted[pair.short_s].bad):
            near = list(map(max, near, map(min, of_long, _fractions(counted[pair.short_s], places, scale))))
    return near, long


def _fractions(column: Column, places: Sequence[int], scale: float) -> list[float]:
    bad, valid = column
    return [scale * bad[place] / valid[place] if bad[place] else 0.0 for place in places]


def _budgets(
    objective: Objective, dimensions: Sequence[Dimension], spent: CountTable | None
) -> Iterator[tuple[float | None, float | None]]:
    """What is left now, and what was a day ago; None of what was not counted, as requests that did not come."""
    sli = objective.sli
    if spent is None or sli not in spent.columns:
        yield from ((None, None) for _ in dimensions)
        return
    budget = float(objective.budget)
    for dimension in dimensions:
        windows = spent.windows(dimension, sli)
        day, period, longer = (windows.get(seconds, NOTHING) for seconds in BUDGET_WINDOWS_S)
        before = longer.bad - day.bad, longer.valid - day.valid  # the 30 days that ended a day ago
        yield _left(period.bad, period.valid, budget=budget), _left(*before, budget=budget)


def _left(bad: int, valid: int, *, budget: float) -> float | None:
    return 1 - bad / valid / budget if valid > 0 else None
