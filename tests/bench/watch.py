"""What a process costs while it runs: its memory and its CPU time, as the kernel accounts for them (Linux)."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

MIB = 1024 * 1024


def rss_mib(pid: int) -> float:
    """Resident memory: its own, and the pages of programs and libraries that it has used."""
    return _status_kib(pid, "VmRSS") / 1024


def anonymous_mib(pid: int) -> float:
    """Resident memory that no file holds: what the process made itself."""
    return _status_kib(pid, "RssAnon") / 1024


def highest_mib(pid: int) -> float:
    """The most that was resident at any instant since it began, also between two samples."""
    return _status_kib(pid, "VmHWM") / 1024


def child_named(pid: int, word: str) -> int | None:
    """The process started by ``pid`` whose command holds ``word``."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if word in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
    return None


def _status_kib(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise RuntimeError(f"the system does not tell {name}")


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through points by least squares. ``fit``: the share of the variance it explains (R^2)."""

    slope: float
    fit: float

    @classmethod
    def through(cls, points: list[tuple[float, float]]) -> "Line":
        """Not a number where there are not two points at different places."""
        n = len(points)
        mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
        xx = sum((x - mean_x) ** 2 for x, _ in points)
        xy = sum((x - mean_x) * (y - mean_y) for x, y in points)
        yy = sum((y - mean_y) ** 2 for _, y in points)
        if xx == 0:
            return cls(math.nan, math.nan)
        return cls(xy / xx, 1.0 if yy == 0 else xy**2 / (xx * yy))


class Sampler:
    """Asks ``what`` every ``every_s`` on a thread of its own during the ``with`` block; ``points`` are (s, answer)."""

    def __init__(self, what: Callable[[], float], *, every_s: float) -> None:
        self._what = what
        self._every_s = every_s
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.points: list[tuple[float, float]] = []

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure

    def _run(self) -> None:
        try:
            while True:
                self.points.append((time.monotonic() - self._started, self._what()))
                if self._stop.wait(self._every_s):
                    return
        except Exception as error:  # told at the end of the block
            self._failure = error
