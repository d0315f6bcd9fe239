"""Burn rates over time, and how a budget was spent: from counts by bucket. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from o11y.slo.budget import PERIOD_S
from o11y.slo.objective import Objective
from o11y.worker.ports.series import Rows, Stretch
from o11y.worker.time_range import COARSE_S, FINE_S, MIDDLE_S, TimeRange, ceiling, epoch, floor

#: of the 30 days of a budget every so many seconds
BUDGET_STEP_S = 7_200


@dataclass(frozen=True, slots=True)
class BurnHistory:
    """``ends``: Unix seconds at which the windows end; ``rates``: of each window, None where nothing was valid."""

    ends: Sequence[int]
    rates: dict[int, list[float | None]]


class Counted:
    """Bad and valid events of one SLI by bucket, to be summed over any stretch between two boundaries."""

    def __init__(self, rows: Rows, place: int = 0) -> None:
        """``rows`` of a ``CountsAsked``; ``place``: which of its SLIs."""
        self._starts = [row[0] for row in rows]
        self._bad = [0, *accumulate(row[1 + 2 * place] for row in rows)]
        self._valid = [0, *accumulate(row[2 + 2 * place] for row in rows)]

    def between(self, start_s: int, end_s: int) -> tuple[int, int]:
        """(bad, valid) of the buckets that begin in [start_s, end_s)."""
        first, last = bisect_left(self._starts, start_s), bisect_left(self._starts, end_s)
        return self._bad[last] - self._bad[first], self._valid[last] - self._valid[first]


def windows_of(objective: Objective, shown: TimeRange) -> list[int]:
    """Those that can be seen in its grain; the shortest first."""
    every = {seconds for pair in objective.pairs for seconds in (pair.long_s, pair.short_s)}
    return sorted(seconds for seconds in every if seconds >= shown.grain_s)


def burn_history(objective: Objective, rows: Rows, *, shown: TimeRange) -> BurnHistory:
    """``rows`` of the stretches before ``shown`` for the longest of its windows, this SLI alone."""
    counted, budget = Counted(rows), float(objective.budget)
    ends = [*shown.steps[1:], epoch(shown.until)]
    rates: dict[int, list[float | None]] = {}
    for window_s in windows_of(objective, shown):
        sums = (counted.between(shown.window_start(end, window_s), end) for end in ends)
        rates[window_s] = [bad / valid / budget if valid else None for bad, valid in sums]
    return BurnHistory(ends, rates)


def budget_stretches(until: datetime, *, fine: bool = True) -> tuple[Stretch, ...]:
    """The 30 days up to then, to 5 min at the beginning and to 10 s at the end, as the evaluation cuts them.

    ``fine``: there still are buckets of 10 s; otherwise the last five minutes are whole.
    """
    start = floor(until - timedelta(seconds=PERIOD_S), MIDDLE_S)
    end = until if fine else ceiling(until, MIDDLE_S)
    first, last = ceiling(start, COARSE_S), floor(end, COARSE_S)
    middle = floor(end, MIDDLE_S)
    cuts = ((start, first, MIDDLE_S), (first, last, COARSE_S), (last, middle, MIDDLE_S), (middle, end, FINE_S))
    return tuple(Stretch(since, to, grain, grain) for since, to, grain in cuts if since < to)


def budget_ends(until: datetime) -> list[int]:
    """The moments at which a burn-down is told, Unix seconds; the last is ``until``."""
    start = epoch(floor(until - timedelta(seconds=PERIOD_S), MIDDLE_S))
    first = -(-start // BUDGET_STEP_S) * BUDGET_STEP_S
    return [start, *(end for end in range(first, epoch(until), BUDGET_STEP_S) if end > start), epoch(until)]


def burn_down(objective: Objective, rows: Rows, *, until: datetime, place: int) -> list[float | None]:
    """What was left of the budget of these 30 days at each of ``budget_ends``; None of a period without valid events.

    It begins whole, and ends at what is left now: 1 - bad so far / bad that all valid events of the period allow.
    """
    counted, ends = Counted(rows, place), budget_ends(until)
    _, valid = counted.between(ends[0], ends[-1])
    if not valid:
        return [None] * len(ends)
    allowed = valid * float(objective.budget)
    return [1 - counted.between(ends[0], end)[0] / allowed for end in ends]
