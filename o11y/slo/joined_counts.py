"""Counts of different indicators seen as one, joined for a dimension when it is asked for."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from o11y.slo.count_table import CountTable, CountView, table_of
from o11y.slo.counts import Counts, WindowCounts
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Sli


class JoinedCounts(CountView):
    """``first`` and ``second`` count different SLIs; a dimension may be in one of them alone."""

    def __init__(self, first: Counts, second: Counts) -> None:
        self._first, self._second = first, second

    def table(self, sli: Sli) -> CountTable:
        first = table_of(self._first, sli)
        return first if sli in first.columns else table_of(self._second, sli)

    def __getitem__(self, dimension: Dimension) -> Mapping[Sli, WindowCounts]:
        one, other = self._first.get(dimension), self._second.get(dimension)
        if one is None and other is None:
            raise KeyError(dimension)
        if not other:
            return one or {}
        return {**one, **other} if one else other

    def __contains__(self, dimension: object) -> bool:
        return dimension in self._first or dimension in self._second

    def __iter__(self) -> Iterator[Dimension]:
        yield from self._first
        yield from self._others

    def __len__(self) -> int:
        return len(self._first) + len(self._others)

    @cached_property
    def _others(self) -> tuple[Dimension, ...]:
        return tuple(dimension for dimension in self._second if dimension not in self._first)


def joined(first: Counts, second: Counts) -> Counts:
    """``first`` itself where there is nothing to join."""
    return JoinedCounts(first, second) if second else first
