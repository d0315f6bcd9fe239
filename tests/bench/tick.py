"""An evaluation over 10,000 dimensions that are active in every bucket of a day.

The objectives are those shipped, and their latencies and TTFB per provider, per client and overall too: all three
indicators, aggregates as well, and the traffic beside that of seven days. The collector is tuned as in ``o11y serve``.
Five consecutive minutes a round, because the minute decides how much of a window lies in 10 s buckets. Then the same
with a hundred times the requests: what the query reads must not grow. Beside it: a GROUP BY over the events themselves.
"""

import asyncio
import gc
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import chdb

from o11y.adapters.clickhouse.baselines import ClickHouseBaselines
from o11y.adapters.clickhouse.counts import ClickHouseCounts
from o11y.adapters.clickhouse.tick_query import TickQuery, tick_query
from o11y.app import Worker, assemble, objectives_of
from o11y.metrics import Metrics
from o11y.settings import load_settings
from o11y.slo.dimension import Scope
from o11y.slo.evaluation import Evaluator
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator
from o11y.stores import Stores, open_stores
from o11y.worker.tick import window_end
from tests.bench.measure import Figure, Stopwatch, options, print_figures, print_table, ratio
from tests.bench.rollups import Fill, raw_query

DIMENSIONS = 10_000
DIMENSIONS_SHORT = 300
AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MINUTES = [AT + timedelta(minutes=n) for n in range(5)]
SAMPLE_MINUTES = 5
TRAFFIC_WINDOWS_S = (300, 600, 1_800)
SIX_HOURS_IN_SAMPLES = 72
TIMES = 100


@dataclass(slots=True)
class Measured:
    """Milliseconds of each part, a sample a minute, and what the query read."""

    engine: list[float] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)
    evaluate: list[float] = field(default_factory=list)
    usual: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    bytes: list[float] = field(default_factory=list)
    dimensions: int = 0
    alerts: int = 0


class Bench:
    """One store with its worker, and a second connection to the same engine that tells what a query read."""

    def __init__(self, stores: Stores, worker: Worker, engine: Any) -> None:
        self.ticker = worker.ticker
        self.clickhouse = stores.clickhouse
        self.counts = ClickHouseCounts(self.clickhouse)
        burning = [o for o in self.ticker.objectives if o.sli.indicator is not Indicator.TRAFFIC]
        self.evaluator = Evaluator(burning)
        self.slis = {objective.sli for objective in burning}
        self.windows = {seconds for o in burning for pair in o.pairs for seconds in (pair.long_s, pair.short_s)}
        self.engine = engine

    async def measure(self, rounds: int) -> Measured:
        found = Measured()
        await self._round(Measured(), MINUTES[:1])  # names are learnt, files are in the page cache
        for _ in range(rounds):
            await self._round(found, MINUTES)
        return found

    async def _round(self, found: Measured, minutes: list[datetime]) -> None:
        for minute in minutes:
            until = window_end(minute, self.ticker.lag_s)
            result = self.ask(tick_query(self.slis, self.windows, until=until))
            found.engine.append(result.elapsed() * 1000)
            found.rows.append(result.storage_rows_read())
            found.bytes.append(result.storage_bytes_read())
            with Stopwatch() as watch:
                counts = await self.counts.counts(self.slis, self.windows, until=until)
            found.counts.append(watch.ms)
            with Stopwatch() as watch:
                self.evaluator.breaches(counts)
            found.evaluate.append(watch.ms)
            del counts
            with Stopwatch() as watch:
                await ClickHouseBaselines(self.clickhouse).usual(TRAFFIC_WINDOWS_S, until=until)
            found.usual.append(watch.ms)
            await self.ticker.count(until)  # what is usual has been read ahead when a minute begins
            cpu = process_time()
            with Stopwatch() as watch:
                evaluation = await self.ticker.evaluate(minute, asked=True)
            found.cpu.append((process_time() - cpu) * 1000)
            found.whole.append(watch.ms)
            found.dimensions, found.alerts = evaluation.dimensions, len(evaluation.alerts)

    def ask(self, query: TickQuery, *, limit_bytes: int = 0) -> Any:
        limit = f", max_memory_usage = {limit_bytes}" if limit_bytes else ""  # the statement ends with its settings
        return self.engine.query(query.sql.rstrip() + limit, "Native", params=query.parameters)

    def memory_bytes(self) -> int:
        """The smallest limit under which the query runs, to a tenth."""
        query = tick_query(self.slis, self.windows, until=window_end(AT, self.ticker.lag_s))
        low, high = 1_000_000, 4_000_000_000
        while high > low * 1.1:
            middle = int((low * high) ** 0.5)
            try:
                self.ask(query, limit_bytes=middle)
            except RuntimeError:
                low = middle
            else:
                high = middle
        return high


