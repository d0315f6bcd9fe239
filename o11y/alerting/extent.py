"""How far a cause reaches: what of it fires, and who is demonstrably not affected."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from o11y.alerting.incident import Cause, Extent
from o11y.alerting.traffic import ALL_TRAFFIC, Label, Row, Slice, Traffic, is_well, labels_of, total
from o11y.slo.counts import NOTHING
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.sli import Sli

#: who is well is named up to here, and counted beyond
NAMED_WELL = 5
#: of those beside the cause so many in any case: that other providers are well is what somebody can act on
NAMED_BESIDE = 2

#: what a cause is made of, in the order in which somebody would look at it
_PARTS: Mapping[Label | None, Sequence[Label]] = {
    Label.PROVIDER: (Label.MODEL, Label.CLIENT),
    Label.CLIENT: (Label.PROVIDER, Label.MODEL),
    Label.MODEL: (Label.PROVIDER, Label.CLIENT),
    None: (Label.PROVIDER, Label.CLIENT, Label.MODEL),
}


def extent(cause: Cause, firing: Collection[Dimension], *, traffic: Traffic, sli: Sli, window_s: int) -> Extent:
    """How much of ``cause`` fires, seen in the last ``window_s`` seconds of ``sli``.

    ``firing`` is everything that fires now, of whatever cause: who fires is never called well. Aggregates in it say
    nothing of their parts and are left out.
    """
    alone = [dimension for dimension in firing if dimension.scope is Scope.MODEL]
    counted = traffic.within(sli, window_s).including(dict.fromkeys(alone, NOTHING))
    return Surroundings(counted, alone).extent(cause.shared)


class Surroundings:
    """Everything that has traffic, split into what fires, what is well, and what is neither."""

    def __init__(self, counted: Slice, firing: Iterable[Dimension]) -> None:
        self._counted = counted
        self._firing = frozenset(firing)
        affected = counted.affected(self._firing)
        self._affected = affected if affected.valid else counted.ratio(ALL_TRAFFIC)
        self._well: dict[Label, list[str]] = {}

    def extent(self, shared: Dimension) -> Extent:
        """Of one name in common, of all traffic, or of a single dimension, whose neighbours differ in one name."""
        rows = self._counted.within(shared)
        labels = labels_of(shared)
        fires = [dimension for dimension, _ in rows if dimension in self._firing]
        label, well = self._inside(rows, labels[0] if labels else None) if len(labels) < 2 else (Label.MODEL, [])
        well_named = tuple(well[:NAMED_WELL])
        beside_label, beside = self._beside(shared, labels)
        beside_named = tuple(beside[: max(NAMED_WELL - len(well_named), NAMED_BESIDE)])
        return Extent(
            firing=len(fires),
            active=len(rows),
            clients=_counts(Label.CLIENT, fires, rows),
            providers=_counts(Label.PROVIDER, fires, rows),
            models=_counts(Label.MODEL, fires, rows),
            well=well_named,
            well_more=len(well) - len(well_named),
            well_label=label.value,
            neighbours=beside_named,
            neighbours_more=len(beside) - len(beside_named) if beside_named else 0,
            neighbours_label=beside_label.value if beside_named and beside_label else "",
        )

    def _inside(self, rows: Collection[Row], label: Label | None) -> tuple[Label, list[str]]:
        """The first kind of part of which some are well."""
        kinds = _PARTS[label]
        for kind in kinds:
            if well := self._unaffected(_grouped(rows, kind.of)):
                return kind, well
        return kinds[0], []

    def _beside(self, shared: Dimension, labels: Sequence[Label]) -> tuple[Label | None, list[str]]:
        match len(labels):
            case 0:
                return None, []
            case 1:
                (label,) = labels
                if label not in self._well:
                    self._well[label] = self._unaffected(self._counted.by_name(label))
                own = label.of(shared)
                return label, [name for name in self._well[label] if name != own]
            case _:
                return self._beside_a_single(shared)

    def _beside_a_single(self, shared: Dimension) -> tuple[Label | None, list[str]]:
        """Whoever shares all names but one: other models of the client at the provider first."""
        for label in (Label.MODEL, Label.CLIENT, Label.PROVIDER):
            others = Dimension(**{each.value: None if each is label else each.of(shared) for each in Label})
            if well := self._unaffected(_grouped(self._counted.within(others), label.of)):
                return label, well
        return None, []

    def _unaffected(self, rows_by_name: Mapping[str, Collection[Row]]) -> list[str]:
        """The names of which nothing fires and little is bad, those with the most traffic first."""
        found: list[tuple[int, str]] = []
        for name, rows in rows_by_name.items():
            if any(dimension in self._firing for dimension, _ in rows):
                continue
            counted = total(ratio for _, ratio in rows)
            if is_well(counted, self._affected):
                found.append((-counted.valid, name))
        return [name for _, name in sorted(found)]


def _grouped(rows: Iterable[Row], name_of: Callable[[Dimension], str | None]) -> Mapping[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[name_of(row[0]) or ""].append(row)
    return found


def _counts(label: Label, fires: Iterable[Dimension], rows: Iterable[Row]) -> tuple[int, int]:
    """(names that fire, names with traffic)."""
    return len({label.of(dimension) for dimension in fires}), len({label.of(dimension) for dimension, _ in rows})
