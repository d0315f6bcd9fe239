"""The counts of a tick, from the rollups alone: its cost does not grow with requests."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.dimensions import ClickHouseDimensions
from o11y.adapters.clickhouse.tick_query import Cell, tick_query
from o11y.slo.counts import Counts, Ratio, WindowCounts
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Sli


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
        ids = list(dict.fromkeys(table.columns[0]))
        names = await self._dimensions.names(ids)
        # in a thread: with 10,000 dimensions it takes longer than a door should wait
        return await asyncio.to_thread(_counts, query.cells, table.columns, [names.get(dim_id) for dim_id in ids])


def _counts(cells: Iterable[Cell], columns: Sequence[Sequence[int]], names: Sequence[Dimension | None]) -> Counts:
    """``names`` in the order in which the columns tell of them; what has none yet is left out."""
    by_sli = _by_sli(cells, columns)
    wanted = tuple(by_sli)
    return {
        name: dict(zip(wanted, row, strict=True))
        for name, row in zip(names, zip(*by_sli.values(), strict=True), strict=True)
        if name is not None
    }


class _Ratios(dict[tuple[int, int], Ratio]):
    """Equal ratios are made once: 10,000 dimensions are hundreds of thousands of cells, and many are alike."""

    def __missing__(self, pair: tuple[int, int]) -> Ratio:
        ratio = self[pair] = Ratio(*pair)
        return ratio


def _by_sli(cells: Iterable[Cell], columns: Sequence[Sequence[int]]) -> dict[Sli, list[WindowCounts]]:
    """For each SLI the windows of every dimension, column by column. The rows of a dimension are together."""
    ends = {dim_id: number for number, dim_id in enumerate(columns[0], start=1)}
    rows = [slice(start, end) for start, end in pairwise((0, *ends.values()))]
    windows, ratios = columns[1], _Ratios()
    by_sli: dict[Sli, list[WindowCounts]] = {}
    for cell in cells:
        valid = columns[cell.valid]
        found = list(map(ratios.__getitem__, zip(columns[cell.bad], valid, strict=True)))
        by_sli[cell.sli] = [dict(zip(windows[row], found[row], strict=True)) for row in rows]
        if 0 in valid:
            by_sli[cell.sli] = list(map(_with_valid_events, by_sli[cell.sli]))
    return by_sli


def _with_valid_events(windows: WindowCounts) -> WindowCounts:
    return {window_s: ratio for window_s, ratio in windows.items() if ratio.valid}
