"""100,000 events over a simulated day through ``o11y replay``, with an evaluation each simulated minute.

A subprocess, from exec to exit: start, scratch stores, validation, spool, ClickHouse, 1,441 evaluations and the end.
Beside it: the same lines only decoded and validated, in this process.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from o11y.events import validate
from tests.bench.measure import Figure, Stopwatch, options, print_figures, ratio
from tests.bench.program import command, plain_environment
from tests.bench.traffic import day

EVENTS = 100_000
EVENTS_LONG = 1_000_000
LONGEST_S = 1_800


def main() -> None:
    chosen = options(__doc__, rounds=3, longer=f"{EVENTS_LONG:,} events")
    events = EVENTS_LONG if chosen.long else EVENTS
    with tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder:
        trace = Path(folder) / "day.ndjson"
        with trace.open("wb") as file:
            file.writelines(day(events))
        replayed, validated, ticks, alerts = [], [], 0, 0
        for _ in range(chosen.rounds):
            validated.append(_validate(trace))
            seconds, ticks, alerts = _replay(trace, events)
            replayed.append(seconds)
    times = ratio(statistics.median(replayed), statistics.median(validated), digits=0)
    print_figures(
        f"Replay of {events:,} events over 24 h ({ticks:,} ticks, {alerts} alerts told)",
        [
            Figure("replay, whole process", "s", replayed),
            Figure("events a second", "1/s", [events / s for s in replayed], digits=0),
            Figure("a simulated minute", "ms", [s / ticks * 1000 for s in replayed]),
            Figure(
                "only decoding and validating", "s", validated, digits=2, note=f"a replay takes {times} times as long"
            ),
        ],
    )


def _replay(trace: Path, events: int) -> tuple[float, int, int]:
    """Seconds, ticks, and alerts told. Raises when it did not take every event."""
    with Stopwatch() as watch:
        done = subprocess.run(
            [*command(), "replay", "--json", str(trace)],
            env=plain_environment(),
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    summary = re.search(r"([\d,]+) accepted, .*; ([\d,]+) ticks", done.stderr)
    if done.returncode or summary is None:
        sys.exit(f"replay ended with code {done.returncode}:\n{done.stderr[-2000:]}")
    accepted, ticks = (int(number.replace(",", "")) for number in summary.groups())
    if accepted != events:
        sys.exit(f"replay accepted {accepted:,} of {events:,} events")
    return watch.seconds, ticks, len(done.stdout.splitlines())


def _validate(trace: Path) -> float:
    with Stopwatch() as watch, trace.open("rb") as file:
        for line in file:
            value = json.loads(line)
            validate(value, now=datetime.fromtimestamp(value["timestamp"] / 1000, UTC))
    return watch.seconds


if __name__ == "__main__":
    main()
