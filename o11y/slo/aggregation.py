"""Counts of an aggregate: the sums over the dimensions that it folds together."""

from collections.abc import Collection, Mapping

from o11y.slo.counts import Counts, Ratio, WindowCounts
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.sli import Sli

#: window length in seconds -> [bad, valid]; plain integers, as a Ratio for each addition would cost most of a tick
_Sums = dict[int, list[int]]

#: (client, provider) -> sums over its models
_Folded = dict[tuple[str | None, str | None], dict[Sli, _Sums]]


def aggregates(counts: Counts, wanted: Mapping[Scope, Collection[Sli]]) -> dict[Scope, Counts]:
    """``counts`` summed per dimension of each scope wanted, for its SLIs only.

    Models are folded once, whatever the number of scopes: there are thousands of them, and few clients and providers.
    """
    folded = _without_models(counts, {sli for slis in wanted.values() for sli in slis})
    return {scope: _within(folded, scope, slis) for scope, slis in wanted.items()}


def windows_within(counts: Counts, dimension: Dimension, sli: Sli) -> WindowCounts:
    """What ``sli`` counted in ``dimension``; an aggregate's is summed."""
    if dimension.scope is Scope.MODEL:
        return counts.get(dimension, {}).get(sli, {})
    return aggregates(counts, {dimension.scope: (sli,)})[dimension.scope].get(dimension, {}).get(sli, {})


def _without_models(counts: Counts, slis: Collection[Sli]) -> _Folded:
    folded: _Folded = {}
    for dimension, by_sli in counts.items():
        whose = (dimension.client, dimension.provider)
        sums = folded.get(whose)
        if sums is None:
            sums = folded[whose] = {sli: {} for sli in slis}
        for sli, windows in sums.items():
            if counted := by_sli.get(sli):
                for window_s, ratio in counted.items():
                    total = windows.get(window_s)
                    if total is None:
                        windows[window_s] = [ratio.bad, ratio.valid]
                    else:
                        total[0] += ratio.bad
                        total[1] += ratio.valid
    return folded


def _within(folded: _Folded, scope: Scope, slis: Collection[Sli]) -> Counts:
    sums: dict[Dimension, dict[Sli, _Sums]] = {}
    for (client, provider), by_sli in folded.items():
        home = sums.setdefault(Dimension(client, provider, "").within(scope), {sli: {} for sli in slis})
        for sli, windows in home.items():
            for window_s, (bad, valid) in by_sli[sli].items():
                total = windows.setdefault(window_s, [0, 0])
                total[0] += bad
                total[1] += valid
    return {home: {sli: _ratios(windows) for sli, windows in by_sli.items()} for home, by_sli in sums.items()}


def _ratios(sums: _Sums) -> WindowCounts:
    return {window_s: Ratio(bad, valid) for window_s, (bad, valid) in sums.items()}
