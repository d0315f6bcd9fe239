"""A second start: seconds from exec to ``/readyz`` on a data folder that has events in it.

The events are of several days and of up to 10,000 dimensions. Beside it: ``o11y --help``, and Python doing nothing.
"""

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from tests.bench.load import Request, drive
from tests.bench.measure import Figure, Stopwatch, options, print_figures, ratio
from tests.bench.program import SECRET, clients, command, plain_environment, worker
from tests.bench.traffic import event

BATCH = 1_000
BATCHES = 50  # what the data folder has in it
BATCHES_LONG = 2_000
DAYS = 5
GATEWAYS = 5  # of 2,000 dimensions each
PER_GATEWAY = 2_000
IMPORTS = ("o11y.cli", "o11y.settings", "o11y.app", "o11y.commands.serve", "chdb")


def main() -> None:
    chosen = options(__doc__, rounds=5, longer=f"{BATCHES_LONG:,} batches of {BATCH:,} events in the data folder")
    batches = BATCHES_LONG if chosen.long else BATCHES
    ready, helped, nothing = [], [], []
    imported: dict[str, list[float]] = {name: [] for name in IMPORTS}
    with tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder:
        data = Path(folder) / "data"
        first = _start(data, batches)
        for _ in range(chosen.rounds):
            ready.append(_start(data))
            helped.append(_seconds([*command(), "--help"]))
            nothing.append(_seconds([sys.executable, "-c", "pass"]))
            for name, seconds in imported.items():
                seconds.append(_seconds([sys.executable, "-c", f"import {name}"]))
    idle = Figure("python -c pass", "s", nothing, digits=3)
    again = Figure("exec to /readyz, second start", "s", ready, digits=2)
    help_ = Figure("o11y --help", "s", helped, digits=3)
    again_note = f"{ratio(again.median, first)} of the first start ({first:.2f} s)"
    print_figures(
        f"Start on a data folder with {batches * BATCH:,} events of {DAYS} days, {GATEWAYS * PER_GATEWAY:,} dimensions",
        [
            Figure(again.what, again.unit, ready, digits=2, note=again_note),
            Figure(
                help_.what, help_.unit, helped, digits=3, note=f"{ratio(help_.median, idle.median)} of doing nothing"
            ),
            idle,
            *(Figure(f"python -c 'import {name}'", "s", seconds, digits=3) for name, seconds in imported.items()),
        ],
    )


def _start(data: Path, batches: int = 0) -> float:
    """Seconds until ready; then ``batches`` are posted and it ends in order, which ships them."""
    started = perf_counter()
    with worker(data, clients=clients(GATEWAYS)) as program:
        seconds = perf_counter() - started
        if batches:
            bodies = list(_batches(batches))
            drive(program.port, bodies, connections=1, answers=batches).expect(200)
            program.wait_until_shipped()
    return seconds


def _batches(number: int) -> Iterator[bytes]:
    """A batch is of one gateway and one day; enough different ones for every dimension, sent again and again."""
    rng = random.Random(2)
    now = datetime.now(UTC)
    for each in range(min(number, 2 * GATEWAYS * DAYS)):
        latest = now - timedelta(days=each // GATEWAYS % DAYS)
        first = each * BATCH // GATEWAYS
        events = [
            event(rng, (first + n) % PER_GATEWAY, timestamp=int((latest - timedelta(seconds=n)).timestamp() * 1000))
            for n in range(BATCH)
        ]
        yield Request.batch(events, secret=f"{SECRET}-{each % GATEWAYS}")


def _seconds(arguments: list[str]) -> float:
    with Stopwatch() as watch:
        subprocess.run(arguments, env=plain_environment(), stdout=subprocess.DEVNULL, check=True, timeout=60)
    return watch.seconds


if __name__ == "__main__":
    main()
