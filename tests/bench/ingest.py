"""Durable acknowledgements of the real worker over HTTP, on one core, with the load from another.

The whole worker shares its core: doors, spool, shipping, ClickHouse, Valkey, the tick. A 204 means that the event is on
the disk. Beside it: the same HTTP server on the same core with an application that only reads the body.
"""

import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.load import Load, Request, drive
from tests.bench.measure import Figure, cores, on_cores, options, percentile, print_figures, ratio
from tests.bench.program import SECRET, Program, free_port, running, worker
from tests.bench.traffic import event

SERVERS = ("hypercorn", "uvicorn")
CONNECTIONS = 64
BATCH_CONNECTIONS = 4
BATCH = 1_000
WARM_S = 0.5


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests made before the clock runs, and where they go from."""

    singles: Sequence[bytes]
    batches: Sequence[bytes]
    seconds: float
    worker_cores: Sequence[int]
    load_cores: Sequence[int]


@dataclass(slots=True)
class Measured:
    """One server over the rounds. ``shipped``: the share of what was acknowledged that was in ClickHouse at the end."""

    single: list[Load] = field(default_factory=list)
    batches: list[Load] = field(default_factory=list)
    bare: list[Load] = field(default_factory=list)
    shipped: list[float] = field(default_factory=list)


def main() -> None:
    chosen = options(__doc__, rounds=3, longer="10 s a measurement instead of 2")
    traffic = _traffic(10.0 if chosen.long else 2.0)
    found = {server: Measured() for server in SERVERS}
    with on_cores(traffic.load_cores):
        for _ in range(chosen.rounds):
            for server, measured in found.items():
                measured.bare.append(_bare(server, traffic))
                _worker(server, traffic, measured)
    if not traffic.load_cores:
        print("(the cores could not be divided: load and worker share them)")
    for server, measured in found.items():
        _print(server, measured)


def _traffic(seconds: float) -> Traffic:
    rng = random.Random(3)
    singles = [Request.event(event(rng, rng.randrange(64)), secret=SECRET) for _ in range(512)]
    batches = [Request.batch([event(rng, rng.randrange(64)) for _ in range(BATCH)], secret=SECRET) for _ in range(4)]
    first, *others = cores()
    return Traffic(singles, batches, seconds, [first] if others else [], others)


def _bare(server: str, traffic: Traffic) -> Load:
    port = free_port()
    arguments = [sys.executable, "-m", "tests.bench.bare", server, str(port)]
    with running(arguments, port=port, ready="/", environment={}, on=traffic.worker_cores):
        drive(port, traffic.singles, connections=CONNECTIONS, seconds=WARM_S)
        load = drive(port, traffic.singles, connections=CONNECTIONS, seconds=traffic.seconds)
    load.expect(204)
    return load


def _worker(server: str, traffic: Traffic, measured: Measured) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder,
        worker(Path(folder) / "data", server=server, on=traffic.worker_cores) as program,
    ):
        warm = drive(program.port, traffic.singles, connections=CONNECTIONS, seconds=WARM_S)
        single = drive(program.port, traffic.singles, connections=CONNECTIONS, seconds=traffic.seconds)
        batches = drive(program.port, traffic.batches, connections=BATCH_CONNECTIONS, seconds=traffic.seconds)
        for load, status in ((warm, 204), (single, 204), (batches, 200)):
            load.expect(status)
        acknowledged = warm.answers + single.answers + BATCH * batches.answers
        measured.shipped.append(_shipped(program, acknowledged))
    measured.single.append(single)
    measured.batches.append(batches)


def _shipped(program: Program, acknowledged: int) -> float:
    """The share shipped by now; ends the run when the worker has accepted another number than was acknowledged."""
    metrics = program.metrics()
    if metrics["o11y_events_accepted_total"] != acknowledged:
        sys.exit(f"{acknowledged:,} acknowledged, but accepted: {metrics['o11y_events_accepted_total']:,.0f}")
    return metrics["o11y_events_shipped_total"] / acknowledged


def _print(server: str, measured: Measured) -> None:
    bare = statistics.median(load.rate for load in measured.bare)
    single = Figure("single events, 204 when durable", "1/s", [load.rate for load in measured.single], digits=0)
    batch = Figure("events in batches of 1,000", "1/s", [load.rate * BATCH for load in measured.batches], digits=0)
    print_figures(
        f"{server}: {CONNECTIONS} connections for single events, {BATCH_CONNECTIONS} for batches",
        [
            Figure(
                single.what, "1/s", single.samples, digits=0, note=f"{ratio(single.median, bare)} of the bare server"
            ),
            _latency("p50", measured.single, 0.5),
            _latency("p99", measured.single, 0.99),
            Figure(
                batch.what,
                "1/s",
                batch.samples,
                digits=0,
                note=f"{ratio(batch.median, single.median, digits=1)} x single",
            ),
            _latency("p50 of a batch", measured.batches, 0.5),
            _latency("p99 of a batch", measured.batches, 0.99),
            Figure("in ClickHouse when the load ended", "%", [share * 100 for share in measured.shipped], digits=0),
            Figure("bare server: reads the body, 204", "1/s", [load.rate for load in measured.bare], digits=0),
            _latency("p50 of the bare server", measured.bare, 0.5),
            Figure(
                "core used by the load, at most",
                "%",
                [
                    max(one.own_share, bare.own_share) * 100
                    for one, bare in zip(measured.single, measured.bare, strict=True)
                ],
                digits=0,
                note="100 would mean that the load was the limit",
            ),
        ],
    )


def _latency(what: str, loads: Sequence[Load], share: float) -> Figure:
    return Figure(what, "ms", [percentile(load.latencies_ms, share) for load in loads], digits=1)


if __name__ == "__main__":
    main()
