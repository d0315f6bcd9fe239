"""``python -m tests.chaos``: every fault, a row each, and whether a promise was broken.

Each scenario runs in a process of its own, two at a time: what one leaves behind, or breaks, is nothing to the next.
"""

import argparse
import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.bench.measure import print_table
from tests.chaos.outcome import Scale
from tests.chaos.report import HEADER, Report, failed, row
from tests.chaos.scenarios import SCENARIOS, run_alone

SETTING = "O11Y_CHAOS_LONG"
AT_ONCE = 3
SHORT_DEADLINE_S, LONG_DEADLINE_S = 240, 7_200
#: by a process that has imported all of o11y and has done nothing else: that takes longer than many a scenario
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.chaos.scenarios"])


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 when a promise was broken, 2 when there is no such scenario."""
    options = _options(arguments)
    os.environ.pop(SETTING, None)  # no setting of the programs that scenarios run
    names = [name for name in SCENARIOS if (options.only or "") in name]
    if not names:
        print(f"no scenario is named {options.only!r}; there are {', '.join(SCENARIOS)}", file=sys.stderr)
        return 2
    scale = Scale(long=options.long, seed=options.seed)
    with ThreadPoolExecutor(1 if scale.long else AT_ONCE) as pool:
        reports = list(pool.map(lambda name: run_apart(name, scale), names))
    form = "long" if scale.long else "short"
    print_table(f"Faults survived ({form} form, seed {scale.seed})", HEADER, [row(report) for report in reports])
    broken = [report for report in reports if not report.kept]
    for report in broken:
        print(f"BROKEN {report.name}: {report.reason}", file=sys.stderr)
        print(report.trace, file=sys.stderr)
    return 1 if broken else 0


def run_apart(name: str, scale: Scale) -> Report:
    """One scenario in a process (and a session) of its own."""
    deadline_s = LONG_DEADLINE_S if scale.long else SHORT_DEADLINE_S
    started = perf_counter()
    with TemporaryDirectory(prefix="chaos-") as folder:
        process = FORKED.Process(target=run_alone, args=(name, scale, folder))
        process.start()
        process.join(deadline_s)
        if process.exitcode is None:
            _end(process)
            return failed(name, f"not over within {deadline_s} s", seconds=deadline_s)
        seconds = perf_counter() - started
        out, err = (Path(folder, stream).read_text(encoding="utf-8") for stream in ("out", "err"))
    if process.exitcode != 0:
        return failed(name, _raised(err), seconds=seconds, trace=err)
    return Report.of(name, out.splitlines()[-1], seconds=seconds)


def _end(process: BaseProcess) -> None:
    """And what it has started, once it has a session of its own."""
    assert process.pid is not None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _raised(trace: str) -> str:
    """The exception's own line; what else is on stderr may come from a program that the scenario ran."""
    raised = [line for line in trace.splitlines() if re.match(r"[A-Za-z_.]*(Error|Exception|Expired)\b", line)]
    return raised[-1] if raised else "it ended without a word"


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Faults, and what they did.")
    parser.add_argument("--long", action="store_true", default=os.environ.get(SETTING) == "1")
    parser.add_argument("--only", metavar="NAME", help="scenarios whose name contains this")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
