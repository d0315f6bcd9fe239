"""Which traffic is usual, from the 5 min rollup of the last seven days. Past days do not change: it is remembered."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.dimensions import ClickHouseDimensions
from o11y.adapters.clickhouse.statements import statement
from o11y.slo.dimension import Dimension
from o11y.slo.usual_traffic import DAYS, GRAIN_S, Requests, slot_of, usual

#: baselines held: that of now, and of a question about an earlier time
_HELD = 4

_Key = tuple[datetime, frozenset[int], bool]


class ClickHouseBaselines:
    """Implements ``BaselineStore``; asks ClickHouse once in five minutes."""

    def __init__(self, ch: ClickHouse, *, dimensions: ClickHouseDimensions | None = None) -> None:
        self._ch = ch
        self._dimensions = dimensions or ClickHouseDimensions(ch)
        self._held: OrderedDict[_Key, Requests] = OrderedDict()

    async def usual(self, windows_s: Collection[int], *, until: datetime, exclude_user_byok: bool = True) -> Requests:
        """See ``BaselineStore``. Raises ``StoreError``."""
        key = (slot_of(until), frozenset(windows_s), exclude_user_byok)
        if (held := self._held.get(key)) is not None:
            return held
        found = self._held[key] = await self._read(*key)
        while len(self._held) > _HELD:
            self._held.popitem(last=False)
        return found

    async def _read(self, slot: datetime, windows_s: frozenset[int], exclude_user_byok: bool) -> Requests:
        if not windows_s:
            return {}
        sql, parameters = _query(slot, windows_s, exclude_user_byok=exclude_user_byok)
        table = await self._ch.query(sql, parameters)
        if not table.columns:
            return {}
        names = await self._dimensions.names(dict.fromkeys(table.columns[0]))
        # in a thread: with 10,000 dimensions it takes longer than a door should wait
        return await asyncio.to_thread(_usual, table.columns, names)


def _query(slot: datetime, windows_s: Collection[int], *, exclude_user_byok: bool) -> tuple[str, Mapping[str, Any]]:
    """The statement and its parameters; it reads the longest window of each day, and nothing between."""
    days = range(1, DAYS + 1)
    stretch = "(bucket >= {{from_{0}:DateTime('UTC')}} AND bucket < {{to_{0}:DateTime('UTC')}})"
    parts = {
        "stretches": " OR ".join(stretch.format(day) for day in days),
        "narrowed": " AND NOT user_byok" if exclude_user_byok else "",
    }
    parameters: dict[str, Any] = {"slot": _second(slot), "grain_s": GRAIN_S, "windows": sorted(windows_s)}
    for day in days:
        end = slot - timedelta(days=day)
        parameters[f"from_{day}"] = _second(end - timedelta(seconds=max(windows_s)))
        parameters[f"to_{day}"] = _second(end)
    return statement("baseline", parts), parameters


def _usual(columns: Sequence[Sequence[int]], names: Mapping[int, Dimension]) -> Requests:
    """Of each window the dimensions that have a name, and something usual."""
    ids, windows, *days = columns
    known = {window_s: _known(windows, days, window_s) for window_s in set(windows)}
    found: defaultdict[int, dict[Dimension, int]] = defaultdict(dict)
    for dim_id, window_s, *of_days in zip(ids, windows, *days, strict=True):
        name = names.get(dim_id)
        if name is not None and (number := usual(of_days, known[window_s])):
            found[window_s][name] = number
    return dict(found)


def _known(windows: Sequence[int], days: Sequence[Sequence[int]], window_s: int) -> list[int]:
    """The days on which anything at all was counted in this window."""
    rows = [row for row, length_s in enumerate(windows) if length_s == window_s]
    return [place for place, counted in enumerate(days) if any(counted[row] for row in rows)]


def _second(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
