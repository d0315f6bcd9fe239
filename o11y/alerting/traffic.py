"""What a tick counted, by the names that dimensions share: who had traffic, and how much of it was bad."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter

from o11y.slo.count_table import CountTable, table_of
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Sli

#: a dimension at client x provider x model with what was counted of it
Row = tuple[Dimension, Ratio]


class Label(StrEnum):
    """A name that dimensions can share; of two that say the same, the first here is the cause."""

    PROVIDER = "provider"
    MODEL = "model"
    CLIENT = "client"

    def of(self, dimension: Dimension) -> str | None:
        return _NAME_OF[self](dimension)

    def shared(self, name: str) -> Dimension:
        """What has this name in common: ``Dimension(None, "openai", None)``."""
        return Dimension(**{label.value: name if label is self else None for label in Label})


_NAME_OF: Mapping[Label, Callable[[Dimension], str | None]] = {label: attrgetter(label.value) for label in Label}

ALL_TRAFFIC = Dimension(None, None, None)


def labels_of(shared: Dimension) -> tuple[Label, ...]:
    """The labels that ``shared`` names; none of all traffic."""
    return tuple(label for label in Label if label.of(shared) is not None)


#: who has at most a quarter of the bad share of those that fire is well; not firing alone may be little traffic
_WELL = 4


def is_well(ratio: Ratio, affected: Ratio) -> bool:
    """Whether these events were demonstrably better than ``affected``, the sum of those that fire."""
    return ratio.valid > 0 and _WELL * ratio.bad * affected.valid <= affected.bad * ratio.valid


def total(ratios: Iterable[Ratio]) -> Ratio:
    """The sum, without a value for every addition."""
    bad = valid = 0
    for ratio in ratios:
        bad += ratio.bad
        valid += ratio.valid
    return Ratio(bad, valid)


class Slice:
    """The dimensions with valid events in one window of one SLI. What is summed of them is summed once."""

    def __init__(self, ratios: Mapping[Dimension, Ratio]) -> None:
        self._ratios = ratios
        self._rows: list[Row] = list(ratios.items())
        self._by_name: dict[Label, Mapping[str, list[Row]]] = {}
        self._sums: dict[Dimension, Ratio] = {}

    def within(self, shared: Dimension) -> Collection[Row]:
        """The rows with all the names that ``shared`` has; every row for all traffic."""
        labels = labels_of(shared)
        if not labels:
            return self._rows
        first, *others = labels
        rows = self.by_name(first).get(first.of(shared) or "", [])
        if not others:
            return rows
        return [row for row in rows if all(label.of(row[0]) == label.of(shared) for label in others)]

    def by_name(self, label: Label) -> Mapping[str, list[Row]]:
        """The rows of each name."""
        known = self._by_name.get(label)
        if known is None:
            found: defaultdict[str, list[Row]] = defaultdict(list)
            for row in self._rows:
                found[label.of(row[0]) or ""].append(row)
            known = self._by_name[label] = dict(found)
        return known

    def ratio(self, shared: Dimension) -> Ratio:
        """The sum over ``within(shared)``; of a single dimension its own counts."""
        if (own := self._ratios.get(shared)) is not None:
            return own
        known = self._sums.get(shared)
        if known is None:
            known = self._sums[shared] = total(ratio for _, ratio in self.within(shared))
        return known

    def affected(self, firing: Collection[Dimension]) -> Ratio:
        """The sum over those of ``firing`` that had traffic."""
        return total(self._ratios[dimension] for dimension in firing if dimension in self._ratios)

    def without(self, dimensions: Collection[Dimension]) -> "Slice":
        return Slice({dimension: ratio for dimension, ratio in self._rows if dimension not in dimensions})

    def including(self, ratios: Mapping[Dimension, Ratio]) -> "Slice":
        """With these too, where nothing was counted of them: what an alert saw is traffic, whatever else was read."""
        missing = {dimension: ratio for dimension, ratio in ratios.items() if dimension not in self._ratios}
        return Slice({**self._ratios, **missing}) if missing else self


@dataclass(frozen=True, slots=True)
class Traffic:
    """A view over the counts of one minute. Each window of each SLI is folded when it is first asked for."""

    counts: Counts
    _slices: dict[tuple[Sli, int], Slice] = field(default_factory=dict, init=False, repr=False, compare=False)
    _tables: dict[Sli, CountTable] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, counts: Counts) -> "Traffic":
        return cls(counts)

    def within(self, sli: Sli, window_s: int) -> Slice:
        """What ``sli`` counted in the last ``window_s`` seconds, of dimensions that had any valid events then."""
        known = self._slices.get((sli, window_s))
        if known is None:
            known = self._slices[sli, window_s] = Slice(dict(self.table(sli).rows(sli, window_s)))
        return known

    def table(self, sli: Sli) -> CountTable:
        """The counts by columns, those of ``sli`` at least."""
        known = self._tables.get(sli)
        if known is None:
            known = self._tables[sli] = table_of(self.counts, sli)
        return known
