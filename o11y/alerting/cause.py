"""One cause, one message: the alerts of a minute sorted by what they have in common.

    model dimensions -> causes (``candidate``) -> aggregates join what explains them -> the rest, one by one

Errors and slowness never share a message; pages and tickets of one cause do.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from o11y.alerting.alert import Alert
from o11y.alerting.candidate import candidates_of, choose
from o11y.alerting.extent import Surroundings
from o11y.alerting.incident import Cause, Extent
from o11y.alerting.traffic import Slice, Traffic
from o11y.slo.burn_rate import Threshold
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.sli import Indicator, Sli
from o11y.slo.windows import Severity

#: an aggregate joins what explains it; the narrower is placed first, so that a wider one may join it
_NARROW_FIRST = (Scope.PROVIDER, Scope.CLIENT, Scope.ALL)

#: where a dimension is looked at: what its worst alert counted, and over which long window
Lens = tuple[Sli, int]


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of one cause: pages first, then the worst. ``extent`` of a single dimension leaves out its neighbours."""

    cause: Cause
    alerts: tuple[Alert, ...]
    extent: Extent


def group(alerts: Sequence[Alert], traffic: Traffic, *, explained: Collection[Dimension] = frozenset()) -> list[Group]:
    """Every alert in exactly one group, pages before tickets, the worst first; the order of ``alerts`` says nothing.

    ``explained`` are dimensions of incidents that are open: what is bad there needs no further explanation.
    """
    ordered = sorted(alerts, key=_worst_first)
    by_indicator: defaultdict[Indicator, list[int]] = defaultdict(list)
    for place, alert in enumerate(ordered):
        by_indicator[alert.objective.sli.indicator].append(place)
    found = [
        one
        for indicator, places in by_indicator.items()
        for one in _Grouping(ordered, places, indicator, traffic, frozenset(explained)).groups()
    ]
    return [one for _, one in sorted(found, key=lambda item: item[0])]


@dataclass(slots=True)
class _Draft:
    """A group in the making: what is shared, and the places of its alerts, worst first."""

    shared: Dimension
    places: list[int]
    counted: Slice


