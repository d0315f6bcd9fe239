"""A day of rollups without the events behind them, and a few minutes of events, made inside ClickHouse.

Every dimension has requests in every bucket. Only the stretches of 10 s buckets that an evaluation can read are made,
and handed on by the views; the rest starts at the 5 min or the 1 h rollup. Of the latency bounds only those that the
objectives ask for are filled. Rows and columns that a query does not read cost it nothing.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from o11y.adapters.clickhouse.bands import Grain
from o11y.adapters.clickhouse.measures import bad_event, valid_event
from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS
from o11y.slo.sli import Indicator, Sli
from o11y.slo.status_class import StatusClass
from o11y.slo.usual_traffic import DAYS

_STEP = 300_000  # rows of an insert: of 10,000 dimensions the 10 s buckets of 5 min
_MINUTE = timedelta(minutes=1)

#: from which minute on, counted from the evaluated one, which buckets are made: 10 s ones where a window starts or
#: ends, 5 min ones beside them, 1 h ones inside
_DAY_BEFORE = ((Grain.FINE, -1_445), (Grain.MIDDLE, -1_435), (Grain.COARSE, -1_380), (Grain.MIDDLE, -420))
_SIX_HOURS = (
    (Grain.FINE, -365),
    (Grain.MIDDLE, -355),
    (Grain.COARSE, -300),
    (Grain.MIDDLE, -180),
    (Grain.FINE, -125),
    (Grain.MIDDLE, -115),
    (Grain.FINE, -35),
    (Grain.MIDDLE, -25),
    (Grain.FINE, -10),
)

_NAMES = """
    concat('gateway-', toString(dimension % 5)) AS client,
    concat('provider-', toString(dimension % 20)) AS provider,
    concat('vendor/model-', toString(dimension)) AS model
"""

_NAMES_APART = """
    concat('gateway-', toString(dimension)) AS client,
    concat('provider-', toString(dimension)) AS provider,
    concat('vendor/model-', toString(dimension)) AS model
"""

_DIMENSIONS = """
INSERT INTO dimensions
SELECT sipHash64(client, provider, model), client, provider, model, now64(3), now64(3)
FROM (SELECT number AS dimension, $names FROM numbers({dimensions:UInt64}))
"""

# One latency a bucket: cumulative counts are then all of the bucket or none of it.
_ROLLUP = """
INSERT INTO $rollup (bucket, user_byok, dim_id, $columns)
SELECT bucket, false, dim_id, $values
FROM
(
    SELECT
        toDateTime({start:UInt32} + intDiv(number, {dimensions:UInt64}) * {seconds:UInt32}, 'UTC') AS bucket,
        number % {dimensions:UInt64} AS dimension,
        cityHash64(bucket, dimension) AS noise,
        (1 + noise % 3) * {weight:UInt64} AS requests,
        if(dimension % {broken_one_in:UInt64} = 0 AND noise % {failing_one_in:UInt64} = 0, requests, 0) AS failed,
        toUInt32(exp(7.6 + (noise % 997) / 997 * 1.2)) AS complete_ms,
        complete_ms / 8 AS first_ms,
        $names,
        sipHash64(client, provider, model) AS dim_id
    FROM numbers({from_row:UInt64}, {rows:UInt64})
)
"""

_RAW = """
INSERT INTO raw_sample (event_id, event_time, received_at, client_name, kilo_user_id, is_streaming, provider,
    requested_model, resolved_model, inference_provider, ttfb_ms, complete_request_ms, status_code)
SELECT
    generateUUIDv4(), toDateTime64({start:UInt32}, 3, 'UTC') + toIntervalMillisecond(noise % ({seconds:UInt64} * 1000)),
    now64(3), client, concat('user-', toString(noise % 5000)), true, provider, model, model, '',
    complete_ms / 8, complete_ms, if(dimension % 500 = 0 AND noise % 4 = 0, 500, 200)
