"""Which rollup answers for which stretch of time: windows cut into bands that are read once each."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import pairwise

#: seconds of the longest window that begins exactly; a longer one begins up to 5 min early
EXACT_UP_TO_S = 86_400


class Grain(Enum):
    """A rollup and the seconds of its buckets."""

    FINE = ("rollup_10s", 10)  # lives 2 days
    MIDDLE = ("rollup_5m", 300)
    COARSE = ("rollup_1h", 3600)

    @property
    def rollup(self) -> str:
        return self.value[0]

    @property
    def seconds(self) -> int:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Band:
    """[start, end), read from one rollup, and the windows (lengths in seconds) that it is a part of."""

    grain: Grain
    start: datetime
    end: datetime
    windows: frozenset[int]


def bands(windows_s: Collection[int], *, until: datetime) -> tuple[Band, ...]:
    """The bands of all windows [until - window, until), see ``window_segments`` for where a window begins."""
    until_s = int(until.timestamp())
    if until.timestamp() % Grain.FINE.seconds:
        raise ValueError(f"until: {until.isoformat()} is not on the {Grain.FINE.seconds} s grain")
    found = []
    for grain in Grain:
        spans = [(start, end, window) for window in windows_s for start, end in _of_grain(window, until_s, grain)]
        cuts = sorted({cut for start, end, _ in spans for cut in (start, end)})
        for start, end in pairwise(cuts):
            covering = frozenset(window for from_, to, window in spans if from_ <= start and end <= to)
            if covering:
                found.append(Band(grain, _moment(start), _moment(end), covering))
    return tuple(found)


def window_segments(window_s: int, until_s: int) -> Iterator[tuple[Grain, int, int]]:
    """The stretches of one window, each with the rollup it is read from; epoch seconds, some of them empty.

    As coarse as it can be: whole hours from 1 h buckets, what is left at both edges from 5 min and then 10 s buckets.
    So a day is little more to read than an hour. Every window ends exactly at ``until``. Up to a day it begins exactly
    too; a longer one at the 5 min boundary at or before ``until - window``, at most 0.4 % of it earlier: the 10 s
    buckets there may be gone, since they live two days.
    """
    middle, coarse = Grain.MIDDLE.seconds, Grain.COARSE.seconds
    start = until_s - window_s
    if window_s > EXACT_UP_TO_S:
        start = start // middle * middle
    middle_start, middle_end = -(-start // middle) * middle, until_s // middle * middle
    if middle_start >= middle_end:
        yield Grain.FINE, start, until_s
        return
    yield Grain.FINE, start, middle_start
    coarse_start, coarse_end = -(-middle_start // coarse) * coarse, middle_end // coarse * coarse
    if coarse_start < coarse_end:
        yield Grain.MIDDLE, middle_start, coarse_start
        yield Grain.COARSE, coarse_start, coarse_end
        yield Grain.MIDDLE, coarse_end, middle_end
    else:
        yield Grain.MIDDLE, middle_start, middle_end
    yield Grain.FINE, middle_end, until_s


def _of_grain(window_s: int, until_s: int, grain: Grain) -> Iterator[tuple[int, int]]:
    return ((start, end) for its, start, end in window_segments(window_s, until_s) if its is grain and start < end)


def _moment(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=epoch_s)
