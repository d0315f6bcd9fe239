"""What one minute's evaluation says: which alerts fire, and how everything else is doing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from o11y.alerting.alert import Alert
from o11y.alerting.extent import Surroundings
from o11y.alerting.incident import Cause, Extent, Member
from o11y.alerting.traffic import Traffic
from o11y.slo.aggregation import aggregates
from o11y.slo.count_table import CountTable
from o11y.slo.counts import NOTHING, Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, Sli


@dataclass(frozen=True, slots=True)
class Minute:
    """``complete``: no event of its windows was still on its way. ``late``: newer minutes may be known already."""

    at: datetime
    alerts: tuple[Alert, ...]
    counts: Counts
    objectives: Mapping[str, Objective]
    complete: bool = True
    late: bool = False
    traffic: Traffic = field(init=False, compare=False)
    _sums: dict[tuple[Scope, Sli], CountTable] = field(default_factory=dict, init=False, compare=False)
    _around: dict[tuple[Indicator, Sli, int], Surroundings] = field(default_factory=dict, init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "traffic", Traffic.of(self.counts))

    def counted(self, dimension: Dimension, sli: Sli, window_s: int) -> Ratio:
        """What ``sli`` counted in ``dimension``, an aggregate included; nothing where nothing was."""
        return self._of_scope(dimension.scope, sli).ratio(dimension, sli, window_s)

    def objective_of(self, member: Member) -> Objective | None:
        """As it holds for the member; None when it is gone, or switched off there."""
        objective = self.objectives.get(member.objective)
        return None if objective is None else objective.at(member.dimension)

    def extent(self, cause: Cause, sli: Sli, window_s: int) -> Extent:
        """How much of ``cause`` fires, seen in the last ``window_s`` seconds of ``sli``.

        Who fires of whatever cause, by the same indicator, is never called well.
        """
        around = self._around.get((cause.indicator, sli, window_s))
        if around is None:
            firing = [a.dimension for a in self.alerts if a.objective.sli.indicator is cause.indicator]
            alone = dict.fromkeys((each for each in firing if each.scope is Scope.MODEL), NOTHING)
            around = Surroundings(self.traffic.within(sli, window_s).including(alone), alone)
            self._around[cause.indicator, sli, window_s] = around
        return around.extent(cause.shared)

    def _of_scope(self, scope: Scope, sli: Sli) -> CountTable:
        """Every aggregate of it, folded once."""
        table = self.traffic.table(sli)
        if scope is Scope.MODEL:
            return table
        found = self._sums.get((scope, sli))
        if found is None:
            found = self._sums[scope, sli] = aggregates(table, {scope: (sli,)})[scope]
        return found

    def shortest_s(self, objective: Objective) -> int:
        return min(pair.short_s for pair in objective.pairs)
