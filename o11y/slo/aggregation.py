"""Counts of an aggregate: the sums over the dimensions that it folds together."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter, methodcaller
from typing import TypeVar

from o11y.slo.count_table import Column, CountTable, table_of
from o11y.slo.counts import Counts, WindowCounts
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.sli import Sli

#: the counts of some places of a column
_Taken = Callable[[Sequence[int]], Iterable[int]]
_Name = TypeVar("_Name", bound=Hashable)


def aggregates(counts: Counts, wanted: Mapping[Scope, Collection[Sli]]) -> dict[Scope, CountTable]:
    """``counts`` summed per dimension of each scope wanted, for its SLIs only.

    Models are folded once, whatever the number of scopes: there are thousands of them, and few clients and providers.
    """
    table = CountTable.of(counts)
    named = _places(table.dimensions, attrgetter("client", "provider"))
    slis = {sli for of_scope in wanted.values() for sli in of_scope}
    few = _summed(table, slis, {Dimension(*names, ""): places for names, places in named.items()})
    return {
        scope: _summed(few, of_scope, _places(few.dimensions, methodcaller("within", scope)))
        for scope, of_scope in wanted.items()
    }


def windows_within(counts: Counts, dimension: Dimension, sli: Sli) -> WindowCounts:
    """What ``sli`` counted in ``dimension``; an aggregate's is summed."""
    table = table_of(counts, sli)
    if dimension.scope is not Scope.MODEL:
        table = aggregates(table, {dimension.scope: (sli,)})[dimension.scope]
    return table.windows(dimension, sli)


def _places(dimensions: Iterable[Dimension], name_of: Callable[[Dimension], _Name]) -> Mapping[_Name, Sequence[int]]:
    found: defaultdict[_Name, list[int]] = defaultdict(list)
    for place, dimension in enumerate(dimensions):
        found[name_of(dimension)].append(place)
    return found


def _summed(table: CountTable, slis: Collection[Sli], parts: Mapping[Dimension, Sequence[int]]) -> CountTable:
    """A column that several SLIs share is summed once."""
    taken = [_taken(places) for places in parts.values()]
    sums: dict[int, list[int]] = {}

    def summed(column: Sequence[int]) -> Sequence[int]:
        if id(column) not in sums:
            sums[id(column)] = [sum(take(column)) for take in taken] if any(column) else [0] * len(taken)
        return sums[id(column)]

    return CountTable(
        tuple(parts),
        {
            sli: {window_s: Column(summed(bad), summed(valid)) for window_s, (bad, valid) in columns.items()}
            for sli, columns in table.columns.items()
            if sli in slis
        },
    )


def _taken(places: Sequence[int]) -> _Taken:
    if len(places) == 1:
        return lambda column: (column[places[0]],)
    return itemgetter(*places)  # quicker than any loop, and there are hundreds of thousands of counts
