"""``/alerts``: what happened to every incident and why, and what a month was like for those on call."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from o11y.http.slack_link import slack_link
from o11y.slo.objective import Objective
from o11y.web.page import Answer, Change, Page, Refusal, View, Visit
from o11y.worker.alert_log import MOST_STEPS, AlertLog, LogPage
from o11y.worker.log_request import (
    LONGEST_RANGE,
    NAMES,
    TRANSITIONS,
    BadQuestion,
    Month,
    after_incident,
    incident_mark,
    month_in,
    question_in,
    range_in,
)
from o11y.worker.objectives_in_force import ObjectivesInForce
from o11y.worker.ports import Clock
from o11y.worker.ports.alert_log import LoggedIncident, LogQuestion, Standing, Step

PATH = "/alerts"
_FIELDS = (*NAMES, "severity", "transition", "from", "to", "month")
#: how a transition stands out
_TONES = {
    "fired": "page",
    "joined": "page",
    "reopened": "page",
    "escalated": "page",
    "worsened": "page",
    "reminded": "page",
    "undeliverable": "page",
    "resolved": "ok",
    "improved": "ok",
    "expired": "nodata",
    "no_data": "nodata",
    "silenced": "silenced",
    "cooldown": "silenced",
    "acknowledged": "acknowledged",
}


def alerts_pages(log: AlertLog, in_force: ObjectivesInForce, *, clock: Clock) -> Sequence[Page | Change]:
    async def history(visit: Visit) -> Answer:
        now = clock()
        asked = {name: text for name in _FIELDS if (text := visit.query.get(name, "").strip())}
        try:
            question, month = _question(asked, now)
            after = after_incident(visit.query.get("after", ""))
        except BadQuestion as error:
            raise Refusal(400, f"{error}.") from None
        page = await log.page(question, after=after)
        context = {
            "asked": {name: asked.get(name, "") for name in _FIELDS},
            "filtered": bool(asked.keys() - {"month"}),
            "month": month,
            "months": _months(month, asked, now),
            "summary": await log.on_call(question, now=now) if after is None and "incident" not in asked else None,
            "question": question,
            "incidents": [_row(one, page.steps.get(one.incident_id, ()), now, in_force) for one in page.incidents],
            "opened": "incident" in asked,
            "transitions": TRANSITIONS,
            "objectives": [objective.name for objective in in_force.current()],
            "next": _next(page, asked),
            "first": None if after is None else _path(asked),
        }
        return View("alerts.html", context)

    return [Page(PATH, history)]


def _question(asked: Mapping[str, str], now: datetime) -> tuple[LogQuestion, Month | None]:
    """Of the month that is asked for, the present one, or the times given. A single incident may be anywhere."""
    if "from" in asked or "to" in asked:
        since, until = range_in(asked, now=now)
        return question_in(asked, since=since, until=until), None
    if "incident" in asked and "month" not in asked:
        until = now + timedelta(minutes=1)
        return question_in(asked, since=until - LONGEST_RANGE, until=until), None
    month = month_in(asked, now=now)
    return question_in(asked, since=month.since, until=month.until), month


def _row(incident: LoggedIncident, steps: Sequence[Step], now: datetime, in_force: ObjectivesInForce) -> dict[str, Any]:
    lasted = (incident.ended_at or now) - incident.opened_at
    answered = None
    if incident.acknowledged_at is not None and incident.paged_at is not None:
        answered = max(0.0, (incident.acknowledged_at - incident.paged_at).total_seconds())
    return {
        "incident": incident,
        "severity": incident.severity.value,
        "standing": _standing(incident),
        "lasted_s": max(0.0, lasted.total_seconds()),
        "answered_s": answered,
        "slack": slack_link(incident.slack),
        "more": max(0, incident.alerts - len(incident.dimensions)),
        "runbooks": _runbooks(incident, in_force.current()),
        "steps": [{"step": step, "tone": _tone(step), "said": step.transition.replace("_", " ")} for step in steps],
        "cut": len(steps) >= MOST_STEPS,
        "href": f"{PATH}?{urlencode({'incident': incident.incident_id})}",
    }


def _standing(incident: LoggedIncident) -> tuple[str, str]:
    """Tone and word."""
    match incident.standing:
        case Standing.FIRING:
            if incident.acknowledged_at is not None:
                return "acknowledged", "acknowledged"
            return incident.severity.value, "firing"
        case Standing.NO_DATA:
            return "nodata", "no data"
        case Standing.RESOLVED:
            return "ok", "resolved"
        case Standing.EXPIRED:
            return "nodata", "closed"


def _tone(step: Step) -> str:
    tone = _TONES.get(step.transition, "muted")
    return "ticket" if tone == "page" and step.severity == "ticket" else tone


def _runbooks(incident: LoggedIncident, objectives: Sequence[Objective]) -> list[str]:
    """Addresses a browser can follow."""
    found = (each.runbook for each in objectives if each.name in incident.objectives)
    return list(dict.fromkeys(url for url in found if url and url.startswith(("https://", "http://"))))


def _months(month: Month | None, asked: Mapping[str, str], now: datetime) -> list[tuple[str, str, bool]]:
    """Links to a few months around the one that is shown: words, address, whether it is that one."""
    present = Month(now.year, now.month)
    shown = [present]
    while len(shown) < 6:
        shown.append(shown[-1].before)
    if month is not None and month not in shown:
        shown.append(month)
    kept = {name: text for name, text in asked.items() if name not in ("from", "to", "month", "incident")}
    return [
        (f"{each.since:%b %Y}", f"{PATH}?{urlencode({**kept, 'month': str(each)})}", each == month)
        for each in sorted(shown, key=lambda each: (each.year, each.number))
    ]


def _next(page: LogPage, asked: Mapping[str, str]) -> str | None:
    return None if page.after is None else _path({**asked, "after": incident_mark(page.after)})


def _path(asked: Mapping[str, str]) -> str:
    return f"{PATH}?{urlencode(asked)}" if asked else PATH
