"""Durable acknowledgements over HTTP on one core, beside what the same core does with less behind the door.

The load comes from the other core. There also are ClickHouse and Valkey of the worker with ``--role ingest``: on its
core are the doors, the spool, and the sending of what was acknowledged. In the last row the whole worker shares one
core: doors, spool, sending, ClickHouse, Valkey, the tick. A 204 means that the event is on the disk.
"""

import random
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.bench.contestants import Contestant, contestants, stores
from tests.bench.load import Load, Request, drive, drive_at
from tests.bench.measure import Figure, cores, on_cores, options, percentile, print_figures, ratio
from tests.bench.nginx import installed
from tests.bench.processor import cpu_s
from tests.bench.program import SECRET, Program
from tests.bench.traffic import event

SERVERS = ("uvicorn", "hypercorn")
CONNECTIONS = 64
BATCH_CONNECTIONS = 4
BATCH = 1_000
WARM_S = 0.5
#: first words of the contestants that the others are compared with
_COMPARED = ("stock", "bare", "validates")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests made before the clock runs, and how long each measurement lasts."""

    singles: Sequence[bytes]
    batches: Sequence[bytes]
    seconds: float


@dataclass(slots=True)
class Measured:
    """One contestant over the rounds. CPU is of its process, in microseconds an event; ``shipped`` the share of what
    was acknowledged that was in ClickHouse when the load ended."""

    contestant: Contestant
    single: list[Load] = field(default_factory=list)
    single_cpu_us: list[float] = field(default_factory=list)
    half: list[Load] = field(default_factory=list)
    batches: list[Load] = field(default_factory=list)
    batches_cpu_us: list[float] = field(default_factory=list)
    unshipped: list[Load] = field(default_factory=list)
    unshipped_cpu_us: list[float] = field(default_factory=list)
    shipped: list[float] = field(default_factory=list)


def main() -> None:
    chosen = options(__doc__, rounds=5, longer="10 s a measurement instead of 2", shorter="one round of half a second")
    traffic = _traffic(10.0 if chosen.long else 0.5 if chosen.short else 2.0)
    first, *others = cores()
    with ExitStack() as stack:
        stack.enter_context(on_cores(others))
        servers = stack.enter_context(stores())
        on = [first] if others else []
        field_of = {server: [Measured(one) for one in contestants(server, servers, on=on)] for server in SERVERS}
        for _ in range(chosen.rounds):
            for measured in field_of.values():
                for one in measured:
                    _measure(one, traffic)
    if not others:
        print("(the cores could not be divided: load and worker share them)")
    if not installed():
        print("(nginx: not installed)")
    for server, measured in field_of.items():
        _print(server, measured)


def _traffic(seconds: float) -> Traffic:
    rng = random.Random(3)
    singles = [Request.event(event(rng, rng.randrange(64)), secret=SECRET) for _ in range(512)]
    batches = [Request.batch([event(rng, rng.randrange(64)) for _ in range(BATCH)], secret=SECRET) for _ in range(4)]
    return Traffic(singles, batches, seconds)


def _measure(one: Measured, traffic: Traffic) -> None:
    seconds, singles = traffic.seconds, traffic.singles
    with one.contestant.start() as program:
        warm = drive(program.port, singles, connections=CONNECTIONS, seconds=WARM_S)
        single, cpu_us = _with_cpu(
            program, 1, lambda: drive(program.port, singles, connections=CONNECTIONS, seconds=seconds)
        )
        one.single.append(single)
        one.single_cpu_us += cpu_us
        loads = [warm, single]
        if one.contestant.durable:
            rate = single.rate / 2
            half = drive_at(program.port, singles, rate=rate, connections=CONNECTIONS, seconds=seconds)
            one.half.append(half)
            loads.append(half)
        for load in loads:
            load.expect(204)
        if one.contestant.durable:
            _measure_batches(one, program, traffic, before=sum(load.answers for load in loads))
    if one.contestant.without_shipping:
        with one.contestant.without_shipping() as program:
            _measure_unshipped(one, program, traffic)


def _measure_batches(one: Measured, program: Program, traffic: Traffic, *, before: int) -> None:
    """``before``: events acknowledged until now. They go on being shipped meanwhile."""
    batches, cpu_us = _batches(program, traffic)
    one.batches.append(batches)
    one.batches_cpu_us += cpu_us
    one.shipped.append(_shipped(program, before + BATCH * batches.answers))


def _measure_unshipped(one: Measured, program: Program, traffic: Traffic) -> None:
    """From the socket to the disk, and no further."""
    warm = drive(program.port, traffic.batches, connections=BATCH_CONNECTIONS, seconds=WARM_S)
    warm.expect(200)
    batches, cpu_us = _batches(program, traffic)
    one.unshipped.append(batches)
    one.unshipped_cpu_us += cpu_us
    if _shipped(program, BATCH * (warm.answers + batches.answers)):
        sys.exit("events were shipped to a ClickHouse that is away")


def _batches(program: Program, traffic: Traffic) -> tuple[Load, list[float]]:
    load, cpu_us = _with_cpu(
        program,
        BATCH,
        lambda: drive(program.port, traffic.batches, connections=BATCH_CONNECTIONS, seconds=traffic.seconds),
    )
    load.expect(200)
    return load, cpu_us


def _with_cpu(program: Program, events: int, drive: Callable[[], Load]) -> tuple[Load, list[float]]:
    """The load of ``events`` a request, and the CPU time of the server for each event, where the system tells it."""
    before = cpu_s(program.process.pid)
    load = drive()
    after = cpu_s(program.process.pid)
    if before is None or after is None:
        return load, []
    return load, [(after - before) / (load.answers * events) * 1e6]


def _shipped(program: Program, acknowledged: int) -> float:
    """The share shipped by now; ends the run when the worker has accepted another number than was acknowledged."""
    metrics = program.metrics()
    if metrics["o11y_events_accepted_total"] != acknowledged:
        sys.exit(f"{acknowledged:,} acknowledged, but accepted: {metrics['o11y_events_accepted_total']:,.0f}")
    return metrics["o11y_events_shipped_total"] / acknowledged


def _print(server: str, measured: Sequence[Measured]) -> None:
    others = [one for word in _COMPARED for one in measured if _word(one) == word]
    figures = []
    for one in measured:
        note = ", ".join(f"{ratio(_rate(one), _rate(other))} of {_word(other)}" for other in others)
        figures.append(_rates(one.contestant.name, one.single, note=note))
        if one.single_cpu_us:
            costs = [f"{_word(other)} {_cpu_ratio(other, one)}" for other in others]
            figures.append(Figure("    CPU an event", "us", one.single_cpu_us, note=f"of it cost {', '.join(costs)}"))
    print_figures(f"{server}, single events, {CONNECTIONS} connections, one core", figures)
    for one in measured:
        if one.contestant.durable:
            print_figures(f"{server}, {one.contestant.name}", _details(one))
    busiest = max(load.own_share for one in measured for load in (*one.single, *one.batches))
    print(f"The load used {busiest:.0%} of its core at most; near 100 % it would have been the limit.")


def _details(one: Measured) -> list[Figure]:
    return [
        _latency("single: p50, as fast as it goes", one.single, 0.5),
        _latency("single: p99", one.single, 0.99),
        _rates("single: half of that rate", one.half),
        _latency("    p50", one.half, 0.5),
        _latency("    p99", one.half, 0.99),
        _rates(f"batches of {BATCH:,}, {BATCH_CONNECTIONS} connections: events", one.batches, events=BATCH),
        *([Figure("    CPU an event", "us", one.batches_cpu_us)] if one.batches_cpu_us else []),
        _latency("    p50 of a batch", one.batches, 0.5),
        _latency("    p99 of a batch", one.batches, 0.99),
        *_unshipped(one),
        Figure("in ClickHouse when the load ended", "%", [share * 100 for share in one.shipped], digits=0),
    ]


def _unshipped(one: Measured) -> list[Figure]:
    if not one.unshipped:
        return []
    rates = _rates(f"batches of {BATCH:,}, nothing shipped meanwhile: socket to fsync", one.unshipped, events=BATCH)
    return [rates, *([Figure("    CPU an event", "us", one.unshipped_cpu_us)] if one.unshipped_cpu_us else [])]


def _word(one: Measured) -> str:
    """The first of its name."""
    return one.contestant.name.split()[0].rstrip(",:")


def _rate(one: Measured) -> float:
    return statistics.median(load.rate for load in one.single)


def _cpu_ratio(one: Measured, other: Measured) -> str:
    """What the rates would say of a core that did nothing else; it moves less when the machine is busy."""
    return ratio(statistics.median(one.single_cpu_us), statistics.median(other.single_cpu_us))


def _rates(what: str, loads: Sequence[Load], *, events: int = 1, note: str = "") -> Figure:
    return Figure(what, "1/s", [load.rate * events for load in loads], digits=0, note=note)


def _latency(what: str, loads: Sequence[Load], share: float) -> Figure:
    return Figure(what, "ms", [percentile(load.latencies_ms, share) for load in loads])


if __name__ == "__main__":
    main()
