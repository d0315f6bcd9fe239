"""Spool batches into their tables, and what became of one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from o11y.adapters.clickhouse.bands import Grain
from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.statements import statement
from o11y.worker.ports import BatchKind, BatchState, SpoolBatch

TABLES: Mapping[BatchKind, str] = {BatchKind.EVENTS: "api_events", BatchKind.HISTORY: "alert_history"}

#: 10 s buckets live 2 days, and may go up to a day's part at a time; only those that are surely there are compared.
_FINE_KEPT = timedelta(days=2) - timedelta(hours=1)
_NAME_COLUMNS = ("client_name", "provider", "resolved_model")
_MOST_NAMES = 100
_HOUR_S = Grain.COARSE.seconds


class ClickHouseEvents:
    """Implements ``EventStore``."""

    def __init__(self, ch: ClickHouse) -> None:
        self._ch = ch

    async def insert(self, batch: SpoolBatch) -> None:
        """Insert exactly once for a batch id, in the raw table and every rollup. Raises ``StoreError``."""
        await self._ch.insert_rows(TABLES[batch.kind], batch.rows, token=batch.batch_id)

    async def find(self, batch: SpoolBatch, *, now: datetime) -> BatchState:
        """Whether every row of the batch is stored, none is, or something in between.

        Rollups hold no batch ids, so the cells that the batch touches are compared with a recount of the raw events.
        """
        extent = _Extent.of(batch)
        query = "batch_rows" if batch.kind is BatchKind.EVENTS else "history_rows"
        stored = await self._count(statement(query), {**extent.span(_HOUR_S), "batch": batch.batch_id})
        if batch.kind is BatchKind.EVENTS and await self._differs(extent, now=now):
            return BatchState.MIXED
        if stored >= batch.events:  # more, where the spool's file was damaged and a part of the batch is gone from it
            return BatchState.COMPLETE
        return BatchState.MIXED if stored else BatchState.ABSENT

    async def _differs(self, extent: "_Extent", *, now: datetime) -> bool:
        for grain in Grain:
            span = extent.span(grain.seconds, not_before=now - _FINE_KEPT if grain is Grain.FINE else None)
            sql = statement("rollup_differs", {"rollup": grain.rollup, "seconds": str(grain.seconds)})
            for names in extent.names():
                if await self._count(sql, {**span, **names}):
                    return True
        return False

    async def _count(self, sql: str, parameters: Mapping[str, Any]) -> int:
        table = await self._ch.query(sql, parameters)
        return int(table.columns[0][0])


@dataclass(frozen=True, slots=True)
class _Extent:
    """What a batch touches: the time from its first to its last row, and its dimensions."""

    first: datetime
    last: datetime
    touched: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, batch: SpoolBatch) -> "_Extent":
        rows = [json.loads(line) for line in batch.rows.splitlines() if line]
        time_column = "event_time" if batch.kind is BatchKind.EVENTS else "at"
        times = [datetime.fromisoformat(row[time_column]).astimezone(UTC) for row in rows]
        touched = {tuple(row.get(column, "") for column in _NAME_COLUMNS) for row in rows}
        return cls(min(times), max(times), tuple(touched))

    def names(self) -> Iterator[dict[str, list[str]]]:
        """The dimensions as parallel arrays, a few at a time: a server takes 128 KiB a parameter."""
        for start in range(0, len(self.touched), _MOST_NAMES):
            clients, providers, models = zip(*self.touched[start : start + _MOST_NAMES], strict=True)
            yield {"clients": list(clients), "providers": list(providers), "models": list(models)}

    def span(self, seconds: int, *, not_before: datetime | None = None) -> dict[str, str]:
        """The whole buckets of this size that it touches, as bounds for ClickHouse."""
        first = max(self.first, not_before) if not_before else self.first
        start = int(first.timestamp()) // seconds * seconds
        if not_before and start < not_before.timestamp():
            start += seconds
        end = int(self.last.timestamp()) // seconds * seconds + seconds
        return {"from": _text(start), "to": _text(max(start, end))}


def _text(epoch_s: int) -> str:
    return f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%d %H:%M:%S}"
