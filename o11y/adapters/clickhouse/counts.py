"""The counts of a tick, from the rollups alone: its cost does not grow with requests."""

import asyncio
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import compress

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.dimensions import ClickHouseDimensions
from o11y.adapters.clickhouse.tick_query import Cell, tick_query
from o11y.slo.count_table import Column, CountTable
from o11y.slo.counts import Counts
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Sli

#: the columns of an answer: dim_id, window_s, and a number for each measure
_Answer = Sequence[Sequence[int]]


class ClickHouseCounts:
    """Implements ``CountStore``."""

    def __init__(self, ch: ClickHouse, *, dimensions: ClickHouseDimensions | None = None) -> None:
        self._ch = ch
        self._dimensions = dimensions or ClickHouseDimensions(ch)

    async def counts(
        self,
        slis: Collection[Sli],
        windows_s: Collection[int],
        *,
        until: datetime,
        only: Dimension | None = None,
    ) -> Counts:
        """See ``CountStore``; which rollup answers for which part of a window is told in ``bands.py``.

        A window without valid events is absent. Raises ``StoreError``.
        """
        if not slis or not windows_s:
            return {}
        query = tick_query(slis, windows_s, until=until, only=only)
        table = await self._ch.query(query.sql, query.parameters)
        if not table.columns:
            return {}
        ids = sorted(set(table.columns[0]))
        names = await self._dimensions.names(ids)
        # in a thread: with 10,000 dimensions it takes longer than a door should wait
        return await asyncio.to_thread(_table, query.cells, table.columns, list(map(names.get, ids)), ids)


def _table(cells: Sequence[Cell], answer: _Answer, names: Sequence[Dimension | None], ids: Sequence[int]) -> CountTable:
    """``names`` are those of ``ids``, which are in order; what has none yet is left out."""
    if None in names:
        ids = list(compress(ids, names))
    measures = {number for cell in cells for number in (cell.bad, cell.valid)}
    by_window = {
        window_s: _aligned(ids, answer[0][rows], {number: answer[number][rows] for number in measures})
        for window_s, rows in _stretches(answer[1])
    }
    columns = {
        cell.sli: {window_s: Column(counts[cell.bad], counts[cell.valid]) for window_s, counts in by_window.items()}
        for cell in cells
    }
    return CountTable([name for name in names if name is not None], columns)


def _stretches(windows_s: Sequence[int]) -> Iterator[tuple[int, slice]]:
    """The rows of each window: an answer has them in the order of windows."""
    start = 0
    while start < len(windows_s):
        end = bisect_right(windows_s, windows_s[start], lo=start)
        yield windows_s[start], slice(start, end)
        start = end


def _aligned(
    ids: Sequence[int], having: Sequence[int], counts: Mapping[int, Sequence[int]]
) -> Mapping[int, Sequence[int]]:
    """Each of ``counts``, which are those of ``having``, as one count for each of ``ids``: 0 where it has none."""
    if having == ids:  # as it is where everybody is busy
        return counts
    places = {dim_id: place for place, dim_id in enumerate(having)}
    nowhere = len(having)
    order = [places.get(dim_id, nowhere) for dim_id in ids]
    return {number: list(map((*column, 0).__getitem__, order)) for number, column in counts.items()}
