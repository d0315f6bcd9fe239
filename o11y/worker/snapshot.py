"""Every objective in every dimension at one moment: by columns, sorted by trouble once, filtered and paged quickly."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from o11y.alerting.incident import Member
from o11y.slo.count_table import CountTable
from o11y.slo.counts import NOTHING, Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.evaluation import Reason, rule_of
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator
from o11y.slo.windows import WindowPair
from o11y.worker.ports.series import Quantiles

#: seconds over which requests, bad fraction and percentiles of a row are told
RECENT_S = 3_600

#: the pairs of an objective, each with what judges it
_Judging = list[tuple[WindowPair, Callable[[Ratio, Ratio], Reason]]]


class State(StrEnum):
    """How a row stands; the worst first."""

    PAGE = "page"
    TICKET = "ticket"
    NO_DATA = "no data"
    RECOVERING = "recovering"  # of an open incident, and does not fire any more
    BURNING = "over threshold"  # in a long window, but it does not fire
    WELL = "well"


STATES = tuple(State)


class Order(StrEnum):
    """What the rows can be sorted by; the first of each is what is looked for."""

    TROUBLE = "trouble"
    NAME = "name"
    REQUESTS = "requests"
    BAD = "bad"
    P50 = "p50"
    P90 = "p90"
    TTFB = "ttfb"
    BUDGET = "budget"

    @property
    def highest_first(self) -> bool:
        """Of trouble, and of what is counted and measured; names begin with A, and budgets with the least left."""
        return self not in (Order.NAME, Order.BUDGET)


@dataclass(frozen=True, slots=True)
class PairState:
    """One pair of windows: burn rates against its threshold."""

    pair: WindowPair
    long: Ratio
    short: Ratio
    long_rate: float
    short_rate: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class Row:
    """``recent``: of the last hour. Budgets are shares of 1 left, below 0 when overspent; None: not known."""

    objective: Objective
    dimension: Dimension
    state: State
    member: Member | None
    pairs: tuple[PairState, ...]
    recent: Ratio
    quantiles: Quantiles | None
    budget: float | None
    budget_before: float | None


@dataclass(frozen=True, slots=True)
class Columns:
    """Of each row one entry in each; ``tables`` have the counts that it was judged by."""

    objectives: list[Objective] = field(default_factory=list)
    dimensions: list[Dimension] = field(default_factory=list)
    tables: list[CountTable] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    near: list[float] = field(
        default_factory=list
    )  # to firing: of the nearest pair its lower window over the threshold
    long: list[float] = field(default_factory=list)  # the same of long windows alone
    bad: list[int] = field(default_factory=list)
    valid: list[int] = field(default_factory=list)
    budget: list[float | None] = field(default_factory=list)
    budget_before: list[float | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows. A name that a dimension has is meant exactly; any other text is looked for inside of names."""

    client: str = ""
    provider: str = ""
    model: str = ""
    objective: str = ""
    states: Collection[State] = ()


