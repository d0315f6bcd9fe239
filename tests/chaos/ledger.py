"""The books of a scenario: what was acknowledged against what is stored, and what was due against what was told."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from o11y.alerting.incident import Change
from tests.chaos.said import Said
from tests.program.facade_process import ROLLUPS

#: answers a query with the rows of its answer, as text
Rows = Callable[[str], list[list[str]]]


@dataclass(frozen=True, slots=True)
class Events:
    """``lost`` and ``duplicated`` in the raw table, or in the rollup that is furthest from it."""

    lost: int
    duplicated: int


def audit_events(rows: Rows, acknowledged: Collection[str]) -> Events:
    """Every acknowledged event is stored once. (Others may be stored too: their answer was lost.)

    A rollup is compared with the distinct raw events, dimension by dimension, so that a loss in one cannot hide a
    duplicate in another.
    """
    stored = [row[0] for row in rows("SELECT event_id FROM api_events")]
    distinct = set(stored)
    truth = _per_dimension(rows, "SELECT dim_id, uniqExact(event_id) FROM api_events GROUP BY dim_id")
    missing, surplus = 0, len(stored) - len(distinct)
    for rollup in ROLLUPS:
        found = _per_dimension(rows, f"SELECT dim_id, sum(total) FROM {rollup} GROUP BY dim_id")
        missing = max(missing, (truth - found).total())
        surplus = max(surplus, (found - truth).total())
    return Events(lost=len(set(acknowledged) - distinct) + missing, duplicated=surplus)


def _per_dimension(rows: Rows, sql: str) -> Counter[str]:
    return Counter({dimension: int(total) for dimension, total in rows(sql)})


@dataclass(frozen=True, slots=True)
class Pages:
    """``marked`` are repeats that say that they may be one; ``unexpected`` are texts that nothing was due for."""

    due: int
    lost: int
    duplicated: int
    marked: int
    unexpected: tuple[str, ...]


def audit_told(
    told: Sequence[Said],
    due: Mapping[str, Sequence[Change]],
    *,
    may: Collection[Change] = (),
    marks_allowed: int = 1,
) -> Pages:
    """``told`` in its order; ``due`` says of each name what must be told of it, in this order.

    Of ``may`` each is told once at most, at any time. Of a change ``marks_allowed`` marked repeats are no duplicates.
    """
    lost = duplicated = marked = 0
    unexpected = [one.text for one in told if one.change is None or not any(one.tells_of(name) for name in due)]
    for name, story in due.items():
        about = [one for one in told if one.change is not None and one.tells_of(name)]
        for change in {one.change for one in about if one.change is not None} | set(story):
            told_of = [one for one in about if one.change is change]
            wanted = list(story).count(change)
            most = max(wanted, int(change in may))
            repeats = min(sum(one.repeated for one in told_of), max(0, len(told_of) - most), marks_allowed)
            lost += max(0, wanted - len(told_of))
            marked += repeats
            duplicated += max(0, len(told_of) - most - repeats)
        if not _in_order([one.change for one in about], story):
            unexpected.append(f"{name}: told in another order, {[str(one.change) for one in about]}")
    return Pages(sum(map(len, due.values())), lost, duplicated, marked, tuple(unexpected))


def _in_order(told: Sequence[Change | None], story: Sequence[Change]) -> bool:
    """Whether what was told of the story is in its order, whatever is between; what was lost is counted elsewhere."""
    rest = iter(told)
    return all(change in rest for change in story if list(told).count(change) >= list(story).count(change))
