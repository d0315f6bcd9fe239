"""Structure-aware fuzzing of every door: of the application in this process, and of the real program over sockets.

    python -m tests.fuzz                 3,000 inputs
    python -m tests.fuzz --long          100,000 inputs; O11Y_FUZZ_LONG=1 is the same
    python -m tests.fuzz --replay FILE   a failing input again, as it was saved

Exits 1 when a promise broke, and then says how to see it again.
"""

import argparse
import asyncio
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.bench.measure import Stopwatch, machine, print_table
from tests.fuzz.bombs import bombs
from tests.fuzz.control_socket import control_shots
from tests.fuzz.inside import Inside
from tests.fuzz.ledger import HEADER, Ledger
from tests.fuzz.malformed import Malformed, malformed
from tests.fuzz.oracle import Acknowledged
from tests.fuzz.outside import Outside
from tests.fuzz.shot import Shot
from tests.fuzz.shots import shots

SHORT, LONG = 3_000, 100_000
FAILURES = Path(".hypothesis/fuzz")
#: bombs thrown at once
BOMBERS = 4
#: what the worker may grow by while it is fuzzed, beyond what it had when it was ready
MAX_GROWTH_MB = 500


class Broken(Exception):
    """A promise broke. ``shot`` is the smallest input that was found to break it."""

    def __init__(self, error: BaseException, shot: Any) -> None:
        super().__init__(str(error))
        self.shot = shot


def fuzz(strategy: st.SearchStrategy[Any], fire: Callable[[Any], None], *, inputs: int, seed: int) -> None:
    """Raises ``Broken`` with the smallest input found."""
    latest: list[Any] = []

    @seeded(seed)
    @settings(max_examples=inputs, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def one(drawn: Any) -> None:
        latest[:] = [drawn]
        fire(drawn)

    try:
        one()
    except Exception as error:
        raise Broken(error, latest[0]) from error  # hypothesis ends with the smallest


def fuzz_inside(folder: Path, *, inputs: int, seed: int) -> None:
    ledger = Ledger()
    with asyncio.Runner() as runner, Stopwatch() as watch:
        inside = Inside(folder)

        def fire(shot: Shot) -> None:
            ledger.note(shot, *runner.run(inside.fire(shot)))

        fuzz(shots(), fire, inputs=inputs, seed=seed)
        stored = runner.run(inside.close())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    beside = f"{watch.seconds:.0f} s, peak of this process (generator and doors) {peak:.0f} MB"
    print_table(f"In process, {ledger.inputs:,} inputs, seed {seed}: {beside}", HEADER, ledger.rows(stored))
    ledger.check(stored)


def fuzz_outside(folder: Path, *, server: str, inputs: int, seed: int) -> None:
    ledger = Ledger()
    with Outside(folder, server=server) as outside, Stopwatch() as watch:
        before, _ = outside.memory_mb()

        def noting(fire: Callable[[Any], tuple[int, Acknowledged]]) -> Callable[[Any], None]:
            def fired(drawn: Any) -> None:
                ledger.note(drawn.shot if isinstance(drawn, Malformed) else drawn, *fire(drawn))

            return fired

        fuzz(shots(), noting(outside.fire), inputs=inputs // 2, seed=seed)
        fuzz(malformed(), noting(outside.fire_malformed), inputs=inputs // 3, seed=seed)
        fuzz(control_shots(), noting(outside.fire_control), inputs=inputs // 6, seed=seed)
        with ThreadPoolExecutor(BOMBERS) as bombers:
            for shot, answered in bombers.map(lambda shot: (shot, outside.fire(shot)), bombs()):
                ledger.note(shot, *answered)
        after, peak = outside.memory_mb()
        stored = outside.stored()
    beside = f"{watch.seconds:.0f} s, worker {before:.0f} MB at first, {after:.0f} MB at last, peak {peak:.0f} MB"
    print_table(f"Over sockets, {server}, {ledger.inputs:,} inputs: {beside}", HEADER, ledger.rows(stored))
    ledger.check(stored)
    assert peak - before <= MAX_GROWTH_MB, f"the worker grew by {peak - before:.0f} MB, allowed are {MAX_GROWTH_MB}"


def run(*, inputs: int, seed: int) -> None:
    over_sockets = inputs // 12
    # In memory where that can be had: whether a commit reaches the disk is not what is tried here.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="o11y-fuzz-", dir=memory) as folder:
        fuzz_inside(Path(folder), inputs=inputs - 2 * over_sockets, seed=seed)
    with tempfile.TemporaryDirectory(prefix="o11y-fuzz-") as folder:
        for server in ("hypercorn", "uvicorn"):
            fuzz_outside(Path(folder), server=server, inputs=over_sockets, seed=seed)


def replay(path: Path) -> None:
    """In process: what is wrong with an input is nearly always wrong there too."""
    shot = Shot.load(path)
    with tempfile.TemporaryDirectory(prefix="o11y-fuzz-") as folder, asyncio.Runner() as runner:
        print(f"{shot.method} {shot.path} {dict(shot.headers)} {shot.body[:2_000]!r}")
        print("answered", *runner.run(Inside(Path(folder)).fire(shot)))


def saved(broken: Broken) -> str:
    """Where the input is, and how to send it again."""
    if isinstance(broken.shot, Malformed):
        return f"the smallest input, as sent: {broken.shot.sent!r}"
    path = FAILURES / "smallest.json"
    broken.shot.save(path)
    return f"the smallest input is kept: python -m tests.fuzz --replay {path}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", default=os.environ.get("O11Y_FUZZ_LONG") == "1")
    parser.add_argument("--inputs", type=int, metavar="N", help=f"default: {SHORT:,}, or {LONG:,} with --long")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1; the same seed, the same inputs")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="send one saved input again")
    chosen = parser.parse_args()
    print(f"# {machine()}", flush=True)
    if chosen.replay:
        replay(chosen.replay)
        return 0
    try:
        run(inputs=chosen.inputs or (LONG if chosen.long else SHORT), seed=chosen.seed)
    except AssertionError as error:
        print(f"BROKEN: {error}\nall of it: --seed {chosen.seed}", file=sys.stderr)
        return 1
    except Broken as broken:
        print(f"BROKEN: {broken}\n{saved(broken)}\nall of it: --seed {chosen.seed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
