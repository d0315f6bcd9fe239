"""Objectives of one file seen beside each other: what cannot stand, and what was probably not meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import combinations

from o11y.slo.burn_rate import firing_fraction
from o11y.slo.objective import Match, Objective
from o11y.slo.yaml_fields import Place, Problem


@dataclass(frozen=True, slots=True)
class Entry:
    """An objective, where the file has it, and the window set it names (None: its own list)."""

    objective: Objective
    place: Place
    window_set: str | None


def same_names(entries: Sequence[Entry]) -> list[Problem]:
    """A problem for each name that an earlier objective has: alerts are told apart by it."""
    first: dict[str, Entry] = {}
    problems = []
    for entry in entries:
        earlier = first.setdefault(entry.objective.name, entry)
        if earlier is not entry:
            message = (
                f"'{entry.objective.name}' refused, it is the name of line {earlier.place.line}; accepted: another"
            )
            problems.append(Problem(entry.place.line, f"{entry.place.path}.name: {message}"))
    return problems


def review(entries: Sequence[Entry]) -> list[Problem]:
    """Warnings: pairs that only a complete outage fires, and objectives of which only the file's order chooses."""
    warnings = [
        entry.place.says(f"{pair} fires only when every valid event is bad")
        for entry in entries
        for pair in entry.objective.pairs
        if firing_fraction(pair.burn_rate, entry.objective.budget) == 1
    ]
    for earlier, later in combinations(entries, 2):
        if _ties(earlier.objective, later.objective):
            message = (
                f"as specific as '{earlier.objective.name}' (line {earlier.place.line}), which wins where both match, "
                f"as the first of family '{later.objective.family}'; to hear both, give one a family of its own"
            )
            warnings.append(later.place.says(message))
    return warnings


def _ties(one: Objective, other: Objective) -> bool:
    return (
        one.family == other.family
        and one.scope is other.scope
        and one.match.specificity == other.match.specificity
        and _may_overlap(one.match, other.match)
    )


def _may_overlap(one: Match, other: Match) -> bool:
    return all(_globs_meet(a, b) for a, b in zip(one.globs, other.globs, strict=True))


def _globs_meet(one: str, other: str) -> bool:
    """Whether a name may fit both. Of two real globs only the beginnings are compared: at worst a warning too many."""
    if fnmatchcase(one, other) or fnmatchcase(other, one):
        return True
    start, other_start = _literal_start(one), _literal_start(other)
    if start == one or other_start == other:
        return False
    return start.startswith(other_start) or other_start.startswith(start)


def _literal_start(glob: str) -> str:
    return glob[: next((index for index, letter in enumerate(glob) if letter in "*?["), len(glob))]
