"""Batches of 1,000 events at a fixed rate, end to end: acknowledged, in the raw table and in three rollups.

The whole worker, embedded, on all cores; the load is on the same machine and does not wait for answers to keep its
rate (an open loop). Afterwards the tables are counted: any difference from what was acknowledged ends the run with an
error. A tick is late by its start after the whole minute plus its duration.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from o11y.adapters.clickhouse.bands import Grain
from o11y.adapters.clickhouse.client import ClickHouse
from tests.bench.load import Load, Request, drive_at
from tests.bench.measure import Stopwatch, machine, percentile, print_table
from tests.bench.processor import cpu_s
from tests.bench.program import SECRET, Program, clients, worker
from tests.bench.traffic import event
from tests.bench.watch import Line, rss_mib

BATCH = 1_000
BODIES = 40  # different batches, sent in turn
CONNECTIONS = 16
LOOK_EVERY_S = 10
_TICK = "o11y_tick_seconds"


@dataclass(frozen=True, slots=True)
class Look:
    """The worker at a moment; ``at_s`` since the load began, counters since the worker's start."""

    at_s: float
    accepted: float
    shipped: float
    spooled: float
    cpu_s: float
    rss_mib: float
    tick_s: float
    ticks: float


@dataclass(slots=True)
class Watched:
    """``ended_s``: by how much after its whole minute each tick was over, as far as polling can tell (50 ms)."""

    looks: list[Look] = field(default_factory=list)
    tick_ends_s: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    chosen: argparse.Namespace
    load: Load
    watched: Watched
    catch_up_s: float
    parts: dict[str, int]


def main() -> None:
    chosen = _options()
    print(f"# {machine()}", flush=True)
    bodies = _bodies(chosen.dimensions)
    with tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder:
        data = Path(folder) / "data"
        with worker(data, server=chosen.server, clients=clients(_gateways(chosen.dimensions))) as program:
            with _watching(program) as watched:
                load = drive_at(
                    program.port, bodies, rate=chosen.rate / BATCH, connections=CONNECTIONS, seconds=chosen.seconds
                )
            with Stopwatch() as watch:
                program.wait_until_shipped()
        load.expect(200)
        parts = asyncio.run(_check(data / "clickhouse", load.answers * BATCH))
    _print(Run(chosen, load, watched, watch.seconds, parts))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=300, metavar="N", help="of load; default: 300")
    parser.add_argument("--rate", type=int, default=20_000, metavar="N", help="events a second; default: 20000")
    parser.add_argument("--dimensions", type=int, default=2_000, metavar="N", help="default: 2000, a client's most")
    parser.add_argument("--server", choices=("hypercorn", "uvicorn"), default="uvicorn", help="default: uvicorn")
    return parser.parse_args()


