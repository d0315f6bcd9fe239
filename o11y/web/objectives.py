"""``/objectives``: what holds where and who said so, and the form that changes it."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from o11y.slo.in_force import SELECTABLE, Misfit, misfits, misfits_of_names, values_of
from o11y.slo.objective import Objective
from o11y.slo.override import Override, Selector, Values
from o11y.slo.override_json import shown
from o11y.web.objective_form import CHOICES, FIELDS, Filled, asked_in, filled
from o11y.web.objective_history import history
from o11y.web.objective_words import LABELS, editing, meaning, removed_text, values_at, values_text, where
from o11y.web.page import Answer, Change, Done, Page, Refusal, View, Visit
from o11y.worker.objective_overrides import NoSuchObjective, ObjectiveOverrides, TooManyOverrides
from o11y.worker.objectives_in_force import ObjectivesInForce
from o11y.worker.override_request import BadOverride
from o11y.worker.selector_names import LONGEST_NAME, measured, unusable
from o11y.worker.suggestions import NothingToSuggest, Proposal, Rehearsed, Suggestions

PATH = "/objectives"
MOST_PERIODS = 100
PAGE_OF = 100
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


def objectives_pages(
    in_force: ObjectivesInForce, overrides: ObjectiveOverrides, suggestions: Suggestions
) -> Sequence[Page | Change]:
    pages = _Pages(in_force, overrides, suggestions)
    return [
        Page(PATH, pages.listed),
        Page(f"{PATH}/edit", pages.form),
        Change(f"{PATH}/save", pages.save),
        Change(f"{PATH}/remove", pages.remove),
        Change(f"{PATH}/suggest", pages.suggest),
        Change(f"{PATH}/rehearse", pages.rehearse),
    ]


class _Pages:
    def __init__(self, in_force: ObjectivesInForce, overrides: ObjectiveOverrides, suggestions: Suggestions) -> None:
        self._in_force, self._overrides, self._suggestions = in_force, overrides, suggestions

    async def listed(self, visit: Visit) -> Answer:
        objectives = await self._in_force.renew()
        named = {objective.name: objective for objective in objectives}
        page, last = _page_in(visit, len(self._in_force.overrides))
        kept = self._in_force.overrides[(page - 1) * PAGE_OF : page * PAGE_OF]
        inert = {each.override: each.why for each in self._in_force.inert}
        context = {
            **await history(self._overrides, visit.query, named, path=PATH),
            "nav": "objectives",
            "labels": LABELS,
            "objectives": [_row(each) for each in objectives],
            "overrides": [_override_row(each, named, inert.get(each)) for each in kept],
            "number": len(self._in_force.overrides),
            "page": page,
            "last": last,
            "hrefs": _hrefs(page, last, visit.query),
        }
        return View("objectives.html", context)

    async def form(self, visit: Visit) -> Answer:
        await self._in_force.renew()
        objective = self._objective(visit.query.get("objective", ""))
        selector = self._selector(visit.query, objective)
        kept = self._kept(selector)
        return self._view(objective, selector, filled(kept.values if kept else None, kept.note if kept else ""))

    async def save(self, visit: Visit) -> Answer:
        objective = self._objective(visit.form.get("objective", ""))
        selector = self._selector(visit.form, objective)
        try:
            values, note = asked_in(visit.form)
            await self._overrides.put(selector, values, by=visit.admin.name, note=note, spelled=LABELS)
        except BadOverride as error:
            return self._view(objective, selector, Filled.of(visit.form, error), status=400)
        except TooManyOverrides as error:
            raise Refusal(409, str(error)) from None
        except NoSuchObjective:
            raise Refusal(404, "There is no such objective.") from None
        return Done(PATH, f"{objective.name}, {where(selector)}: saved. It holds from the next evaluation on.")

    async def remove(self, visit: Visit) -> Answer:
        """Under the very names that it is kept under, and of an objective that the file has no more, too."""
        written = Selector(visit.form.get("objective", ""), **_names(visit.form))
        alike = (each.selector for each in self._in_force.overrides if _as_sent(each.selector) == _as_sent(written))
        selector = written if self._kept(written) else next(alike, written)
        removed = await self._overrides.remove(selector, by=visit.admin.name)
        if removed is None:
            raise Refusal(404, "There is no such override; somebody may have removed it just now.")
        holds = removed_text(removed, self._in_force.named(selector.objective))
        return Done(PATH, f"{selector.objective}, {where(selector)}: removed. {holds}")

    async def suggest(self, visit: Visit) -> Answer:
        """The form again, with what is proposed filled in, and what that would have fired."""
        objective = self._objective(visit.form.get("objective", ""))
        selector = self._selector(visit.form, objective)
        if found := [*unusable(selector), *misfits_of_names(objective, selector)]:
            return self._refused(objective, selector, visit.form, found)
        try:
            proposal = await self._suggestions.propose(objective, selector)
        except NothingToSuggest as error:
            return self._view(objective, selector, Filled.of(visit.form), unsaid=str(error))
        form = {**visit.form, **{name: str(value) for name, value in shown(proposal.values).items()}}
        return await self._rehearsed(objective, selector, form, proposal)

    async def rehearse(self, visit: Visit) -> Answer:
        """The form again, with what its values would have fired."""
        objective = self._objective(visit.form.get("objective", ""))
        return await self._rehearsed(objective, self._selector(visit.form, objective), visit.form, None)

    async def _rehearsed(
        self, objective: Objective, selector: Selector, form: Any, proposal: Proposal | None
    ) -> Answer:
        try:
            values, _ = asked_in(form)
            if found := [*unusable(selector), *misfits(objective, selector, values)]:
                raise BadOverride.of(found, LABELS)
            rehearsed = await self._suggestions.rehearse(objective, selector, values)
        except BadOverride as error:
            return self._view(objective, selector, Filled.of(form, error), proposal=proposal, status=400)
        except NothingToSuggest as error:
            return self._view(objective, selector, Filled.of(form), proposal=proposal, unsaid=str(error))
        return self._view(objective, selector, Filled.of(form), proposal=proposal, rehearsed=rehearsed)

    def _refused(self, objective: Objective, selector: Selector, form: Any, found: list[Misfit]) -> View:
        return self._view(objective, selector, Filled.of(form, BadOverride.of(found, LABELS)), status=400)

    def _view(
        self,
        objective: Objective,
        selector: Selector,
        form: Filled,
        *,
        proposal: Proposal | None = None,
        rehearsed: Rehearsed | None = None,
        unsaid: str = "",
        status: int = 200,
    ) -> View:
        context = {
            "nav": "objectives",
            "objective": objective,
            "meaning": meaning(objective),
            "where": where(selector),
            "names": [(kind, selector.named.get(kind, "")) for kind in SELECTABLE[objective.scope]],
            "values": values_at(objective, selector),
            "fields": [FIELDS[name] for name in values_of(objective)],
            "choices": CHOICES,
            "form": form,
            "kept": self._kept(selector),
            "proposal": proposal,
            "rehearsed": rehearsed,
            **_periods(rehearsed),
            "unsaid": unsaid,
            "can_suggest": len(values_of(objective)) > len(CHOICES),
        }
        return View("objective_edit.html", context, status)

    def _objective(self, name: str) -> Objective:
        objective = self._in_force.named(name)
        if objective is None:
            names = ", ".join(each.name for each in self._in_force.current())
            raise Refusal(404, f"There is no such objective. The file has {names}.")
        return objective

    def _selector(self, fields: Any, objective: Objective) -> Selector:
        """As one is kept, or else in the spelling under which its model is measured."""
        written = selector_in(fields, objective)
        return written if self._kept(written) else measured(written)

    def _kept(self, selector: Selector) -> Override | None:
        return next((each for each in self._in_force.overrides if each.selector == selector), None)


def selector_in(fields: Any, objective: Objective) -> Selector:
    """The names among the fields of a query or a form; an empty one is all of them."""
    names = {kind: name for kind, name in _names(fields).items() if kind in SELECTABLE[objective.scope]}
    for kind, name in names.items():
        if len(name) > LONGEST_NAME:
            raise Refusal(400, f"The {kind} is longer than the {LONGEST_NAME:,} characters that are accepted.")
    return Selector(objective.name, **names)


def _names(fields: Any) -> dict[str, str]:
    """As they were written; a blank one is all of them."""
    names = {kind: fields.get(kind, "") for kind in ("client", "provider", "model")}
    return {kind: name for kind, name in names.items() if name.strip()}


def _as_sent(selector: Selector) -> tuple[str, dict[str, str]]:
    """What a browser makes of the names on their way through a form: of every line break, and of NUL."""
    names = {kind: "\n".join(_LINE_BREAK.split(name)).replace("\0", "\ufffd") for kind, name in selector.named.items()}
    return selector.objective, names


def _periods(rehearsed: Rehearsed | None) -> dict[str, Any]:
    """The newest ones, and how many are not listed."""
    rows: list[dict[str, Any]] = [
        {
            "dimension": str(dimension),
            "severity": severity,
            "start": datetime.fromtimestamp(period.start_s, UTC),
            "end": datetime.fromtimestamp(period.end_s, UTC),
            "firing_s": period.firing_s,
        }
        for dimension, one in (rehearsed.of if rehearsed is not None else ())
        for severity, periods in (("page", one.pages), ("ticket", one.tickets))
        for period in periods
    ]
    rows.sort(key=lambda row: row["start"], reverse=True)
    return {"periods": rows[:MOST_PERIODS], "unlisted": max(0, len(rows) - MOST_PERIODS)}


def _row(objective: Objective) -> dict[str, Any]:
    everywhere = Selector(objective.name)
    return {
        "objective": objective,
        "meaning": meaning(objective),
        "values": {value.name: value for value in values_at(objective, everywhere)},
        "overrides": len(objective.layers),
        "href": editing(everywhere),
    }


def _override_row(override: Override, named: Any, why_inert: str | None) -> dict[str, Any]:
    return {
        "override": override,
        "where": where(override.selector),
        "values": _labelled(override.values, named.get(override.selector.objective)),
        "href": editing(override.selector) if override.selector.objective in named else None,
        "names": override.selector.named,
        "why_inert": why_inert,
    }


def _labelled(values: Values, objective: Objective | None) -> list[tuple[str, str]]:
    found = []
    for name, value in values.given.items():
        text = values_text(Values(**{name: value}), objective)
        found.append((LABELS[name], text.removeprefix(f"{LABELS[name].lower()} ")))
    return found


def _page_in(visit: Visit, number: int) -> tuple[int, int]:
    last = max(1, -(-number // PAGE_OF))
    text = visit.query.get("page", "1")
    if not (text.isascii() and text.isdigit() and int(text[:9]) >= 1):
        raise Refusal(400, f"page: a whole number from 1 to {last} is accepted.")
    return min(int(text[:9]), last), last


def _hrefs(page: int, last: int, query: Mapping[str, str]) -> dict[str, str | None]:
    """The history stays where it is."""
    rest = {"before": query["before"]} if "before" in query else {}
    return {
        "previous": f"{PATH}?{urlencode({'page': page - 1, **rest})}" if page > 1 else None,
        "next": f"{PATH}?{urlencode({'page': page + 1, **rest})}" if page < last else None,
    }