class _Grouping:
    """The alerts of one indicator. ``places`` are theirs in ``ordered``, where the worst comes first."""

    def __init__(
        self,
        ordered: Sequence[Alert],
        places: Sequence[int],
        indicator: Indicator,
        traffic: Traffic,
        explained: frozenset[Dimension],
    ) -> None:
        self._ordered, self._indicator, self._traffic, self._explained = ordered, indicator, traffic, explained
        self._parts: defaultdict[Dimension, list[int]] = defaultdict(list)
        self._aggregates: defaultdict[Dimension, list[int]] = defaultdict(list)
        for place in places:
            dimension = ordered[place].dimension
            (self._parts if dimension.scope is Scope.MODEL else self._aggregates)[dimension].append(place)
        self._seen = {part: ordered[of[0]].long for part, of in self._parts.items()}
        self._lens_of = {part: _lens(ordered[of[0]]) for part, of in self._parts.items()}
        self._lenses = {lens: rank for rank, lens in enumerate(dict.fromkeys(self._lens_of.values()))}
        self._slices: dict[Lens, Slice] = {}
        self._causes: dict[Dimension, _Draft] = {}
        self._home: dict[Dimension, _Draft] = {}  # of each part, and of what a lone aggregate speaks for

    def groups(self) -> list[tuple[int, Group]]:
        """Each with the place of its worst alert."""
        firing = list(self._parts)
        for shared, members in choose(candidates_of(firing, self._slice_of, explained=self._explained)):
            self._settle(shared, members, self._slice_of(members))
        for part in firing:
            if part not in self._home:
                self._settle(part, [part], self._slice_of([part]))
        for aggregate in sorted(self._aggregates, key=lambda one: (_NARROW_FIRST.index(one.scope), str(one))):
            self._place(aggregate)
        surroundings: dict[Slice, Surroundings] = {}
        return [(min(draft.places), self._finished(draft, surroundings)) for draft in self._causes.values()]

    def _settle(self, shared: Dimension, members: Collection[Dimension], counted: Slice) -> None:
        draft = _Draft(shared, [place for member in members for place in self._parts[member]], counted)
        self._causes[shared] = draft
        self._home.update(dict.fromkeys(members, draft))

    # ------------------------------------------------------------ aggregates

    def _place(self, aggregate: Dimension) -> None:
        """With its own name's cause, or with what explains it, or as a cause of its own."""
        places = self._aggregates[aggregate]
        worst = self._ordered[places[0]]
        counted = self._slice(*_lens(worst))
        home = self._causes.get(aggregate) or self._explanation(worst, counted) or self._lead(worst, counted)
        home.places += places

    def _explanation(self, aggregate: Alert, counted: Slice) -> _Draft | None:
        """The group with most of its bad events, when groups hold more than half of them between them."""
        bad: Counter[int] = Counter()
        drafts: dict[int, _Draft] = {}
        for dimension, ratio in counted.within(aggregate.dimension):
            if (draft := self._home.get(dimension)) is not None:
                drafts[id(draft)] = draft
                bad[id(draft)] += ratio.bad
        if 2 * bad.total() <= aggregate.long.bad:
            return None
        return min(drafts.values(), key=lambda draft: (-bad[id(draft)], min(draft.places)))

    def _lead(self, aggregate: Alert, counted: Slice) -> _Draft:
        """Its parts do not explain it: the trouble is wider than they are, and those that fire alone are of it.

        A ticket takes no page along: it may speak of hours ago.
        """
        draft = _Draft(aggregate.dimension, [], counted)
        for dimension, _ in counted.within(aggregate.dimension):
            home = self._home.get(dimension)
            if home is None:
                self._home[dimension] = draft
            elif home.shared == dimension and self._may_take(aggregate, home):
                draft.places += self._causes.pop(dimension).places
                self._home[dimension] = draft
        self._causes[draft.shared] = draft
        return draft

    def _may_take(self, aggregate: Alert, home: _Draft) -> bool:
        pages = any(self._ordered[place].severity is Severity.PAGE for place in home.places)
        return aggregate.severity is Severity.PAGE or not pages

    # ------------------------------------------------------------ windows

    def _slice_of(self, sharing: Collection[Dimension]) -> Slice:
        """Seen as most of them fired: the same events for every one, whatever their objectives."""
        if len(self._lenses) > 1:
            counted = Counter(map(self._lens_of.__getitem__, sharing))
            return self._slice(*min(counted, key=lambda lens: (-counted[lens], self._lenses[lens])))
        return self._slice(*next(iter(self._lenses)))

    def _slice(self, sli: Sli, window_s: int) -> Slice:
        if (known := self._slices.get((sli, window_s))) is None:
            known = self._slices[sli, window_s] = self._traffic.within(sli, window_s).including(self._seen)
        return known

    # ------------------------------------------------------------ the result

    def _finished(self, draft: _Draft, surroundings: dict[Slice, Surroundings]) -> Group:
        cause = Cause(draft.shared, self._indicator)
        alerts = tuple(self._ordered[place] for place in sorted(draft.places))
        if cause.is_single:
            return Group(cause, alerts, _ALONE)
        around = surroundings.get(draft.counted)
        if around is None:
            around = surroundings[draft.counted] = Surroundings(draft.counted, self._parts)
        return Group(cause, alerts, around.extent(draft.shared))


_ALONE = Extent(firing=1, active=1, clients=(1, 1), providers=(1, 1), models=(1, 1))


def _lens(alert: Alert) -> Lens:
    return alert.objective.sli, alert.pair.long_s


def _worst_first(alert: Alert) -> tuple[bool, float, int, str, str, str]:
    """Pages, then the times over the threshold, then bad events; the rest only settles ties.

    The quotient of two integers is rounded the same way each time, so equal burn rates stay equal, and thousands of
    alerts are sorted in a tenth of the time that fractions take.
    """
    threshold = _threshold(alert.pair.burn_rate, alert.objective.target)
    over = alert.long.bad * threshold.denominator / (threshold.numerator * max(alert.long.valid, 1))
    place = str(alert.dimension)
    return alert.severity is not Severity.PAGE, -over, -alert.long.bad, place, alert.objective.name, str(alert.at)


@lru_cache(maxsize=1_024)
def _threshold(rate: Decimal, target: Decimal) -> Threshold:
    return Threshold.of(rate, 1 - target)
