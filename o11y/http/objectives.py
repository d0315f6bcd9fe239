"""``/api/v1/objectives``: what holds where and who said so; overrides, their history, and what is suggested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from o11y.http.admin import AdminRequest, Endpoint, Reply, refuse
from o11y.http.admin_tokens import Role
from o11y.http.ingest_answer import Refused, failure
from o11y.http.objective_json import (
    change_json,
    objective_json,
    override_json,
    proposal_json,
    rehearsed_json,
    values_json,
)
from o11y.http.query_names import check_names
from o11y.model_id import normalise_model
from o11y.slo.in_force import Misfit, misfits, misfits_of_names
from o11y.slo.objective import Objective
from o11y.slo.override import Override, Selector, Values
from o11y.worker.objective_overrides import NoSuchObjective, ObjectiveOverrides, TooManyOverrides
from o11y.worker.objectives_in_force import ObjectivesInForce
from o11y.worker.override_request import SPELLED, BadOverride, asked, moment
from o11y.worker.selector_names import LONGEST_NAME, can_be_kept, measured, why_unusable
from o11y.worker.suggestions import NothingToSuggest, Suggestions

PATH = "/api/v1/objectives"
OVERRIDES_PATH = "/api/v1/objective-overrides"
CHANGES_PATH = "/api/v1/objective-changes"
SUGGESTION_PATH = "/api/v1/objective-suggestion"

_MOST_CHANGES = 1_000
_NAMES = ("client", "provider", "model")
_SELECTOR = ("objective", *_NAMES)


@dataclass(frozen=True, slots=True)
class Administration:
    """Everything that objectives are administered with."""

    in_force: ObjectivesInForce
    overrides: ObjectiveOverrides
    suggestions: Suggestions


def objective_endpoints(parts: Administration) -> list[Endpoint]:
    """Reading for viewers, changing for editors. A selector is in the query: objective, client, provider, model."""
    doors = _Doors(parts)
    return [
        Endpoint("GET", PATH, Role.VIEWER, doors.listed),
        Endpoint("GET", f"{PATH}/{{name:path}}", Role.VIEWER, doors.one),
        Endpoint("GET", OVERRIDES_PATH, Role.VIEWER, doors.overrides),
        Endpoint("PUT", OVERRIDES_PATH, Role.EDITOR, doors.put),
        Endpoint("DELETE", OVERRIDES_PATH, Role.EDITOR, doors.removed),
        Endpoint("GET", CHANGES_PATH, Role.VIEWER, doors.changes),
        Endpoint("GET", SUGGESTION_PATH, Role.VIEWER, doors.suggested),
    ]


class _Doors:
    def __init__(self, parts: Administration) -> None:
        self._in_force, self._overrides, self._suggestions = parts.in_force, parts.overrides, parts.suggestions

    async def listed(self, request: AdminRequest) -> Reply:
        check_names(request)
        objectives = await self._in_force.renew()
        return Reply({"objectives": [objective_json(each) for each in objectives], "overrides": self._kept()})

    async def one(self, request: AdminRequest) -> Reply:
        check_names(request, *_NAMES)
        await self._in_force.renew()
        selector = selector_of(request.query, request.in_path["name"])
        objective = self._named(selector.objective)
        _check(misfits_of_names(objective, selector))
        return Reply({"objective": objective_json(objective, selector), "overrides": self._kept(objective.name)})

    async def overrides(self, request: AdminRequest) -> Reply:
        check_names(request, "objective")
        await self._in_force.renew()
        return Reply({"overrides": self._kept(request.query.get("objective"))})

    async def put(self, request: AdminRequest) -> Reply:
        check_names(request, *_SELECTOR)
        selector = selector_of(request.query, _objective_in(request.query))
        with_words = _asked(request.body)
        override = await put(self._overrides, selector, *with_words, by=request.admin.name)
        return Reply({"override": self._shown(override)})

    async def removed(self, request: AdminRequest) -> Reply:
        """Of what is kept under these very names; else of the model in the spelling under which it is measured."""
        check_names(request, *_SELECTOR)
        objective = _objective_in(request.query)
        written = Selector(objective, **_kept_names(request.query))
        for selector in dict.fromkeys((written, measured(written))):
            if await self._overrides.remove(selector, by=request.admin.name) is not None:
                return Reply({})
        raise Refused(failure(404, "There is no such override"))

    async def changes(self, request: AdminRequest) -> Reply:
        check_names(request, "objective", "before", "limit")
        query = request.query
        most, before = _limit(query.get("limit", "100")), _time(query.get("before"))
        found = await self._overrides.changes(objective=query.get("objective") or None, before=before, most=most)
        named = {objective.name: objective for objective in self._in_force.current()}
        return Reply({"changes": [change_json(change, named.get(change.selector.objective)) for change in found]})

    async def suggested(self, request: AdminRequest) -> Reply:
        """What is proposed; with values in the query those are evaluated again instead."""
        check_names(request, *_SELECTOR, *SPELLED.values())
        await self._in_force.renew()
        query = request.query
        selector = selector_of(query, _objective_in(query))
        objective = self._named(selector.objective)
        _check(misfits_of_names(objective, selector))
        given = _values_in(query)
        content: dict[str, Any] = {}
        try:
            if not given.given:
                proposal = await self._suggestions.propose(objective, selector)
                content["proposal"], given = proposal_json(proposal, objective), proposal.values
            _check(misfits(objective, selector, given))
            rehearsed = await self._suggestions.rehearse(objective, selector, given)
        except NothingToSuggest as error:
            raise Refused(failure(409, str(error))) from None
        return Reply({**content, "under": values_json(given, objective), "lastSevenDays": rehearsed_json(rehearsed)})

    def _named(self, name: str) -> Objective:
        objective = self._in_force.named(name)
        if objective is None:
            raise no_such_objective(self._in_force.current())
        return objective

    def _kept(self, name: str | None = None) -> list[dict[str, Any]]:
        of = [each for each in self._in_force.overrides if name is None or each.selector.objective == name]
        return [self._shown(override) for override in of]

    def _shown(self, override: Override) -> dict[str, Any]:
        why = next((each.why for each in self._in_force.inert if each.override == override), None)
        return override_json(override, self._in_force.named(override.selector.objective), why_inert=why)


async def put(
    overrides: ObjectiveOverrides,
    selector: Selector,
    values: Values,
    note: str,
    *,
    by: str,
    spelled: Mapping[str, str] = SPELLED,
) -> Override:
    """The override that holds from now on; what refuses it becomes an answer, in the fields that were sent."""
    try:
        return await overrides.put(selector, values, by=by, note=note, spelled=spelled)
    except NoSuchObjective:
        raise Refused(failure(404, "There is no such objective")) from None
    except TooManyOverrides as error:
        raise Refused(failure(409, str(error))) from None
    except BadOverride as error:
        raise refuse_override(error) from None


def refuse_override(error: BadOverride) -> Refused:
    return refuse(*((one.path, one.message) for one in error.problems))


def no_such_objective(objectives: Sequence[Objective]) -> Refused:
    names = ", ".join(objective.name for objective in objectives)
    return Refused(failure(404, f"There is no such objective; those are {names}"))


def selector_of(query: Mapping[str, str], objective: str) -> Selector:
    """The names in a query; a model in whatever spelling a gateway has for it."""
    return Selector(objective, **{kind: name_of(kind, query[kind]) for kind in _NAMES if kind in query})


def name_of(kind: str, name: str) -> str:
    """As it is measured. 400 for what no client, provider or model is called."""
    name = kept_name_of(kind, name)
    found = normalise_model(name)[0] if kind == "model" else name
    if (why := why_unusable(found)) is not None:
        raise refuse(([kind], why))
    return found


def kept_name_of(kind: str, name: str) -> str:
    """As it was sent, even what is no name any more: it may have been kept. 400 for what never was."""
    if not can_be_kept(name):
        raise refuse(([kind], f"must be from 1 to {LONGEST_NAME} characters"))
    return name


def _kept_names(query: Mapping[str, str]) -> dict[str, str]:
    return {kind: kept_name_of(kind, query[kind]) for kind in _NAMES if kind in query}


def _objective_in(query: Mapping[str, str]) -> str:
    name = query.get("objective", "")
    if not can_be_kept(name):
        raise refuse((["objective"], "must be the name of an objective"))
    return name


def _check(found: list[Misfit]) -> None:
    if found:
        raise refuse_override(BadOverride.of(found))


def _asked(body: object) -> tuple[Values, str]:
    try:
        return asked(body)
    except BadOverride as error:
        raise refuse_override(error) from None


def _values_in(query: Mapping[str, str]) -> Values:
    """Values written in a query: ``target=0.99&thresholdMs=5000&enabled=true``."""
    given: dict[str, Any] = {field: query[field] for field in SPELLED.values() if field in query}
    for field in ("thresholdMs", "minRequests"):
        if given.get(field, "").isascii() and given.get(field, "").isdigit() and len(given[field]) < 20:
            given[field] = int(given[field])
    for field in ("enabled", "pageEligible"):
        given |= {field: given[field] == "true"} if given.get(field) in ("true", "false") else {}
    return _asked(given)[0] if given else Values()


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _MOST_CHANGES):
        raise refuse((["limit"], f"must be a whole number from 1 to {_MOST_CHANGES}"))
    return int(text)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return moment(text)
    except ValueError:
        raise refuse((["before"], "must be an RFC 3339 time with its zone, such as 2026-08-12T17:05:00Z")) from None
