"""What an objective could be, from what was measured, and what it would have fired."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from o11y.slo.counts import NOTHING, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.in_force import SELECTABLE
from o11y.slo.objective import Objective
from o11y.slo.override import Layers, Names, Override, Selector, Values
from o11y.slo.proposal import proposed_target, proposed_threshold_ms
from o11y.slo.quantiles import quantile
from o11y.slo.rehearsal import FINE_S, Past, Rehearsal, rehearse
from o11y.slo.sli import Indicator, Sli
from o11y.worker.ports import Clock
from o11y.worker.ports.past import PastStore

DAY_S = 86_400
#: what a proposal goes by, and what is evaluated again under it
SEEN_S, REHEARSED = 3 * DAY_S, timedelta(days=7)
#: client x provider x models that are evaluated again where a selector leaves one of the names open
MOST_REHEARSED = 5
P50, P95, P99 = Decimal("0.5"), Decimal("0.95"), Decimal("0.99")


class NothingToSuggest(Exception):
    """In words: why not."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """Events counted, and how many of them took at most so long, for each bound of the rollups."""

    bounds_ms: tuple[int, ...]
    at_most: tuple[int, ...]
    total: int

    def quantile_ms(self, level: Decimal) -> Fraction | None:
        """Interpolated between the bounds, see ``quantiles``."""
        return quantile(self.bounds_ms, self.at_most, total=self.total, level=level)

    def slower_than(self, threshold_ms: int) -> Ratio:
        return Ratio(self.total - self.at_most[self.bounds_ms.index(threshold_ms)], self.total)


@dataclass(frozen=True, slots=True)
class Proposal:
    """``values`` to be considered, and the sentences that say where they come from."""

    values: Values
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Some dimensions under the values asked about, and how many were ``left_out``.

    ``fine_from``: evaluated minute by minute from then on, and every five minutes before.
    """

    since: datetime
    until: datetime
    fine_from: datetime
    of: tuple[tuple[Dimension, Rehearsal], ...]
    left_out: int = 0

    @property
    def pages(self) -> int:
        return sum(len(rehearsal.pages) for _, rehearsal in self.of)

    @property
    def tickets(self) -> int:
        return sum(len(rehearsal.tickets) for _, rehearsal in self.of)

    @property
    def firing_s(self) -> int:
        return sum(rehearsal.firing_s for _, rehearsal in self.of)