FROM
(
    SELECT
        number % {dimensions:UInt64} AS dimension,
        cityHash64(number) AS noise,
        toUInt32(exp(7.6 + (noise % 997) / 997 * 1.2)) AS complete_ms,
        $names
    FROM numbers({from_row:UInt64}, {rows:UInt64})
)
"""


@dataclass(frozen=True, slots=True)
class Fill:
    """Rollups for evaluations of the minutes from ``at`` up to ``at`` + 5 min. ``at`` is on a whole hour.

    ``engine`` is a connection of chDB itself: the worker's own gives up before a fill is done.
    """

    engine: Any
    slis: Collection[Sli]
    at: datetime
    dimensions: int
    everything: bool = False  # 10 s buckets for the last six hours, and every bound
    broken_one_in: int = 500  # dimensions
    failing_one_in: int = 4  # buckets of a broken one, of which every request fails
    apart: bool = False  # no two dimensions share a name

    @property
    def _names(self) -> str:
        return _NAMES_APART if self.apart else _NAMES

    def names(self) -> None:
        self._run(_DIMENSIONS.replace("$names", self._names), dimensions=self.dimensions)

    def requests(self, *, weight: int) -> None:
        """1 to 3 requests a dimension and 10 s, times ``weight``; added to what is there, and merged with it.

        A counter is made ``weight`` times as large, so a hundred times the requests are no more rows than one.
        """
        self._run("SYSTEM STOP MERGES")  # one merge at the end instead of one after another meanwhile
        for grain, start, end in (*self._stretches(), *self._days_before()):
            rows = int((end - start).total_seconds()) // grain.seconds * self.dimensions
            self._insert(
                _rollup_sql(grain, None if self.everything else self.slis).replace("$names", self._names),
                rows,
                start=int(start.timestamp()),
                seconds=grain.seconds,
                weight=weight * (grain.seconds // Grain.FINE.seconds),
                broken_one_in=self.broken_one_in,
                failing_one_in=self.failing_one_in,
            )
        self._run("SYSTEM START MERGES")
        for grain in Grain:
            self._run(f"OPTIMIZE TABLE {grain.rollup} FINAL")

    def raw_sample(self, *, minutes: int) -> int:
        """Events of the last ``minutes`` at the same rate, in a table that feeds no rollup; returns how many."""
        self._run("CREATE TABLE raw_sample AS api_events")
        rows = minutes * 6 * 2 * self.dimensions
        start = int((self.at - minutes * _MINUTE).timestamp())
        self._insert(_RAW.replace("$names", self._names), rows, start=start, seconds=minutes * 60)
        self._run("OPTIMIZE TABLE raw_sample FINAL")
        return rows

    def _days_before(self) -> Iterator[tuple[Grain, datetime, datetime]]:
        """What is usual at this time of day, in windows of up to half an hour."""
        for days in range(1, DAYS + 1):
            then = self.at - timedelta(days=days)
            yield Grain.MIDDLE, then - 35 * _MINUTE, then + 5 * _MINUTE

    def _insert(self, sql: str, rows: int, **parameters: int) -> None:
        for first in range(0, rows, _STEP):
            size = min(_STEP, rows - first)
            self._run(sql, dimensions=self.dimensions, from_row=first, rows=size, **parameters)

    def _run(self, sql: str, **parameters: int) -> None:
        self.engine.query(sql, params=parameters)

    def _stretches(self) -> Iterator[tuple[Grain, datetime, datetime]]:
        """As fine as the shipped windows (24 h, 6 h, 2 h, 30 min and less) read them, and coarser between."""
        recent = ((Grain.FINE, _SIX_HOURS[0][1]),) if self.everything else _SIX_HOURS
        for (grain, start), (_, end) in pairwise((*_DAY_BEFORE, *recent, (Grain.FINE, 5))):
            yield grain, self.at + start * _MINUTE, self.at + end * _MINUTE


def raw_query(slis: Collection[Sli]) -> str:
    """The counts of all indicators the way of a GROUP BY over the events."""
    counted = ", ".join(
        f"countIf({valid_event(sli)}), countIf({valid_event(sli)} AND {bad_event(sli)})"
        for sli in sorted(slis, key=str)
    )
    return f"SELECT client_name, provider, resolved_model, {counted} FROM raw_sample GROUP BY ALL"


def _rollup_sql(grain: Grain, slis: Collection[Sli] | None) -> str:
    """``slis=None``: every bound."""
    values = {"total": "requests", "ttfb_valid": "requests - failed", "ttfb_all_valid": "requests"}
    values |= {StatusClass.OK.value: "requests - failed", StatusClass.SERVER_ERROR.value: "failed"}
    for kind, column, indicator, bounds in (
        ("complete", "complete_ms", Indicator.LATENCY, COMPLETE_BOUNDS_MS),
        ("ttfb", "first_ms", Indicator.TTFB, TTFB_BOUNDS_MS),
    ):
        asked = bounds if slis is None else {sli.threshold_ms for sli in slis if sli.indicator is indicator}
        for bound in sorted(bound for bound in asked if bound is not None):
            values[f"{kind}_le_{bound}"] = f"if({column} <= {bound}, requests - failed, 0)"
            values[f"{kind}_all_le_{bound}"] = f"if({column} <= {bound}, requests, 0)"
    sql = _ROLLUP.replace("$rollup", grain.rollup)
    return sql.replace("$columns", ", ".join(values)).replace("$values", ", ".join(values.values()))
