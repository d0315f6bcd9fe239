"""What the measurements share: rounds with their median and spread, tables, and a line about the machine.

The tables are Markdown, so that a terminal and ``docs/performance.md`` show the same text. Nothing is judged here: a
figure of a busy machine means little, so each stands beside a ratio to something measured in the same minutes.
"""

import argparse
import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured several times. ``samples`` are in ``unit``; ``digits`` are those after the point."""

    what: str
    unit: str
    samples: Sequence[float]
    digits: int = 1
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    def cells(self) -> tuple[str, ...]:
        spread = (self.median, min(self.samples), max(self.samples))
        return (self.what, *(f"{value:,.{self.digits}f}" for value in spread), self.unit, self.note)


def print_figures(title: str, figures: Sequence[Figure]) -> None:
    """With the number of samples, where all have the same."""
    sizes = {len(figure.samples) for figure in figures}
    over = f" (n = {sizes.pop()})" if len(sizes) == 1 else ""
    print_table(
        f"{title}{over}", ("", "median", "min", "max", "unit", "beside it"), [figure.cells() for figure in figures]
    )


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The first and the last column are words and the others figures, set to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    print(f"\n{title}\n")
    print(_line(header, widths))
    print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    for row in rows:
        print(_line(row, widths))
    print(flush=True)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    last = len(cells) - 1
    aligned = (c.ljust(w) if n in (0, last) else c.rjust(w) for n, (c, w) in enumerate(zip(cells, widths, strict=True)))
    return "| " + " | ".join(aligned) + " |"


def ratio(value: float, other: float, *, digits: int = 2) -> str:
    return f"{value / other:.{digits}f}" if other else "-"


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of values in ascending order; the nearest rank."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def machine() -> str:
    """What it ran on, without names."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**3
    return (
        f"{len(cores())} cores, {memory:.0f} GiB RAM, {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def cores() -> list[int]:
    """The cores this process may use; the system that cannot say is taken to allow all."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@contextmanager
def on_cores(wanted: Sequence[int]) -> Iterator[None]:
    """This process and those it starts meanwhile, on these cores alone; everywhere when ``wanted`` is empty."""
    before = cores()
    if not wanted or not hasattr(os, "sched_setaffinity"):
        yield
        return
    os.sched_setaffinity(0, wanted)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Stopwatch:
    """``with Stopwatch() as watch: ...`` and then ``watch.seconds``."""

    def __enter__(self) -> "Stopwatch":
        self._started = perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = perf_counter() - self._started

    @property
    def ms(self) -> float:
        return self.seconds * 1000


def options(description: str | None, *, rounds: int, longer: str, shorter: str = "one round") -> argparse.Namespace:
    """``--rounds N``, ``--long`` and ``--short``; ``longer`` and ``shorter`` say what the latter two do."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds, metavar="N", help=f"default: {rounds}")
    lengths = parser.add_mutually_exclusive_group()
    lengths.add_argument("--long", action="store_true", help=longer)
    lengths.add_argument("--short", action="store_true", help=f"to see that it runs: {shorter}")
    chosen = parser.parse_args()
    if chosen.short:
        chosen.rounds = 1
    if chosen.rounds < 1:
        parser.error("--rounds: at least 1")
    print(f"# {machine()}", flush=True)
    return chosen