class Snapshot:
    """``at``: when it was made; ``until``: the end of its windows. ``budgets_at``: None while they are not known."""

    def __init__(
        self,
        columns: Columns,
        *,
        at: datetime,
        until: datetime,
        members: Mapping[tuple[str, Dimension], Member],
        quantiles: Mapping[Dimension, Quantiles],
        budgets_at: datetime | None,
    ) -> None:
        self.at = at
        self.until = until
        self.budgets_at = budgets_at
        self._columns = columns
        self._members = members
        self._quantiles = quantiles
        self._orders: dict[Order, tuple[list[int], list[int]]] = {Order.TROUBLE: (self._by_trouble(), [])}
        self.number_of: dict[State, int] = dict.fromkeys(STATES, 0)
        for state in columns.states:
            self.number_of[state] += 1

    def prepare(self) -> None:
        """What every page asks of it, worked out where nobody waits."""
        _ = self.dimensions, self.clients, self.providers, self.models, self.objectives, self._of_dimension

    def __len__(self) -> int:
        return len(self._columns.objectives)

    @cached_property
    def dimensions(self) -> int:
        """Client x provider x models with a row."""
        return len({d for d in self._columns.dimensions if None not in (d.client, d.provider, d.model)})

    @cached_property
    def clients(self) -> list[str]:
        return sorted({d.client for d in self._columns.dimensions if d.client is not None})

    @cached_property
    def providers(self) -> list[str]:
        return sorted({d.provider for d in self._columns.dimensions if d.provider is not None})

    @cached_property
    def models(self) -> list[str]:
        return sorted({d.model for d in self._columns.dimensions if d.model is not None})

    @cached_property
    def objectives(self) -> list[str]:
        """In the order of the file."""
        return list(dict.fromkeys(objective.name for objective in self._columns.objectives))

    def places(self, wanted: Wanted, *, order: Order = Order.TROUBLE, reverse: bool = False) -> list[int]:
        """The rows that are wanted, in that order or the other way round; those of unknown value last in both."""
        columns = self._columns
        known, unknown = self._ordered(order)
        found = [*(reversed(known) if reverse else known), *unknown]
        if wanted.client:
            clients = named(wanted.client, self.clients)
            found = [place for place in found if columns.dimensions[place].client in clients]
        if wanted.provider:
            providers = named(wanted.provider, self.providers)
            found = [place for place in found if columns.dimensions[place].provider in providers]
        if wanted.model:
            models = named(wanted.model, self.models)
            found = [place for place in found if columns.dimensions[place].model in models]
        if wanted.objective:
            found = [place for place in found if columns.objectives[place].name == wanted.objective]
        if wanted.states:
            found = [place for place in found if columns.states[place] in wanted.states]
        return found

    def rows(self, places: Sequence[int]) -> list[Row]:
        judging: dict[int, _Judging] = {}
        for objective in map(self._columns.objectives.__getitem__, places):
            if id(objective) not in judging:  # one object a row would cost more than all the rest
                judging[id(objective)] = [(pair, rule_of(pair, objective)) for pair in objective.pairs]
        return [self._row(place, judging[id(self._columns.objectives[place])]) for place in places]

    def of(self, dimension: Dimension) -> list[Row]:
        """Its rows, in the order of the file."""
        return self.rows(self._of_dimension.get(dimension, []))

    @cached_property
    def _of_dimension(self) -> dict[Dimension, list[int]]:
        found: dict[Dimension, list[int]] = {}
        for place, dimension in enumerate(self._columns.dimensions):
            found.setdefault(dimension, []).append(place)
        return found

    def _row(self, place: int, judging: _Judging) -> Row:
        columns = self._columns
        objective, dimension = columns.objectives[place], columns.dimensions[place]
        windows = columns.tables[place].windows(dimension, objective.sli)
        budget = float(objective.budget)
        pairs = []
        for pair, judge in judging:
            long, short = windows.get(pair.long_s, NOTHING), windows.get(pair.short_s, NOTHING)
            rates = _rate(long, budget), _rate(short, budget)
            pairs.append(PairState(pair, long, short, *rates, judge(long, short)))
        return Row(
            objective,
            dimension,
            columns.states[place],
            self._members.get((objective.name, dimension)),
            tuple(pairs),
            Ratio(columns.bad[place], columns.valid[place]),
            self._quantiles.get(dimension),
            columns.budget[place],
            columns.budget_before[place],
        )

    def _by_trouble(self) -> list[int]:
        """What fires; then what is nearest to it. Beyond a threshold, in the order of the budget that they spend."""
        columns = self._columns
        rank = {state: number for number, state in enumerate(STATES)}
        known = {id(objective): objective for objective in columns.objectives}
        budgets = {key: float(objective.budget) for key, objective in known.items()}
        spent = [bad / budgets[id(of)] for bad, of in zip(columns.bad, columns.objectives, strict=True)]
        keys = [
            (rank[state], -min(near, 1.0), -min(long, 1.0), -spends, dimension.model or "", place)
            for place, (state, near, long, spends, dimension) in enumerate(
                zip(columns.states, columns.near, columns.long, spent, columns.dimensions, strict=True)
            )
        ]
        return [place for *_, place in sorted(keys)]

    def _ordered(self, order: Order) -> tuple[list[int], list[int]]:
        """The rows whose value is known, those of equal value in the order of trouble; and the others."""
        if order not in self._orders:
            value = self._value_of(order)
            valued = [(value(place), place) for place in self._orders[Order.TROUBLE][0]]
            told = sorted((given, number) for number, (given, _) in enumerate(valued) if given is not None)
            unknown = [place for given, place in valued if given is None]
            self._orders[order] = ([valued[number][1] for _, number in told], unknown)
        return self._orders[order]

    def _value_of(self, order: Order) -> Callable[[int], Any]:
        """The lower, the sooner; numbers, or names."""
        columns, quantiles = self._columns, self._quantiles

        def latency(name: str) -> Callable[[int], float | None]:
            def value(place: int) -> float | None:
                found = quantiles.get(columns.dimensions[place])
                measured = None if found is None else getattr(found, name)
                return None if measured is None else -measured

            return value

        def requests(place: int) -> int | None:
            """None of those that do not come: what is missing of them is counted instead."""
            return None if columns.objectives[place].sli.indicator is Indicator.TRAFFIC else columns.valid[place]

        match order:
            case Order.NAME:
                return lambda place: _name(columns.dimensions[place])
            case Order.REQUESTS:
                return lambda place: None if (valid := requests(place)) is None else -valid
            case Order.BAD:
                return lambda place: -columns.bad[place] / valid if (valid := requests(place)) else None
            case Order.BUDGET:
                return lambda place: columns.budget[place]
            case Order.TTFB:
                return latency("ttfb_p90")
            case _:
                return latency(order.value)


def _rate(ratio: Ratio, budget: float) -> float:
    """The burn rate as it is shown; what fires was decided exactly."""
    return ratio.bad / ratio.valid / budget if ratio.valid else 0.0


def named(text: str, names: Collection[str]) -> Collection[str]:
    """The one of ``names`` that is written so, or else those that have it inside, in letters of either case."""
    if text in names:
        return {text}
    wanted = text.casefold()
    return {name for name in names if wanted in name.casefold()}


def _name(dimension: Dimension) -> tuple[str, str, str]:
    return dimension.client or "", dimension.provider or "", dimension.model or ""
