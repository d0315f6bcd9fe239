"""Open incidents as pages list them, and what a person answers to one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from o11y.alerting.book import Book
from o11y.alerting.incident import Incident, Phase
from o11y.alerting.wording_cause import cause_text
from o11y.slo.dimension import Dimension
from o11y.slo.windows import Severity
from o11y.web.page import Change, Done, Refusal, Visit
from o11y.web.paths import dimension_path, own_path
from o11y.worker.open_incidents import OpenIncidents
from o11y.worker.ports.responses import Responses, Taken

ACKNOWLEDGE = "/incidents/acknowledge"
_NAMED_PARTS = 4
_LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """``parts``: the worst of what fires beside ``what``. ``burn_rate``: the highest so far, as Slack tells it."""

    incident_id: str
    tone: str
    severity: str
    state: str
    state_tone: str
    what: str
    href: str
    objectives: str
    since: datetime
    firing: int
    members: int
    burn_rate: Decimal
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    silenced: str
    parts: Sequence[tuple[str, str]]
    parts_more: int


def shown(book: Book, *, about: Callable[[Incident], bool] = lambda _: True) -> list[Shown]:
    """Pages first, those that nobody has taken yet before the others, the newest first."""
    return [_shown(incident, book) for incident in sorted(filter(about, book.open()), key=_order(book))]


def concerns(dimension: Dimension) -> Callable[[Incident], bool]:
    """Whether any of its alerts is of a dimension, or of a part of it."""
    wanted = [name for name in ("client", "provider", "model") if getattr(dimension, name) is not None]

    def about(incident: Incident) -> bool:
        places = (member.dimension for member in incident.members)
        return any(all(getattr(place, name) == getattr(dimension, name) for name in wanted) for place in places)

    return about


def acknowledging(responses: Responses, open_incidents: OpenIncidents) -> Change:
    """The form has ``incident`` and ``back``, the path to return to."""

    async def acknowledge(visit: Visit) -> Done:
        incident_id = visit.form.get("incident", "")
        if not 0 < len(incident_id) <= _LONGEST_ID:
            raise Refusal(400, "incident: which one is to be acknowledged?")
        response = await responses.acknowledge(incident_id, by=visit.admin.name)
        open_incidents.forget()
        back = own_path(visit.form.get("back", "")) or "/"
        match response.taken:
            case Taken.DONE:
                return Done(back, "Acknowledged. There will be no more reminders.")
            case Taken.ALREADY:
                return Done(back, f"{response.by} had acknowledged it already.")
            case Taken.OVER:
                return Done(back, "It is over already.")
            case Taken.UNKNOWN:
                raise Refusal(404, "There is no such incident any more, or nothing was told of it yet.")

    return Change(ACKNOWLEDGE, acknowledge)


def _order(book: Book) -> Callable[[Incident], tuple[bool, bool, bool, float, str]]:
    def key(incident: Incident) -> tuple[bool, bool, bool, float, str]:
        taken = book.delivery_of(incident.incident_id).acknowledged_by is not None
        return (
            incident.severity is not Severity.PAGE,
            not incident.loud,
            taken,
            -incident.opened_at.timestamp(),
            incident.incident_id,
        )

    return key


def _shown(incident: Incident, book: Book) -> Shown:
    delivery = book.delivery_of(incident.incident_id)
    firing = [member for member in incident.members if member.fires(incident.evaluated_at)]
    worst = sorted(firing or incident.members, key=lambda m: (m.severity is not Severity.PAGE, -m.burn_rate))
    parts = [part for part in dict.fromkeys(member.dimension for member in worst) if part != incident.cause.shared]
    named = parts[:_NAMED_PARTS]
    silenced = "" if incident.loud else next((m.muted for m in incident.members if m.muted), "")
    state, tone = _state(incident, firing=bool(firing), taken=delivery.acknowledged_by is not None, silenced=silenced)
    return Shown(
        incident_id=incident.incident_id,
        tone=incident.severity.value,
        severity=incident.severity.value,
        state=state,
        state_tone=tone,
        what=cause_text(incident.cause, incident.widest),
        href=dimension_path(incident.cause.shared),
        objectives=_listed(member.objective for member in worst),
        since=incident.opened_at,
        firing=len(firing),
        members=len(incident.members),
        burn_rate=incident.peak,
        acknowledged_by=delivery.acknowledged_by,
        acknowledged_at=delivery.acknowledged_at,
        silenced=silenced,
        parts=[(str(part), dimension_path(part)) for part in named],
        parts_more=len(parts) - len(named),
    )


def _state(incident: Incident, *, firing: bool, taken: bool, silenced: str) -> tuple[str, str]:
    """In a word, and its tone."""
    if silenced:
        return "silenced", "silenced"
    if incident.phase is Phase.NO_DATA:
        return "no data", "nodata"
    if taken:
        return "acknowledged", "acknowledged"
    return ("firing", incident.severity.value) if firing else ("recovering", "muted")


def _listed(names: Iterable[str]) -> str:
    found = list(dict.fromkeys(names))
    return ", ".join(found) if len(found) <= 3 else f"{', '.join(found[:3])} and {len(found) - 3} more"
