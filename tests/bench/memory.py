"""Resident memory of the worker, at rest and over time under load, with the slope of a straight line through it.

All roles with everything embedded and 10,000 dimensions; then `--role ingest` with ClickHouse and Redis outside. A line
is drawn through the samples after warm-up, and one through the second half of them; the most is the kernel's own, which
sees what lies between two samples. Imports: the resident memory that importing takes, each in an interpreter of its
own.
"""

import argparse
import math
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.load import Load, Request, drive_at
from tests.bench.measure import Figure, machine, percentile, print_figures, print_table
from tests.bench.program import SECRET, Program, clients, worker
from tests.bench.traffic import event
from tests.bench.watch import MIB, Line, Sampler, anonymous_mib, child_named, highest_mib, rss_mib
from tests.program.facade_process import ClickHouseProcess

BATCH = 500
GATEWAYS = 5  # of 2,000 dimensions each
DIMENSIONS = 10_000
CONNECTIONS = 8
SAMPLE_EVERY_S = 1.0
WARM = 0.25  # of the time, before the line begins
IMPORTS = ("o11y.settings", "o11y.app", "o11y.commands.serve", "chdb")

_IMPORT = "import sys; __import__(sys.argv[1]); print(open('/proc/self/status').read())"


@dataclass(frozen=True, slots=True)
class Grown:
    """One worker over its load. ``at_rest``: ready, before the first event. Samples are (s, MiB)."""

    what: str
    at_rest: float
    samples: list[tuple[float, float]]
    highest: float
    at_end: float
    anonymous: float
    valkey: float
    load: Load

    def after(self, share: float) -> list[tuple[float, float]]:
        """The samples after this share of the time."""
        start = self.samples[-1][0] * share
        return [(at_s, mib) for at_s, mib in self.samples if at_s >= start]


def main() -> None:
    chosen = _options()
    print(f"# {machine()}", flush=True)
    _print_imports()
    with tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder:
        data = Path(folder)
        if chosen.role != "ingest":
            with worker(data / "all", server=chosen.server, clients=clients(GATEWAYS)) as program:
                _print(_grow("all roles, embedded", program, chosen))
        if chosen.role == "all":
            return
        if shutil.which("redis-server") is None:
            print("(no redis-server here: `--role ingest` was left out)")
            return
        with _servers(data) as servers:
            environment = {"server": chosen.server, "clients": clients(GATEWAYS), "settings": servers}
            with worker(data / "ingest", role="ingest", **environment) as program:
                _print(_grow("--role ingest, servers outside", program, chosen))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30, metavar="N", help="of load for each; default: 30")
    parser.add_argument("--rate", type=int, default=4_000, metavar="N", help="events a second; default: 4000")
    parser.add_argument("--role", choices=("all", "ingest"), help="only this one; default: one after the other")
    parser.add_argument("--server", choices=("hypercorn", "uvicorn"), default="uvicorn", help="default: uvicorn")
    return parser.parse_args()


@contextmanager
def _servers(folder: Path) -> Iterator[Mapping[str, str]]:
    """The settings that name them."""
    socket, server = folder / "redis.sock", folder / "redis"
    server.mkdir()
    command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--dir", str(server), "--save", ""]
    redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with ClickHouseProcess(folder / "server") as clickhouse:
            yield {"O11Y_CLICKHOUSE_URL": clickhouse.url, "O11Y_REDIS_URL": f"unix://{socket}"}
    finally:
        redis.terminate()
        redis.wait(10)


def _grow(what: str, program: Program, chosen: argparse.Namespace) -> Grown:
    pid = program.process.pid
    at_rest = rss_mib(pid)
    with Sampler(lambda: rss_mib(pid), every_s=SAMPLE_EVERY_S) as sampler:
        load = drive_at(
            program.port, _bodies(), rate=chosen.rate / BATCH, connections=CONNECTIONS, seconds=chosen.minutes * 60
        )
    load.expect(200)
    program.wait_until_shipped()
    valkey = child_named(pid, "valkey")
    return Grown(
        what=what,
        at_rest=at_rest,
        samples=sampler.points,
        highest=highest_mib(pid),
        at_end=rss_mib(pid),
        anonymous=anonymous_mib(pid),
        valkey=rss_mib(valkey) if valkey else 0.0,
        load=load,
    )


def _bodies() -> list[bytes]:
    """Every dimension of every gateway, over and over."""
    rng = random.Random(6)
    share = DIMENSIONS // GATEWAYS
    return [
        Request.batch(
            [event(rng, (number // GATEWAYS * BATCH + each) % share) for each in range(BATCH)],
            secret=f"{SECRET}-{number % GATEWAYS}",
        )
        for number in range(DIMENSIONS // BATCH)
    ]


def _print(grown: Grown) -> None:
    tenth = math.ceil(len(grown.samples) / 10)
    parts = [grown.samples[start : start + tenth] for start in range(0, len(grown.samples), tenth)]
    print_table(
        f"{grown.what}: resident memory over time",
        ("from, s", "median, MiB", "least", "most", ""),
        [(f"{part[0][0]:.0f}", *(f"{mib:.0f}" for mib in _spread([mib for _, mib in part])), "") for part in parts],
    )
    steady = sorted(mib for _, mib in grown.after(WARM))
    line, late = Line.through(grown.after(WARM)), Line.through(grown.after(0.5))
    print_table(
        f"{grown.what}: {grown.load.rate * BATCH:,.0f} events a second, {len(grown.samples)} samples",
        ("", "figure", "unit", "beside it"),
        [
            ("ready, before the first event", f"{grown.at_rest:.0f}", "MiB", ""),
            ("under load, median", f"{statistics.median(steady):.0f}", "MiB", ""),
            ("under load, p99", f"{percentile(steady, 0.99):.0f}", "MiB", ""),
            ("under load, most of the samples", f"{steady[-1]:.0f}", "MiB", ""),
            ("most at any instant", f"{grown.highest:.0f}", "MiB", f"{grown.highest * MIB / 1e6:.0f} MB"),
            ("slope after warm-up", f"{line.slope * 3600:+.1f}", "MiB/h", f"R2 {line.fit:.2f}"),
            ("slope of the second half", f"{late.slope * 3600:+.1f}", "MiB/h", f"R2 {late.fit:.2f}"),
            ("load ended, all shipped", f"{grown.at_end:.0f}", "MiB", f"{grown.anonymous:.0f} of it not of files"),
            ("the embedded Valkey beside it", f"{grown.valkey:.0f}", "MiB", ""),
        ],
    )


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)


def _print_imports() -> None:
    plain = _import_mib("sys")
    print_figures(
        "Imports, resident memory above a Python that does nothing",
        [Figure(name, "MiB", [_import_mib(name) - plain for _ in range(3)], digits=0) for name in IMPORTS],
    )


def _import_mib(module: str) -> float:
    done = subprocess.run([sys.executable, "-c", _IMPORT, module], capture_output=True, text=True, check=True)
    return next(int(line.split()[1]) / 1024 for line in done.stdout.splitlines() if line.startswith("VmRSS:"))


if __name__ == "__main__":
    main()