class Suggestions:
    """Reads only. Every method raises ``StoreError``."""

    def __init__(self, past: PastStore, *, clock: Clock, lag_s: int = 10) -> None:
        self._past, self._clock, self._lag_s = past, clock, lag_s

    async def ratios(self, sli: Sli, names: Names, windows_s: Sequence[int]) -> list[Ratio]:
        """What ``sli`` counted in each of the windows until now."""
        found = (await self._past.counts([sli], windows_s, names=names, until=self._until())).get(sli, {})
        return [found.get(window_s, NOTHING) for window_s in windows_s]

    async def latencies(self, sli: Sli, names: Names) -> Latencies:
        """Of the last three days."""
        slis = {bound: replace(sli, threshold_ms=bound) for bound in sli.bounds_ms}
        counts = await self._past.counts([*slis.values()], [SEEN_S], names=names, until=self._until())
        ratios = [counts.get(each, {}).get(SEEN_S, NOTHING) for each in slis.values()]
        at_most = tuple(ratio.valid - ratio.bad for ratio in ratios)
        return Latencies(sli.bounds_ms, at_most, max(ratio.valid for ratio in ratios))

    async def propose(self, objective: Objective, selector: Selector) -> Proposal:
        """A threshold and a target for what is selected. Raises ``NothingToSuggest``."""
        if objective.sli.indicator is Indicator.TRAFFIC:
            raise NothingToSuggest("An objective of traffic learns what is usual by itself")
        if objective.sli.bounds_ms:
            return await self._propose_latency(objective, selector)
        (seen,) = await self.ratios(objective.sli, selector.names, [SEEN_S])
        return _target(objective, _some(seen), Values(), ())

    async def rehearse(self, objective: Objective, selector: Selector, values: Values) -> Rehearsed:
        """The last seven days under ``values``. Raises ``NothingToSuggest``, and ``ValueError`` if they cannot be."""
        if objective.sli.indicator is Indicator.TRAFFIC:
            raise NothingToSuggest("Only what burns a budget can be evaluated again")
        until = self._clock().replace(second=0, microsecond=0)
        since = until - REHEARSED
        changed = _changed(objective, selector, values, until)
        dimensions, number = await self._dimensions(objective, selector, until)
        there = {dimension: changed.under(changed.layers.at(dimension)) for dimension in dimensions}
        pasts = await self._pasts(
            there, since=since - timedelta(seconds=max(p.long_s for p in objective.pairs)), until=until
        )
        span_s = _second(since), _second(until)
        rehearsals = await asyncio.to_thread(_rehearsals, there, pasts, span_s, self._lag_s)
        fine_from_s = max([span_s[0], *(past.fine_from_s for past in pasts.values())])
        fine_from = until - timedelta(seconds=max(0, span_s[1] - fine_from_s))
        return Rehearsed(since, until, fine_from, rehearsals, left_out=number - len(dimensions))

    async def _pasts(
        self, there: Mapping[Dimension, Objective], *, since: datetime, until: datetime
    ) -> Mapping[Dimension, Past]:
        """Asked for once an SLI: overrides may give the dimensions thresholds of their own."""
        found: dict[Dimension, Past] = {}
        for sli in {objective.sli for objective in there.values()}:
            those = [dimension for dimension, objective in there.items() if objective.sli == sli]
            found |= zip(those, await self._past.past(sli, those, since=since, until=until), strict=True)
        return found

    async def _propose_latency(self, objective: Objective, selector: Selector) -> Proposal:
        latencies = await self.latencies(objective.sli, selector.names)
        p95_ms = latencies.quantile_ms(P95)
        if p95_ms is None:
            raise NothingToSuggest(_NO_REQUESTS)
        threshold_ms = proposed_threshold_ms(objective, p95_ms)
        because = f"95 % of the last 3 days took at most {round(p95_ms):,} ms; a fifth more, moved up to a bound"
        seen = latencies.slower_than(threshold_ms)
        return _target(objective, seen, Values(threshold_ms=threshold_ms), (f"{because}: {threshold_ms:,} ms.",))

    async def _dimensions(
        self, objective: Objective, selector: Selector, until: datetime
    ) -> tuple[Sequence[Dimension], int]:
        if objective.scope is Scope.MODEL:
            found, number = await self._past.busiest(selector.names, until=until, most=MOST_REHEARSED)
            covered = [dimension for dimension in found if objective.match.covers(dimension)]
            if not covered:
                raise NothingToSuggest(_NO_REQUESTS_OF_7)
            return covered, number - (len(found) - len(covered))
        if missing := [kind for kind in SELECTABLE[objective.scope] if kind not in selector.named]:
            raise NothingToSuggest(f"Name a {missing[0]}: one sum is evaluated again at a time")
        return [Dimension(*selector.names)], 1

    def _until(self) -> datetime:
        now = self._clock()
        return now - timedelta(seconds=now.second % FINE_S, microseconds=now.microsecond)


_NO_REQUESTS = "There were no requests in the last three days: nothing to go by"
_NO_REQUESTS_OF_7 = "There were no requests in the last seven days: nothing to evaluate again"


def _some(seen: Ratio) -> Ratio:
    if not seen.valid:
        raise NothingToSuggest(_NO_REQUESTS)
    return seen


def _target(objective: Objective, seen: Ratio, values: Values, because: tuple[str, ...]) -> Proposal:
    proposed = proposed_target(objective, seen)
    percent = float(Fraction(seen.bad, seen.valid) * 100)
    said = (
        f"{percent:.3g} % of {seen.valid:,} requests of the last 3 days were {_bad(objective)}; a budget of twice that"
    )
    limited = f", but {proposed.limited}" if proposed.limited else ""
    sentence = f"{said}, rounded up{limited}: a target of {proposed.target:f}."
    return Proposal(replace(values, target=proposed.target), (*because, sentence))


def _bad(objective: Objective) -> str:
    return "slower" if objective.sli.bounds_ms else "bad"


def _changed(objective: Objective, selector: Selector, values: Values, at: datetime) -> Objective:
    others = [override for override in objective.layers if override.selector != selector]
    return replace(objective, layers=Layers([*others, Override(selector, values, "", at)]))


def _rehearsals(
    there: Mapping[Dimension, Objective], pasts: Mapping[Dimension, Past], span_s: tuple[int, int], lag_s: int
) -> tuple[tuple[Dimension, Rehearsal], ...]:
    since_s, until_s = span_s
    return tuple(
        (dimension, rehearse(objective, pasts[dimension], since_s=since_s, until_s=until_s, lag_s=lag_s))
        for dimension, objective in there.items()
    )


def _second(at: datetime) -> int:
    return int(at.timestamp())
