"""A second start: seconds from exec to ``/readyz`` on a data folder that has events in it.

Beside it: ``o11y --help``, and Python doing nothing.
"""

import random
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from tests.bench.load import Request, drive
from tests.bench.measure import Figure, Stopwatch, options, print_figures, ratio
from tests.bench.program import SECRET, command, plain_environment, worker
from tests.bench.traffic import event

BATCHES = 50  # of 1,000 events: what the data folder has in it
BATCHES_LONG = 1_000


def main() -> None:
    chosen = options(__doc__, rounds=5, longer=f"{BATCHES_LONG:,} batches of 1,000 events in the data folder")
    batches = BATCHES_LONG if chosen.long else BATCHES
    ready, helped, nothing = [], [], []
    with tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder:
        data = Path(folder) / "data"
        first = _start(data, batches)
        for _ in range(chosen.rounds):
            ready.append(_start(data))
            helped.append(_seconds([*command(), "--help"]))
            nothing.append(_seconds([sys.executable, "-c", "pass"]))
    idle = Figure("python -c pass", "s", nothing, digits=3)
    again = Figure("exec to /readyz, second start", "s", ready, digits=2)
    help_ = Figure("o11y --help", "s", helped, digits=3)
    again_note = f"{ratio(again.median, first)} of the first start ({first:.2f} s)"
    print_figures(
        f"Start on a data folder with {batches * 1000:,} events",
        [
            Figure(again.what, again.unit, ready, digits=2, note=again_note),
            Figure(
                help_.what, help_.unit, helped, digits=3, note=f"{ratio(help_.median, idle.median)} of doing nothing"
            ),
            idle,
        ],
    )


def _start(data: Path, batches: int = 0) -> float:
    """Seconds until ready; then ``batches`` are posted and it ends in order, which ships them."""
    started = perf_counter()
    with worker(data) as program:
        seconds = perf_counter() - started
        if batches:
            drive(program.port, [_batch()], connections=1, answers=batches).expect(200)
            program.wait_until_shipped()
    return seconds


def _batch() -> bytes:
    rng = random.Random(2)
    lines = [event(rng, rng.randrange(200)) for _ in range(1000)]
    return Request.batch(lines, secret=SECRET)


def _seconds(arguments: list[str]) -> float:
    with Stopwatch() as watch:
        subprocess.run(arguments, env=plain_environment(), stdout=subprocess.DEVNULL, check=True, timeout=60)
    return watch.seconds


if __name__ == "__main__":
    main()
