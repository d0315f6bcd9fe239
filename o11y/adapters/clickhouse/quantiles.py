"""How long requests take of late, of everybody at once: from the 5 min rollup."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from o11y.adapters.clickhouse.client import ClickHouse, Table
from o11y.adapters.clickhouse.series import edges, sums
from o11y.adapters.clickhouse.statements import statement
from o11y.slo.dimension import Dimension
from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS
from o11y.worker.ports.series import Quantiles


class ClickHouseQuantiles:
    """Implements ``QuantileStore``."""

    def __init__(self, ch: ClickHouse) -> None:
        self._ch = ch
        self._sql = statement(
            "quantiles_of_all",
            {
                "complete_edges": edges(COMPLETE_BOUNDS_MS),
                "ttfb_edges": edges(TTFB_BOUNDS_MS),
                "complete_at_most": sums("complete_le_", COMPLETE_BOUNDS_MS),
                "ttfb_at_most": sums("ttfb_le_", TTFB_BOUNDS_MS),
            },
        )

    async def quantiles(self, *, since: datetime, until: datetime) -> Mapping[Dimension, Quantiles]:
        bounds = {"from": since, "to": until}
        parameters = {name: f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" for name, at in bounds.items()}
        table = await self._ch.query(self._sql, parameters)
        # in a thread: with 10,000 dimensions it takes longer than a door should wait
        return await asyncio.to_thread(_by_dimension, table)


def _by_dimension(table: Table) -> Mapping[Dimension, Quantiles]:
    return {
        Dimension(
            None if every_client else client,
            None if every_provider else provider,
            None if every_model else model,
        ): Quantiles(*measured)
        for client, provider, model, every_client, every_provider, every_model, *measured in table.rows
    }
