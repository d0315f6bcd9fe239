"""The objectives file: YAML text -> objectives, or every reason why not, with its line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from o11y.slo.dimension import Scope
from o11y.slo.evidence import Evidence
from o11y.slo.evidence_fields import read_evidence
from o11y.slo.objective import Match, Objective
from o11y.slo.objectives_review import Entry, review, same_names
from o11y.slo.sli import Indicator
from o11y.slo.sli_fields import SLI_KEYS, is_of_traffic, read_sli
from o11y.slo.traffic_fields import DROP_KEYS, Terms, read_drop
from o11y.slo.window_fields import PAIRS_ACCEPTED, read_pairs, unreachable
from o11y.slo.windows import WindowPair
from o11y.slo.yaml_fields import (
    Fields,
    Place,
    Problem,
    Refused,
    attempt,
    compose,
    flag,
    integer,
    number,
    one_of,
    text,
    word_of,
)

_OBJECTIVE_KEYS = (
    "name",
    *SLI_KEYS,
    "target",
    *DROP_KEYS,
    "per",
    "match",
    "windows",
    "evidence",
    "runbook",
    "page_eligible",
    "family",
)

#: what a scope keeps apart, and so what its match can name
_MATCHABLE = {
    Scope.MODEL: ("client", "provider", "model"),
    Scope.PROVIDER: ("provider",),
    Scope.CLIENT: ("client",),
    Scope.ALL: (),
}


class ObjectivesError(Exception):
    """The file was refused. ``problems`` and the text give each as ``file:line: path: what; accepted: ...``."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Objectives:
    """What a file says; ``warnings`` (``file:line: ...``) are allowed, and probably not what was meant."""

    objectives: tuple[Objective, ...]
    warnings: tuple[str, ...] = ()


def load_objectives(content: str, *, name: str) -> tuple[Objective, ...]:
    """The objectives of a file's text, in its order; ``name`` is what errors call it. Raises ``ObjectivesError``."""
    return read_objectives(content, name=name).objectives


def read_objectives(content: str, *, name: str) -> Objectives:
    """As ``load_objectives``, with the warnings."""
    problems: list[Problem] = []
    entries, warnings = _read_file(content, problems)
    if problems:
        raise ObjectivesError(_lines(name, problems))
    return Objectives(tuple(entry.objective for entry in entries), _lines(name, warnings))


def _lines(name: str, problems: list[Problem]) -> tuple[str, ...]:
    return tuple(f"{name}:{problem.line}: {problem.message}" for problem in sorted(problems, key=lambda p: p.line))


def _read_file(content: str, problems: list[Problem]) -> tuple[list[Entry], list[Problem]]:
    """The objectives that can be read, and the warnings; what cannot goes to ``problems``."""
    try:
        root = compose(content)
        if root is None:
            raise Refused(Problem(1, "no objective at all; accepted: a list of objectives under 'objectives:'"))
        fields = Fields(root, ("version", "window_sets", "objectives"), problems=problems)
    except Refused as refused:
        problems.append(refused.problem)
        return [], []
    fields.need("version", integer("1", fits=lambda value: value == 1), accepted="1")
    sets = _read_window_sets(fields, problems)
    accepted = "a list of at least one objective"
    places = fields.need("objectives", lambda place: place.items(accepted), accepted=accepted)
    if places == []:
        problems.append(fields.place_of("objectives").refused(accepted).problem)
    read = [
        attempt(lambda p: _read_objective(p, sets, problems), place, problems=problems, default=None)
        for place in places or ()
    ]
    entries = [entry for entry in read if entry is not None]
    problems += same_names(entries)
    used = {entry.window_set for entry in entries}
    unused = [fields.place_of("window_sets").says(f"set {name} is not used") for name in sets if name not in used]
    return entries, review(entries) + unused


