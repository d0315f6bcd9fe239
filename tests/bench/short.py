"""Each quick measurement once and small, two at a time: that it runs and adds up, not what it says.

Prints what each has printed, and how long it took. Exits 1 if one failed.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

AT_ONCE = 2
#: none takes half a minute
DEADLINE_S = 300
#: the longest first
PARTS = (
    "ingest --short",
    "tick --short",
    "memory --minutes 0.1 --role ingest",
    "flood --short",
    "sustained --seconds 8 --rate 5000",
    "start --short",
    "evidence --short",
    "cardinality --names 5000",
    "kept --short",
    "scaling",
)


def main() -> int:
    """The exit code."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failed = [part for part, went_well in zip(PARTS, pool.map(_run, PARTS), strict=True) if not went_well]
    for part in failed:
        print(f"FAILED: python -m tests.bench.{part}", file=sys.stderr)
    return 1 if failed else 0


def _run(part: str) -> bool:
    started = perf_counter()
    command = [sys.executable, "-m", *f"tests.bench.{part}".split()]
    try:
        ended = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=DEADLINE_S, check=False
        )
        output, went_well = ended.stdout, ended.returncode == 0
    except subprocess.TimeoutExpired as error:
        output, went_well = f"{error}\n", False
    print(f"## {part}: {perf_counter() - started:.0f} s\n{output}", flush=True)
    return went_well


if __name__ == "__main__":
    sys.exit(main())
