"""The counts of a tick, from the rollups alone: its cost does not grow with requests."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

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
        by_sli = _by_sli(query.cells, table.columns, ids)
        rows = zip(*by_sli.values(), strict=True)
        wanted = tuple(by_sli)
        return {
            name: dict(zip(wanted, row, strict=True))
            for name, row in zip(map(names.get, ids), rows, strict=True)
            if name is not None
        }


def _by_sli(
    cells: Iterable[Cell], columns: Sequence[Sequence[int]], ids: Sequence[int]
) -> dict[Sli, list[WindowCounts]]:
    """For each SLI the windows of every dimension, in the order of ``ids``.

    Column by column and with equal ratios made once: 10,000 dimensions are hundreds of thousands of cells.
    """
    place = {dim_id: number for number, dim_id in enumerate(ids)}
    places, windows = [place[dim_id] for dim_id in columns[0]], columns[1]
    made: dict[tuple[int, int], Ratio] = {}
    by_sli: dict[Sli, list[WindowCounts]] = {}
    for cell in cells:
        filled: list[dict[int, Ratio]] = [{} for _ in ids]
        counted = zip(columns[cell.bad], columns[cell.valid], strict=True)
        for number, window_s, pair in zip(places, windows, counted, strict=True):
            if pair[1]:
                ratio = made.get(pair)
                if ratio is None:
                    ratio = made[pair] = Ratio(*pair)
                filled[number][window_s] = ratio
        by_sli[cell.sli] = list(filled)
    return by_sli