def tune_collector() -> None:
    """As ``o11y serve`` does once it has started."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def with_every_aggregate(shipped: Sequence[Objective]) -> tuple[Objective, ...]:
    """Beside the error rates, which are shipped as aggregates too."""
    latencies = [
        o for o in shipped if o.scope is Scope.MODEL and o.sli.indicator in (Indicator.LATENCY, Indicator.TTFB)
    ]
    return (
        *shipped,
        *(
            replace(objective, name=f"{scope}-{objective.name}", scope=scope, family="")
            for objective in latencies
            for scope in Scope
            if scope is not Scope.MODEL
        ),
    )


async def main() -> None:
    chosen = options(__doc__, rounds=4, longer="fill everything, also what no query reads", shorter="300 dimensions")
    with tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder:
        settings = load_settings(data_dir=Path(folder), clickhouse_url=None, redis_url=None, objectives_file=None)
        async with open_stores(settings, keep_forever=True) as stores:
            worker = assemble(
                settings,
                stores,
                objectives=with_every_aggregate(objectives_of(settings)),
                notifiers={},  # an evaluation tells nobody
                clock=lambda: AT,
                metrics=Metrics(),
                simulated=True,
            )
            tune_collector()
            engine = chdb.connect(str(settings.data_dir / "clickhouse"))
            engine.query(f"USE {stores.clickhouse.database}")
            bench = Bench(stores, worker, engine)
            await _measure_all(
                bench,
                Fill(engine, bench.slis, AT, DIMENSIONS_SHORT if chosen.short else DIMENSIONS, everything=chosen.long),
                chosen.rounds,
            )
            engine.close()


async def _measure_all(bench: Bench, fill: Fill, rounds: int) -> None:
    with Stopwatch() as filling:
        fill.names()
        fill.requests(weight=1)
    once = await bench.measure(rounds)
    memory = bench.memory_bytes()
    with Stopwatch() as adding:
        fill.requests(weight=TIMES - 1)
    more = await bench.measure(rounds)
    sample = fill.raw_sample(minutes=SAMPLE_MINUTES)
    sql = raw_query(bench.slis)
    raw = [bench.engine.query(sql, "Native").elapsed() * 1000 for _ in range(rounds + 1)]
    print(f"(filled in {filling.seconds:.0f} s, {TIMES - 1} times as many added in {adding.seconds:.0f} s)")
    _print_times(once, more)
    _print_reads(once, more)
    _print_raw(raw[1:], sample, once)
    print(f"The query runs in {memory / 1e6:,.0f} MB of memory (the smallest max_memory_usage under which it does).")


def _print_times(once: Measured, more: Measured) -> None:
    title = f"A tick over {once.dimensions:,} dimensions, {once.alerts} alerts"
    print_figures(
        title,
        [
            Figure("the query inside ClickHouse", "ms", once.engine),
            Figure("query, transfer, decoding", "ms", once.counts),
            Figure("evaluating all objectives", "ms", once.evaluate),
            Figure("Ticker.evaluate, all of it", "ms", once.whole),
            Figure("CPU of it", "ms", once.cpu),
            Figure("aside: reading what traffic is usual", "ms", once.usual, note="once in 5 min, after the telling"),
        ],
    )
    print_figures(
        f"... with {TIMES} times the requests",
        [
            _beside("the query inside ClickHouse", more.engine, once.engine),
            _beside("query, transfer, decoding", more.counts, once.counts),
            _beside("evaluating all objectives", more.evaluate, once.evaluate),
            _beside("Ticker.evaluate, all of it", more.whole, once.whole),
            _beside("CPU of it", more.cpu, once.cpu),
        ],
    )


def _beside(what: str, samples: list[float], before: list[float]) -> Figure:
    times = ratio(statistics.median(samples), statistics.median(before))
    return Figure(what, "ms", samples, note=f"{times} of one times the requests")


def _print_reads(once: Measured, more: Measured) -> None:
    rows = [
        (what, f"{statistics.mean(a):,.0f}", f"{statistics.mean(b):,.0f}", ratio(sum(b), sum(a), digits=4))
        for what, a, b in (("read_rows", once.rows, more.rows), ("read_bytes", once.bytes, more.bytes))
    ]
    print_table("What the query reads, after merges", ("", "requests x 1", f"requests x {TIMES}", "ratio"), rows)


def _print_raw(raw: list[float], events: int, once: Measured) -> None:
    times = ratio(statistics.median(raw), statistics.median(once.engine), digits=1)
    note = f"{times} of the tick query, for 1/{SIX_HOURS_IN_SAMPLES} of its time"
    print_figures(
        f"Beside it: one GROUP BY over the {events:,} events of {SAMPLE_MINUTES} minutes",
        [Figure("the query inside ClickHouse", "ms", raw, note=note)],
    )


if __name__ == "__main__":
    asyncio.run(main())
