"""The overview's percentiles are those of every event, of each dimension and of the sums."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.quantiles import ClickHouseQuantiles
from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS
from o11y.slo.quantiles import quantile
from o11y.slo.status_class import StatusClass
from o11y.worker.time_range import floor
from tests.adapters.clickhouse.random_events import LOOKED_AT, NOW, of, random_rows, status, stored


def test_the_overview_has_the_percentiles_of_everybody(either: ClickHouse) -> None:
    rows = random_rows(17)
    since = floor(NOW - timedelta(hours=1), 300)

    async def check() -> None:
        await stored(either, rows)
        found = await ClickHouseQuantiles(either).quantiles(since=since, until=NOW)
        for dimension in LOOKED_AT[:5]:
            good = [
                row for row in of(dimension, rows, since, NOW) if status(row) is StatusClass.OK and not row["user_byok"]
            ]
            times = [sum(row["complete_request_ms"] <= bound for row in good) for bound in COMPLETE_BOUNDS_MS]
            told = quantile(COMPLETE_BOUNDS_MS, times, total=len(good), level=Decimal("0.9"))
            assert told is not None
            assert found[dimension].p90 == pytest.approx(float(told))
            streamed = [row for row in good if row["is_streaming"]]
            firsts = [sum(row["ttfb_ms"] <= bound for row in streamed) for bound in TTFB_BOUNDS_MS]
            first = quantile(TTFB_BOUNDS_MS, firsts, total=len(streamed), level=Decimal("0.9"))
            assert first is not None
            assert found[dimension].ttfb_p90 == pytest.approx(float(first))

    asyncio.run(check())
