"""What the rollups hold of the last days, for people who choose objectives. Never raw events."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from o11y.adapters.clickhouse.bands import Grain
from o11y.adapters.clickhouse.client import ClickHouse, Table
from o11y.adapters.clickhouse.dimensions import ClickHouseDimensions
from o11y.adapters.clickhouse.measures import bad_of_rollup, valid_of_rollup
from o11y.adapters.clickhouse.statements import statement
from o11y.adapters.clickhouse.tick_query import tick_query
from o11y.slo.counts import Ratio, WindowCounts
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.override import Names
from o11y.slo.rehearsal import Bucket, Past
from o11y.slo.sli import Sli
from o11y.worker.ports import StoreError

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 2.0
#: how long the 10 s rollup is kept
FINE_KEPT = timedelta(days=2)
_BUSIEST_OF = timedelta(days=7)
_MOST_MEMORY = 1_000_000_000
_MOST_BUCKETS = 200_000


class ClickHousePast:
    """Implements ``PastStore``."""

    def __init__(self, ch: ClickHouse, *, dimensions: ClickHouseDimensions | None = None) -> None:
        self._ch = ch
        self._dimensions = dimensions or ClickHouseDimensions(ch)

    async def counts(
        self, slis: Collection[Sli], windows_s: Collection[int], *, names: Names, until: datetime
    ) -> Mapping[Sli, WindowCounts]:
        query = tick_query(slis, windows_s, until=until, scope=_scope(names))
        table = await self._ask(query.sql, {**query.parameters, **_named(names)})
        found: dict[Sli, dict[int, Ratio]] = {cell.sli: {} for cell in query.cells}
        for row in table.rows:
            for cell in query.cells:
                if row[cell.valid]:
                    windows, window_s = found[cell.sli], row[1]
                    windows[window_s] = windows.get(window_s, Ratio(0, 0)) + Ratio(row[cell.bad], row[cell.valid])
        return found

    async def busiest(self, names: Names, *, until: datetime, most: int) -> tuple[Sequence[Dimension], int]:
        scope = _scope(names)
        bounds = {"from": _second(until - _BUSIEST_OF), "to": _second(until), "most": most}
        sql = statement("busiest_dimensions", {"scope": f" AND {scope}" if scope else ""})
        table = await self._ask(sql, {**bounds, **_named(names)})
        if not table.columns:
            return (), 0
        ids, numbers = table.columns
        known = await self._dimensions.names(ids)
        return [known[dim_id] for dim_id in ids if dim_id in known], int(numbers[0])

    async def past(self, sli: Sli, dimensions: Sequence[Dimension], *, since: datetime, until: datetime) -> list[Past]:
        fine_from = min(max(_on_grain(until - FINE_KEPT), _on_grain(since)), until)
        early, late = await asyncio.gather(
            self._series(Grain.MIDDLE, sli, dimensions, since, fine_from),
            self._series(Grain.FINE, sli, dimensions, fine_from, until),
            return_exceptions=True,
        )
        if isinstance(early, BaseException):
            raise early
        if isinstance(late, StoreError):
            log.warning("the last days are looked at in steps of 5 min", extra={"error": str(late)})
            late, fine_from = await self._series(Grain.MIDDLE, sli, dimensions, fine_from, until), until
        if isinstance(late, BaseException):
            raise late
        return [Past([*one, *two], fine_from_s=_epoch(fine_from)) for one, two in zip(early, late, strict=True)]

    async def _series(
        self, grain: Grain, sli: Sli, dimensions: Sequence[Dimension], since: datetime, until: datetime
    ) -> list[list[Bucket]]:
        """Of each dimension its buckets, in order."""
        part, scope, parameters = _parts(dimensions)
        text = {
            "part": part,
            "rollup": grain.rollup,
            "valid": valid_of_rollup(sli),
            "bad": bad_of_rollup(sli),
            "scope": scope,
            "narrowed": " AND NOT user_byok" if sli.exclude_user_byok else "",
        }
        bounds = {"from": _second(since), "to": _second(until), "most": _MOST_BUCKETS}
        table = await self._ask(statement("rollup_series", text), {**bounds, **parameters})
        found: list[list[Bucket]] = [[] for _ in dimensions]
        for place, start_s, bad, valid in table.rows:
            found[place].append(Bucket(start_s, min(bad, valid), valid))
        return found

    async def _ask(self, sql: str, parameters: Mapping[str, Any]) -> Table:
        limits = {"max_memory_usage": _MOST_MEMORY}
        return await self._ch.query(sql, parameters, settings=limits, timeout_s=ANSWER_WITHIN_S)


def _parts(dimensions: Sequence[Dimension]) -> tuple[str, str, dict[str, Any]]:
    """The place of a bucket's dimension, the condition that selects it, and what is bound in both."""
    if len(dimensions) == 1 and dimensions[0].scope is not Scope.MODEL:
        names = (dimensions[0].client, dimensions[0].provider, dimensions[0].model)
        return "0", _scope(names) or "true", _named(names)
    ids = statement("dim_ids")
    parameters = {
        "clients": [dimension.client for dimension in dimensions],
        "providers": [dimension.provider for dimension in dimensions],
        "models": [dimension.model for dimension in dimensions],
    }
    return f"indexOf({ids}, dim_id) - 1", f"has({ids}, dim_id)", parameters


def _scope(names: Names) -> str:
    """The condition on ``dim_id``; ``""`` for everything."""
    given = _named(names)
    if len(given) == len(names):
        return f"dim_id = {statement('dim_id')}"
    conditions = " AND ".join(f"d.{kind} = {{{kind}:String}}" for kind in given)
    return f"dim_id IN (SELECT d.dim_id FROM dimensions AS d WHERE {conditions})" if given else ""


def _named(names: Names) -> dict[str, str]:
    kinds = zip(("client", "provider", "model"), names, strict=True)
    return {kind: name for kind, name in kinds if name is not None}


def _on_grain(at: datetime) -> datetime:
    """The 5 min boundary at or before it."""
    return at - timedelta(seconds=_epoch(at) % Grain.MIDDLE.seconds, microseconds=at.microsecond)


def _epoch(at: datetime) -> int:
    return int(at.timestamp())


def _second(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
