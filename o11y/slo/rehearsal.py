"""What an objective would have fired in the past: its minutes evaluated again over the counts of one dimension."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from o11y.slo.counts import Ratio
from o11y.slo.evaluation import Reason, rule_of
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity

MINUTE_S = 60
COARSE_S, FINE_S = 300, 10
#: the tick's own: a longer window begins on a boundary of 5 min
_EXACT_UP_TO_S = 7_200

#: firing again sooner than this tells nothing new
COOLDOWN_S = {Severity.PAGE: 900, Severity.TICKET: 14_400}


@dataclass(frozen=True, slots=True)
class Bucket:
    """Bad and valid events from ``start_s`` (epoch seconds) on, for the length of its grain."""

    start_s: int
    bad: int
    valid: int


class Past:
    """Counts of one dimension: buckets of 5 min before ``fine_from_s``, of 10 s from there on."""

    def __init__(self, buckets: Iterable[Bucket], *, fine_from_s: int) -> None:
        """In the order of time; ``fine_from_s`` is on the grain of 5 min."""
        kept = list(buckets)
        self.fine_from_s = fine_from_s
        self._starts = [bucket.start_s for bucket in kept]
        self._bad = list(accumulate((bucket.bad for bucket in kept), initial=0))
        self._valid = list(accumulate((bucket.valid for bucket in kept), initial=0))

    def window(self, length_s: int, end_s: int) -> Ratio:
        """[end - length, end); where there is no finer grain it begins up to 5 min early."""
        start_s = end_s - length_s
        if length_s > _EXACT_UP_TO_S or start_s < self.fine_from_s:
            start_s = start_s // COARSE_S * COARSE_S
        first, last = bisect_left(self._starts, start_s), bisect_left(self._starts, end_s)
        return Ratio(self._bad[last] - self._bad[first], self._valid[last] - self._valid[first])


@dataclass(frozen=True, slots=True)
class Period:
    """[start_s, end_s) in epoch seconds; it fired for ``firing_s`` of them."""

    start_s: int
    end_s: int
    firing_s: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would have been told: each period is a message of its own."""

    pages: tuple[Period, ...] = ()
    tickets: tuple[Period, ...] = ()

    @property
    def firing_s(self) -> int:
        return sum(period.firing_s for period in (*self.pages, *self.tickets))


def rehearse(objective: Objective, past: Past, *, since_s: int, until_s: int, lag_s: int = 10) -> Rehearsal:
    """The objective at every minute of [since, until), epoch seconds on the minute.

    Exactly what the ticks would have found where there are buckets of 10 s. Further back each 5 min are evaluated once,
    and a window shorter than that is 5 min long. A page of an objective without pages is a ticket, as it is when it is
    told; whether a model is recommended is not asked.
    """
    if not objective.enabled:
        return Rehearsal()
    steps = list(_steps(objective, past, since_s, until_s, lag_s))
    pages = _periods([step for step in steps if step[2] is Severity.PAGE], Severity.PAGE)
    hold_s = max((pair.short_s for pair in objective.pairs_of(Severity.TICKET)), default=0)
    others = [
        (start_s, end_s, severity)
        for start_s, end_s, severity in steps
        if severity is Severity.TICKET and not any(p.start_s <= start_s <= p.end_s + hold_s for p in pages)
    ]
    return Rehearsal(pages, _periods(others, Severity.TICKET))


_Step = tuple[int, int, Severity]


def _steps(objective: Objective, past: Past, since_s: int, until_s: int, lag_s: int) -> Iterator[_Step]:
    """Every stretch that is evaluated once, and fires."""
    judges = [(pair, rule_of(pair, objective)) for pair in objective.pairs]
    fine_from_s = min(max(past.fine_from_s, since_s), until_s)
    looks = [(at, COARSE_S, at) for at in range(-(-since_s // COARSE_S) * COARSE_S, fine_from_s, COARSE_S)]
    looks += [(at, MINUTE_S, (at - lag_s) // FINE_S * FINE_S) for at in range(fine_from_s, until_s, MINUTE_S)]
    for at, step_s, end_s in looks:
        grain_s = FINE_S if step_s == MINUTE_S else COARSE_S
        severities = set()
        for pair, judge in judges:
            long = past.window(_on(grain_s, pair.long_s), end_s)
            if long.bad and judge(long, past.window(_on(grain_s, pair.short_s), end_s)) is Reason.FIRING:
                severities.add(objective.told_as(pair))
        if severities:
            yield at, at + step_s, Severity.PAGE if Severity.PAGE in severities else Severity.TICKET


def _on(grain_s: int, length_s: int) -> int:
    return -(-length_s // grain_s) * grain_s


def _periods(steps: Sequence[_Step], severity: Severity) -> tuple[Period, ...]:
    """Joined where the next begins within the cooldown of the one before."""
    found: list[Period] = []
    for start_s, end_s, _ in steps:
        if found and start_s - found[-1].end_s < COOLDOWN_S[severity]:
            last = found[-1]
            found[-1] = Period(last.start_s, end_s, last.firing_s + end_s - start_s)
        else:
            found.append(Period(start_s, end_s, end_s - start_s))
    return tuple(found)
