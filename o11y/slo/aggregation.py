"""Counts of an aggregate: the sums over the dimensions that it folds together."""

from collections.abc import Collection

from o11y.slo.counts import Counts, Ratio, WindowCounts
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.sli import Sli

#: window length in seconds -> [bad, valid]; plain integers, as a Ratio for each addition would cost most of a tick
_Sums = dict[int, list[int]]


def aggregate(counts: Counts, scope: Scope, slis: Collection[Sli]) -> Counts:
    """``counts`` summed per dimension of ``scope``, for ``slis`` only."""
    sums: dict[Dimension, dict[Sli, _Sums]] = {}
    homes: dict[tuple[str | None, str | None], Dimension] = {}
    for dimension, by_sli in counts.items():
        whose = (dimension.client, dimension.provider)
        if scope is Scope.MODEL or (home := homes.get(whose)) is None:
            home = homes[whose] = dimension.within(scope)
            sums.setdefault(home, {sli: {} for sli in slis})
        for sli, windows in sums[home].items():
            _add(windows, by_sli.get(sli, {}))
    return {home: {sli: _ratios(windows) for sli, windows in by_sli.items()} for home, by_sli in sums.items()}


def windows_within(counts: Counts, dimension: Dimension, sli: Sli) -> WindowCounts:
    """What ``sli`` counted in ``dimension``; an aggregate's is summed."""
    if dimension.scope is Scope.MODEL:
        return counts.get(dimension, {}).get(sli, {})
    return aggregate(counts, dimension.scope, (sli,)).get(dimension, {}).get(sli, {})


def _add(sums: _Sums, windows: WindowCounts) -> None:
    for window_s, ratio in windows.items():
        total = sums.get(window_s)
        if total is None:
            sums[window_s] = [ratio.bad, ratio.valid]
        else:
            total[0] += ratio.bad
            total[1] += ratio.valid


def _ratios(sums: _Sums) -> WindowCounts:
    return {window_s: Ratio(bad, valid) for window_s, (bad, valid) in sums.items()}
