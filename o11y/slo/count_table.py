"""Counts by columns: thousands of dimensions as a few lists of integers, and values of their own where asked for.

A tick looks at hundreds of thousands of counts, and nearly all of them are well. A ``Ratio`` and a mapping for each
cost more than everything that is decided with them.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import compress
from typing import NamedTuple

from o11y.slo.counts import NOTHING, Counts, Ratio, WindowCounts
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Sli


class Column(NamedTuple):
    """One window of one SLI: of each dimension the bad events and the valid ones, 0 valid where nothing was counted."""

    bad: Sequence[int]
    valid: Sequence[int]


class CountView(Mapping[Dimension, Mapping[Sli, WindowCounts]]):
    """Counts that can be had by columns without being copied."""

    @abstractmethod
    def table(self, sli: Sli) -> "CountTable":
        """One that has the columns of ``sli``, and maybe others."""


class CountTable(CountView):
    """The columns are in the order of ``dimensions``, each as long as that. A window without valid events is absent."""

    def __init__(self, dimensions: Sequence[Dimension], columns: Mapping[Sli, Mapping[int, Column]]) -> None:
        self.dimensions = dimensions
        self.columns = columns

    @classmethod
    def of(cls, counts: Counts) -> "CountTable":
        """``counts`` by columns; itself where it is."""
        if isinstance(counts, CountTable):
            return counts
        columns: dict[Sli, dict[int, tuple[list[int], list[int]]]] = {}
        for place, by_sli in enumerate(counts.values()):
            for sli, windows in by_sli.items():
                of_sli = columns.setdefault(sli, {})
                for window_s, ratio in windows.items():
                    if window_s not in of_sli:
                        of_sli[window_s] = [0] * len(counts), [0] * len(counts)
                    bad, valid = of_sli[window_s]
                    bad[place], valid[place] = ratio.bad, ratio.valid
        return cls(
            tuple(counts),
            {sli: {window_s: Column(*lists) for window_s, lists in of_sli.items()} for sli, of_sli in columns.items()},
        )

    def table(self, sli: Sli) -> "CountTable":
        return self

    def windows(self, dimension: Dimension, sli: Sli) -> WindowCounts:
        """What ``sli`` counted in ``dimension``."""
        place = self._places.get(dimension)
        return {} if place is None else self._windows_at(place, sli)

    def ratio(self, dimension: Dimension, sli: Sli, window_s: int) -> Ratio:
        """One of them; nothing where nothing was counted."""
        place, column = self._places.get(dimension), self.columns.get(sli, {}).get(window_s)
        return NOTHING if place is None or column is None else Ratio(column.bad[place], column.valid[place])

    def rows(self, sli: Sli, window_s: int) -> list[tuple[Dimension, Ratio]]:
        """The dimensions with valid events in one window."""
        column = self.columns.get(sli, {}).get(window_s)
        if column is None:
            return []
        bad, valid = column
        ratios = map(Ratio, compress(bad, valid), compress(valid, valid))
        return list(zip(compress(self.dimensions, valid), ratios, strict=True))

    def __getitem__(self, dimension: Dimension) -> Mapping[Sli, WindowCounts]:
        place = self._places[dimension]
        return {sli: self._windows_at(place, sli) for sli in self.columns}

    def __contains__(self, dimension: object) -> bool:
        return dimension in self._places

    def __iter__(self) -> Iterator[Dimension]:
        return iter(self.dimensions)

    def __len__(self) -> int:
        return len(self.dimensions)

    def _windows_at(self, place: int, sli: Sli) -> WindowCounts:
        return {
            window_s: Ratio(bad[place], valid[place])
            for window_s, (bad, valid) in self.columns.get(sli, {}).items()
            if valid[place]
        }

    @cached_property
    def _places(self) -> Mapping[Dimension, int]:
        return {dimension: place for place, dimension in enumerate(self.dimensions)}


def table_of(counts: Counts, sli: Sli) -> CountTable:
    """``counts`` by columns, those of ``sli`` at least."""
    return counts.table(sli) if isinstance(counts, CountView) else CountTable.of(counts)
