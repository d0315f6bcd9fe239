"""Which rollup answers for which stretch of time: windows cut into bands that are read once each."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import pairwise

_DAY_S = 86_400


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
    """The stretches of one window, each with the rollup it is read from; epoch seconds.

    Up to 24 h the window is exact at 10 s: 5 min buckets inside, 10 s buckets at both edges. A longer one begins at
    the 5 min boundary at or before ``until - window`` (10 s buckets are gone by then), with 1 h buckets inside and
    5 min buckets at both edges; its last, partial 5 min come from 10 s buckets, so it ends exactly at ``until``.
    """
    middle, coarse = Grain.MIDDLE.seconds, Grain.COARSE.seconds
    start, middle_end = until_s - window_s, until_s // middle * middle
    if window_s <= _DAY_S:
        middle_start = -(-start // middle) * middle
        if middle_start >= middle_end:
            yield Grain.FINE, start, until_s
            return
        yield Grain.FINE, start, middle_start
        yield Grain.MIDDLE, middle_start, middle_end
    else:
        start = start // middle * middle
        coarse_start, coarse_end = -(-start // coarse) * coarse, until_s // coarse * coarse
        yield Grain.MIDDLE, start, coarse_start
        yield Grain.COARSE, coarse_start, coarse_end
        yield Grain.MIDDLE, coarse_end, middle_end
    yield Grain.FINE, middle_end, until_s


def _of_grain(window_s: int, until_s: int, grain: Grain) -> Iterator[tuple[int, int]]:
    return ((start, end) for its, start, end in window_segments(window_s, until_s) if its is grain and start < end)


def _moment(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=epoch_s)