def _read_window_sets(fields: Fields, problems: list[Problem]) -> dict[str, tuple[WindowPair, ...] | None]:
    """Every set by name; None where its pairs were refused, so that an objective naming it is not blamed too."""
    sets = fields.get("window_sets", lambda place: Fields(place, None, problems=problems), default=None)
    return {name: sets.get(name, lambda p: read_pairs(p, problems), default=None) for name in sets} if sets else {}


def _read_objective(
    place: Place, sets: Mapping[str, tuple[WindowPair, ...] | None], problems: list[Problem]
) -> Entry | None:
    """One item of the list; None after a problem in it."""
    before = len(problems)
    fields = Fields(place, _OBJECTIVE_KEYS, problems=problems)
    name = fields.need("name", _label("a name of 1 to 100 printable characters"), accepted="a name of its own")
    sli = read_sli(fields, problems)
    terms = read_drop(fields, problems) if is_of_traffic(fields) else _read_terms(fields, sets, problems)
    target, pairs, evidence = terms
    scope = fields.get("per", one_of(Scope), default=Scope.MODEL)
    match = fields.get("match", lambda p: _read_match(p, scope, problems), default=Match())
    family = fields.get("family", _label("a name of 1 to 100 printable characters"), default="")
    runbook = fields.get("runbook", text("an http:// or https:// URL", fits=_is_url), default=None)
    page_eligible = fields.get("page_eligible", flag, default=True)
    if len(problems) > before or name is None or sli is None or target is None or pairs is None:
        return None
    if sli.indicator is Indicator.TRAFFIC:
        sli = replace(sli, per=scope)
    try:
        objective = Objective(name, sli, target, pairs, scope, match, evidence, family, runbook, page_eligible)
    except ValueError as error:
        raise Refused(place.says(str(error))) from error
    windows = fields.place_of("windows")
    return Entry(objective, place, None if windows.is_list else str(windows.node.value))


def _read_terms(fields: Fields, sets: Mapping[str, tuple[WindowPair, ...] | None], problems: list[Problem]) -> Terms:
    """Target, pairs and evidence of an objective with a budget."""
    between = "a number between 0 and 1, both excluded"
    target = fields.need("target", number(between, fits=lambda value: 0 < value < 1), accepted=between)
    pairs = fields.need("windows", lambda p: _read_windows(p, sets, problems), accepted=PAIRS_ACCEPTED)
    if target is not None and pairs is not None:
        problems += unreachable(fields.place_of("windows"), pairs, target=target)
    return target, pairs, fields.get("evidence", lambda p: read_evidence(p, problems), default=Evidence())


def _read_windows(
    place: Place, sets: Mapping[str, tuple[WindowPair, ...] | None], problems: list[Problem]
) -> tuple[WindowPair, ...] | None:
    if place.is_list:
        return read_pairs(place, problems)
    if not sets:
        raise place.refused(f"{PAIRS_ACCEPTED}; there are no window_sets to name")
    return sets[word_of([*sets])(place)]


def _read_match(place: Place, scope: Scope, problems: list[Problem]) -> Match:
    matchable = _MATCHABLE[scope]
    if not matchable:
        raise place.refused("no match: 'per: all' keeps nothing apart to match")
    fields = Fields(place, _MATCHABLE[Scope.MODEL], problems=problems)
    for key in fields:
        if key not in matchable:
            message = f"'per: {scope}' folds every {key} together; accepted: {', '.join(matchable)}"
            problems.append(fields.place_of(key).says(message))
    glob = text("a name or a glob such as vendor/*")
    model = text(
        "a glob in lower case, as model ids are kept", fits=lambda value: bool(value) and value == value.lower()
    )
    return Match(
        client=fields.get("client", glob, default="*"),
        provider=fields.get("provider", glob, default="*"),
        model=fields.get("model", model, default="*"),
    )


def _label(accepted: str) -> Callable[[Place], str]:
    return text(accepted, fits=lambda value: len(value.strip()) > 0 and len(value) <= 100 and value.isprintable())


def _is_url(value: str) -> bool:
    return value.startswith(("http://", "https://")) and value.isprintable() and " " not in value
