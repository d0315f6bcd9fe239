"""A name that several firing dimensions share, and whether it is what their trouble has in common."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heappop, heappush

from o11y.alerting.traffic import ALL_TRAFFIC, Label, Row, Slice, is_well, labels_of
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension

#: a cause is whole when at least this much of what it names is affected
WHOLE = Fraction(4, 5)

#: sorts the likeliest cause first
Rank = tuple[int, Fraction | int, Fraction | int, int, str]


@dataclass(slots=True)
class Held:
    """How much of some traffic the members hold: of its valid events, and of its dimensions."""

    valid: int = 0
    dimensions: int = 0
    of_valid: int = 0
    of_dimensions: int = 0

    def add(self, ratio: Ratio, *, is_member: bool) -> None:
        self.of_valid += ratio.valid
        self.of_dimensions += 1
        if is_member:
            self.valid += ratio.valid
            self.dimensions += 1

    @property
    def share(self) -> Fraction:
        """The larger of the two: 14 of 15 models are nearly all, though the fifteenth has most of the traffic."""
        if self.valid * self.of_dimensions > self.dimensions * self.of_valid:
            return Fraction(self.valid, self.of_valid)
        return Fraction(self.dimensions, self.of_dimensions) if self.of_dimensions else Fraction(0)

    @property
    def is_whole(self) -> bool:
        """Whether the share is ``WHOLE``."""
        part, of = WHOLE.numerator, WHOLE.denominator
        return self.valid * of >= part * self.of_valid > 0 or self.dimensions * of >= part * self.of_dimensions > 0

    def without(self, part: "Held") -> "Held":
        return Held(
            self.valid - part.valid,
            self.dimensions - part.dimensions,
            self.of_valid - part.of_valid,
            self.of_dimensions - part.of_dimensions,
        )


class Candidate:
    """What its members hold of everything with its name. Members leave when another cause claims them.

    Of the others with that name, who is well speaks against it. Who is not, but has too little traffic to fire, counts
    neither way. ``affected`` is the sum of everything that fires, whatever its name.
    """

    def __init__(
        self, shared: Dimension, members: dict[Dimension, Ratio], *, others: Iterable[Row], affected: Ratio
    ) -> None:
        self.shared = shared
        self._members = members
        self._held = Held()
        for ratio in members.values():
            self._held.add(ratio, is_member=True)
        self._bad = self._unexplained = sum(ratio.bad for ratio in members.values())
        self._well: list[Row] = []
        for row in others:
            self._unexplained += row[1].bad
            if is_well(row[1], affected):
                self._held.add(row[1], is_member=False)
                self._well.append(row)
        self._is_wide = True  # until it is looked at

    @property
    def members(self) -> Collection[Dimension]:
        return self._members.keys()

    def give_up(self, dimension: Dimension) -> None:
        """Another cause has claimed the member: its bad events are explained, and its traffic is no longer held."""
        ratio = self._members.pop(dimension)
        self._bad -= ratio.bad
        self._unexplained -= ratio.bad
        self._held.valid -= ratio.valid
        self._held.dimensions -= 1

    @property
    def is_cause(self) -> bool:
        """Several members that explain most of what is bad; everything at once has to be whole as well."""
        several = len(self._members) >= 2 and 2 * self._bad > self._unexplained
        return several and (bool(labels_of(self.shared)) or self.is_whole)

    @property
    def is_whole(self) -> bool:
        return self._is_wide and self._held.is_whole

    @property
    def rank(self) -> Rank:
        """Whole ones first, then by members and coverage; only ever worse when members leave."""
        labels = labels_of(self.shared)
        place = list(Label).index(labels[0]) if labels else len(Label)
        name = labels[0].of(self.shared) if labels else ""
        size, share = len(self._members), self._held.share
        if self.is_whole:
            return 0, -size, -share, place, name or ""
        return 1, -share, -size, place, name or ""

    def takes_in(self, part: "Candidate") -> bool:
        """Whether it is the cause rather than ``part``, a model that is whole: several models of a provider are down.

        Of the provider's trouble the model has neither most of the bad events nor most of the dimensions.
        """
        if not self.is_cause or not part._members.keys() <= self._members.keys():
            return False
        return 2 * part._bad <= self._bad or 2 * len(part._members) <= len(self._members)

    def look(self) -> None:
        """Is it whole, or only a part of it? What is whole must be so without its heaviest part, by any other name.

        Otherwise the part is the cause: a client that sends nearly all to the provider that is down is not down.
        """
        self._is_wide = self.is_whole and self._outlives_its_heaviest_part()

    def _outlives_its_heaviest_part(self) -> bool:
        for label in Label:
            if label.of(self.shared) is not None:
                continue
            parts: defaultdict[str | None, Held] = defaultdict(Held)
            for dimension, ratio in self._members.items():
                parts[label.of(dimension)].add(ratio, is_member=True)
            for dimension, ratio in self._well:
                parts[label.of(dimension)].add(ratio, is_member=False)
            if len(parts) > 1 and not self._held.without(max(parts.values(), key=_weight)).is_whole:
                return False
        return True


def _weight(part: Held) -> tuple[int, int, int, int]:
    return part.valid, part.dimensions, -part.of_valid, -part.of_dimensions


def choose(candidates: Sequence[Candidate]) -> list[tuple[Dimension, Sequence[Dimension]]]:
    """The causes, the likeliest first, with the members that no earlier one has claimed.

    A rank only gets worse, by a closer look or by members that leave. So who comes first is ranked again there, and
    put back if others are now before it: the work does not grow with the members that candidates share.
    """
    holders: defaultdict[Dimension, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        for member in candidate.members:
            holders[member].append(candidate)
    waiting = [(candidate.rank, number) for number, candidate in enumerate(candidates) if candidate.is_cause]
    heapify(waiting)
    chosen: list[tuple[Dimension, Sequence[Dimension]]] = []
    unclaimed = len(holders)
    while waiting:
        rank, number = heappop(waiting)
        candidate = candidates[number]
        candidate.look()
        if not candidate.is_cause:
            continue
        if candidate.rank != rank:
            heappush(waiting, (candidate.rank, number))
            continue
        candidate = _provider_of(candidate, holders) or candidate
        claimed = tuple(candidate.members)
        chosen.append((candidate.shared, claimed))
        unclaimed -= len(claimed)
        if unclaimed < 2:
            break
        for member in claimed:
            for holder in holders[member]:
                holder.give_up(member)
    return chosen


def _provider_of(model: Candidate, holders: Mapping[Dimension, Sequence[Candidate]]) -> Candidate | None:
    """The provider that is the cause instead: one message, rather than one for each of its models."""
    if labels_of(model.shared) != (Label.MODEL,):
        return None
    beside = holders[next(iter(model.members))]
    return next((one for one in beside if labels_of(one.shared) == (Label.PROVIDER,) and one.takes_in(model)), None)


def names_in_common(dimensions: Iterable[Dimension]) -> Mapping[Dimension, list[Dimension]]:
    """Every name that at least two of them share, with those that do."""
    found: dict[Label, defaultdict[str, list[Dimension]]] = {label: defaultdict(list) for label in Label}
    for dimension in dimensions:
        for label, by_name in found.items():
            by_name[label.of(dimension) or ""].append(dimension)
    return {
        label.shared(name): sharing
        for label, by_name in found.items()
        for name, sharing in by_name.items()
        if len(sharing) >= 2
    }


SliceOf = Callable[[Collection[Dimension]], Slice]


def candidates_of(
    firing: Sequence[Dimension], slice_of: SliceOf, *, explained: Collection[Dimension]
) -> list[Candidate]:
    """Every name shared, and all traffic. ``slice_of`` chooses the window in which those that share it are seen.

    ``explained`` are dimensions of open incidents: nothing that happens there is for or against a new cause.
    """
    shared = {**names_in_common(firing), **({ALL_TRAFFIC: firing} if len(firing) > 1 else {})}
    apart = {*firing, *explained}
    seen: dict[Slice, tuple[Slice, Ratio]] = {}
    found: list[Candidate] = []
    for cause, sharing in shared.items():
        counted = slice_of(sharing)
        if counted not in seen:
            seen[counted] = counted.without(apart), counted.affected(firing)
        others, affected = seen[counted]
        members = {dimension: counted.ratio(dimension) for dimension in sharing}
        found.append(Candidate(cause, members, others=others.within(cause), affected=affected))
    return found
