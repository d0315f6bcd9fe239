"""A stretch of time that somebody looks at: which rollup has it, and in which steps it is shown."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from o11y.worker.ports.series import Stretch

MOST_POINTS = 240
FINE_S, MIDDLE_S, COARSE_S = 10, 300, 3_600
#: until where each rollup is used: a little less than it is kept (2 d, 35 d and 400 d), and no more buckets than needed
_FINE_WITHIN, _FINE_AT_MOST = timedelta(hours=44), timedelta(hours=6)
_MIDDLE_WITHIN, _MIDDLE_AT_MOST = timedelta(days=33), timedelta(days=8)
#: the longest window that begins exactly on 10 s; longer ones begin at five minutes, as those of the evaluation
_EXACT_UP_TO_S = 7_200
_STEPS_S = (10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """[since, until), both on the 10 s grain."""

    since: datetime
    until: datetime
    grain_s: int
    step_s: int

    @classmethod
    def of(cls, since: datetime, until: datetime, *, now: datetime) -> "TimeRange":
        """From the finest rollup that still has it, in at most 240 steps. It ends with a bucket, or now."""
        length, age = until - since, now - since
        if length <= _FINE_AT_MOST and age <= _FINE_WITHIN:
            grain = FINE_S
        elif length <= _MIDDLE_AT_MOST and age <= _MIDDLE_WITHIN:
            grain = MIDDLE_S
        else:
            grain = COARSE_S
        steps = (step for step in _STEPS_S if step >= grain and length.total_seconds() / step <= MOST_POINTS)
        whole = ceiling(until, grain)
        return cls(since, whole if whole <= now else until, grain, next(steps, _STEPS_S[-1]))

    @property
    def stretch(self) -> Stretch:
        """Its first step whole, and its last as far as there are events."""
        return Stretch(floor(self.since, self.step_s), ceiling(self.until, self.grain_s), self.grain_s, self.step_s)

    @property
    def steps(self) -> range:
        """The beginning of each, Unix seconds."""
        return range(epoch(floor(self.since, self.step_s)), epoch(self.until), self.step_s)

    def covered_s(self, step: int) -> int:
        """How much of a step there is: the last one may have just begun."""
        return max(FINE_S, min(self.step_s, epoch(self.until) - step))

    def stretches_before(self, longest_s: int) -> tuple[Stretch, ...]:
        """What windows of up to ``longest_s`` that end in this range are made of: the coarse part first."""
        grain = max(self.grain_s, MIDDLE_S)
        start = floor(floor(self.since, self.step_s) - timedelta(seconds=longest_s), grain)
        end = ceiling(self.until, self.grain_s)
        if self.grain_s != FINE_S:
            return (Stretch(start, end, self.grain_s, self.grain_s),)
        exact = timedelta(seconds=min(longest_s, _EXACT_UP_TO_S))
        fine_from = floor(floor(self.since, self.step_s) - exact, MIDDLE_S)
        fine = Stretch(fine_from, end, FINE_S, FINE_S)
        return (fine,) if start >= fine_from else (Stretch(start, fine_from, MIDDLE_S, MIDDLE_S), fine)

    def window_start(self, end_s: int, window_s: int) -> int:
        """Where a window that ends there begins, Unix seconds: exactly, or at the boundary before it."""
        grain = self.grain_s if self.grain_s != FINE_S else MIDDLE_S if window_s > _EXACT_UP_TO_S else FINE_S
        return (end_s - window_s) // grain * grain


def floor(at: datetime, seconds: int) -> datetime:
    return at - timedelta(seconds=at.timestamp() % seconds)


def ceiling(at: datetime, seconds: int) -> datetime:
    return at + timedelta(seconds=-at.timestamp() % seconds)


def epoch(at: datetime) -> int:
    return int(at.timestamp())