def _gateways(dimensions: int) -> int:
    """A client may open 2,000 dimensions."""
    return -(-dimensions // 2_000)


def _bodies(dimensions: int) -> list[bytes]:
    """Each of one gateway, whose events go to its share of the dimensions."""
    rng = random.Random(4)
    gateways = _gateways(dimensions)
    return [
        Request.batch(
            [event(rng, rng.randrange(dimensions // gateways)) for _ in range(BATCH)],
            secret=f"{SECRET}-{number % gateways}",
        )
        for number in range(max(BODIES, 4 * gateways))
    ]


@contextmanager
def _watching(program: Program) -> Iterator[Watched]:
    """A look every ten seconds, and one at every end of a tick."""
    watched, stop = Watched(), threading.Event()
    thread = threading.Thread(target=_watch, args=(program, watched, stop), daemon=True)
    thread.start()
    try:
        yield watched
    finally:
        stop.set()
        thread.join()


def _watch(program: Program, watched: Watched, stop: threading.Event) -> None:
    started = time.monotonic()
    ticks, pending = _look(program, 0.0).ticks, False
    while True:
        at_s = time.monotonic() - started
        if at_s >= len(watched.looks) * LOOK_EVERY_S or stop.is_set():
            watched.looks.append(_look(program, at_s))
        second = time.time() % 60
        pending = pending or second < 1
        if pending and (found := _look(program, at_s).ticks) > ticks:
            ticks, pending = found, False
            watched.tick_ends_s.append(time.time() % 60)
        if stop.is_set():
            return
        stop.wait(0.05 if pending else 0.25)


def _look(program: Program, at_s: float) -> Look:
    found, pid = program.metrics(), program.process.pid
    return Look(
        at_s=at_s,
        accepted=found["o11y_events_accepted_total"],
        shipped=found["o11y_events_shipped_total"],
        spooled=found["o11y_spool_events"],
        cpu_s=cpu_s(pid) or 0.0,
        rss_mib=rss_mib(pid),
        tick_s=found[f"{_TICK}_sum"],
        ticks=found[f"{_TICK}_count"],
    )


async def _check(folder: Path, acknowledged: int) -> dict[str, int]:
    """The active parts of each table. Ends the run when a count is another than what was acknowledged."""
    clickhouse = ClickHouse.embedded(folder, threads=1)
    try:
        counts = {"api_events": "SELECT count() FROM api_events"}
        counts |= {grain.rollup: f"SELECT sum(total) FROM {grain.rollup}" for grain in Grain}
        parts = {}
        for table, sql in counts.items():
            stored = int((await clickhouse.query(sql)).columns[0][0])
            if stored != acknowledged:
                sys.exit(f"{acknowledged:,} acknowledged, but in {table}: {stored:,}")
            active = "SELECT count() FROM system.parts WHERE active AND table = {table:String}"
            parts[table] = int((await clickhouse.query(active, {"table": table})).columns[0][0])
    finally:
        clickhouse.close()
    return parts


def _print(run: Run) -> None:
    looks, load = run.watched.looks, run.load
    first, last = looks[0], looks[-1]
    took = last.at_s - first.at_s
    rows = [
        (f"{look.at_s:.0f}", *(f"{value:,.0f}" for value in _since(look, before)), f"{look.rss_mib:,.0f}", "")
        for before, look in pairwise(looks)
    ]
    print_table(
        f"Every {LOOK_EVERY_S} s of {run.chosen.rate:,} events a second over {run.chosen.dimensions:,} dimensions",
        ("s", "accepted/s", "shipped/s", "in the spool", "CPU of a core, %", "RSS, MiB", ""),
        rows,
    )
    steady = [look for look in looks if look.at_s >= min(30, took / 4)]
    line = Line.through([(look.at_s, look.spooled) for look in steady])
    ends = run.watched.tick_ends_s or [float("nan")]
    tick_s = (last.tick_s - first.tick_s) / max(1.0, last.ticks - first.ticks)
    deepest = max(look.spooled for look in steady)
    print_table(
        f"Sustained for {run.chosen.seconds} s ({run.chosen.server}, embedded, load on the same machine)",
        ("", "figure", "unit", "beside it"),
        [
            ("acknowledged", f"{load.rate * BATCH:,.0f}", "1/s", f"asked for {run.chosen.rate:,}"),
            ("shipped during the load", f"{(last.shipped - first.shipped) / took:,.0f}", "1/s", ""),
            ("spool, deepest after warm-up", f"{deepest:,.0f}", "events", f"{deepest / run.chosen.rate:.1f} s of load"),
            ("spool, slope", f"{line.slope:+,.0f}", "1/s", f"R2 {line.fit:.2f}"),
            ("the rest shipped after the load within", f"{run.catch_up_s:.1f}", "s", ""),
            ("answer to a batch, p50", f"{percentile(load.latencies_ms, 0.5):,.0f}", "ms", ""),
            ("answer to a batch, p99", f"{percentile(load.latencies_ms, 0.99):,.0f}", "ms", ""),
            ("tick, mean", f"{tick_s:.2f}", "s", f"{last.ticks - first.ticks:.0f} ticks"),
            ("tick over after its minute, worst", f"{max(ends):.2f}", "s", f"median {statistics.median(ends):.2f}"),
            (
                "CPU of the worker",
                f"{(last.cpu_s - first.cpu_s) / took * 100:.0f}",
                "% of a core",
                _per_event(first, last),
            ),
            ("CPU of the load", f"{load.own_share * 100:.0f}", "% of a core", ""),
            ("active parts at the end", ", ".join(map(str, run.parts.values())), "", ", ".join(run.parts)),
        ],
    )


def _since(look: Look, before: Look) -> Sequence[float]:
    took = look.at_s - before.at_s
    return (
        (look.accepted - before.accepted) / took,
        (look.shipped - before.shipped) / took,
        look.spooled,
        (look.cpu_s - before.cpu_s) / took * 100,
    )


def _per_event(first: Look, last: Look) -> str:
    return f"{(last.cpu_s - first.cpu_s) / (last.accepted - first.accepted) * 1e6:.1f} us an event"


if __name__ == "__main__":
    main()
