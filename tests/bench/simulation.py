"""Traffic that is known to be healthy or broken, and when a rule pages for it.

Requests arrive by themselves (Poisson) and fail by themselves, so good and bad ones are two independent streams. A
minute is enough to count in: ticks come each minute, all windows are whole minutes, and both end at the ingest lag
before the tick. Verdicts are those of ``o11y.slo.evaluation.judge``; what is done with whole arrays here only leaves
out the minutes in which a window is empty of bad events or below the threshold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from o11y.slo.burn_rate import Threshold
from o11y.slo.counts import Ratio
from o11y.slo.evaluation import Reason, judge
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity, WindowPair

Array = np.ndarray[Any, Any]

MINUTE_S = 60
DAY = 1_440  # minutes
LAG_S = 10

#: minutes without firing after which the next is another page; the cooldown of a page
PARTED_BY = 15

#: of a healthy dimension, after the day that fills its windows
COUNTED_DAYS = 4


@dataclass(frozen=True, slots=True)
class Traffic:
    """Sums of valid and bad events up to each minute, a row a dimension; column 0 is before the first minute."""

    valid: Array
    bad: Array

    @classmethod
    def of(cls, good: Array, bad: Array) -> "Traffic":
        def summed(events: Array) -> Array:
            return np.pad(np.cumsum(events, axis=1, dtype=np.int64), ((0, 0), (1, 0)))

        return cls(summed(good + bad), summed(bad))

    def within(self, minutes: int, since: int) -> tuple[Array, Array]:
        """Bad and valid events of the window that ends with each minute from ``since`` on."""
        end = np.arange(since + 1, self.valid.shape[1])
        start = np.maximum(end - minutes, 0)
        return self.bad[:, end] - self.bad[:, start], self.valid[:, end] - self.valid[:, start]


class Rule:
    """An objective as it pages (or sends tickets): its pairs of one severity, each verdict remembered."""

    def __init__(self, name: str, objective: Objective, severity: Severity | None = Severity.PAGE) -> None:
        self.name, self.objective = name, objective
        self.pairs = [pair for pair in objective.pairs if severity in (None, pair.severity)]
        self._known: dict[tuple[int, ...], bool] = {}

    def firing(self, traffic: Traffic, *, since: int) -> list[list[int]]:
        """Of each dimension the minutes, counted from ``since``, at whose end a pair fires."""
        return [sorted(set(minutes)) for minutes in self._found(traffic, since)]

    def first(self, traffic: Traffic, *, since: int) -> list[int | None]:
        """Of each dimension the first such minute."""
        firsts: list[int | None] = [None] * len(traffic.valid)
        for pair in self.pairs:
            counts, candidates = self._candidates(pair, traffic, since)
            for row in range(len(firsts)):
                known = firsts[row]
                for minute in np.flatnonzero(candidates[row]):
                    if known is not None and minute >= known:
                        break
                    if self._fires(pair, tuple(int(count[row, minute]) for count in counts)):
                        firsts[row] = int(minute)
                        break
        return firsts

    def believes(self, pair: WindowPair, long: Ratio, short: Ratio) -> bool:
        return judge(self.objective, pair, {pair.long_s: long, pair.short_s: short}) is Reason.FIRING

    def _found(self, traffic: Traffic, since: int) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in traffic.valid]
        for pair in self.pairs:
            counts, candidates = self._candidates(pair, traffic, since)
            rows, minutes = np.nonzero(candidates)
            picked = np.stack([count[rows, minutes] for count in counts], axis=1)
            for row, minute, four in zip(rows.tolist(), minutes.tolist(), picked.tolist(), strict=True):
                if self._fires(pair, tuple(four)):
                    found[row].append(minute)
        return found

    def _candidates(self, pair: WindowPair, traffic: Traffic, since: int) -> tuple[tuple[Array, ...], Array]:
        """Bad and valid of the long and of the short window, and where both reach the threshold."""
        threshold = Threshold.of(pair.burn_rate, self.objective.budget)
        long_bad, long_valid = traffic.within(pair.long_s // MINUTE_S, since)
        short_bad, short_valid = traffic.within(pair.short_s // MINUTE_S, since)
        reached = (short_bad > 0) & (long_bad * threshold.denominator >= threshold.numerator * long_valid)
        reached &= short_bad * threshold.denominator >= threshold.numerator * short_valid
        return (long_bad, long_valid, short_bad, short_valid), reached

    def _fires(self, pair: WindowPair, counts: tuple[int, ...]) -> bool:
        key = (pair.long_s, pair.severity is Severity.PAGE, *counts)
        known = self._known.get(key)
        if known is None:
            long_bad, long_valid, short_bad, short_valid = counts
            known = self.believes(pair, Ratio(long_bad, long_valid), Ratio(short_bad, short_valid))
            self._known[key] = known
        return known


def pages(firing: list[list[int]]) -> int:
    """How often somebody is called: each first firing minute, and those after a pause of the cooldown."""
    return sum(
        sum(index == 0 or minute - minutes[index - 1] > PARTED_BY for index, minute in enumerate(minutes))
        for minutes in firing
    )


@dataclass(frozen=True, slots=True)
class Outage:
    """Steady traffic of ``rpm`` requests a minute, free of errors for a day; then ``bad`` of them fail for a day."""

    rpm: float
    bad: float

    def delays_s(self, rules: list[Rule], *, count: int, seed: int) -> list[list[float]]:
        """Of each rule the seconds from the start of ``count`` outages to the tick that pages; inf where none does.

        All rules see the same outages, each of which starts somewhere within a minute.
        """
        random = np.random.default_rng([seed, int(self.rpm * 10), int(self.bad * 100)])
        delays: list[list[float]] = [[] for _ in rules]
        for size in _portions(count):
            phase = random.random(size)
            traffic = self._traffic(random, phase)
            for rule, found in zip(rules, delays, strict=True):
                for minute, started in zip(rule.first(traffic, since=DAY), phase, strict=True):
                    ended = float("inf") if minute is None else (minute + 1 - started) * MINUTE_S + LAG_S
                    found.append(ended)
        return delays

    def _traffic(self, random: np.random.Generator, phase: Array) -> Traffic:
        shape = (len(phase), 2 * DAY)
        failing = np.zeros(shape)
        failing[:, DAY] = 1 - phase
        failing[:, DAY + 1 :] = 1
        bad = self.rpm * self.bad * failing
        return Traffic.of(random.poisson(self.rpm - bad), random.poisson(bad))


@dataclass(frozen=True, slots=True)
class Health:
    """Steady traffic of ``rpm`` requests a minute, of which ``bad`` fail, for ever."""

    rpm: float
    bad: float

    def pages(self, rules: list[Rule], *, days: int, seed: int) -> list[int]:
        """Of each rule the pages in ``days`` days of a dimension, after one that fills its windows."""
        random = np.random.default_rng([seed, int(self.rpm * 10), int(self.bad * 1_000_000)])
        called = [0 for _ in rules]
        for size in _portions(-(-days // COUNTED_DAYS)):
            shape = (size, (1 + COUNTED_DAYS) * DAY)
            good = random.poisson(self.rpm * (1 - self.bad), shape)
            traffic = Traffic.of(good, random.poisson(self.rpm * self.bad, shape))
            for index, rule in enumerate(rules):
                called[index] += pages(rule.firing(traffic, since=DAY))
        return called


def _portions(count: int, size: int = 250) -> Iterator[int]:
    """``count`` rows in parts that fit in memory."""
    for start in range(0, count, size):
        yield min(size, count - start)
