"""Every incident that is open, or ended so recently that it may return, found by the alerts it is about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from o11y.alerting.incident import UNDELIVERED, Delivered, Incident, Member
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity

#: a closed incident is kept this long after its end: it may return, and holds the tickets of its pages
_KEPT_AT_LEAST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Book:
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    delivered: Mapping[str, Delivered] = field(default_factory=dict)  # by incident id; absent: nothing is known
    revision: int = field(default=0, compare=False)  # how often an incident was written, by whomever

    def delivery_of(self, incident_id: str) -> Delivered:
        return self.delivered.get(incident_id, UNDELIVERED)

    def open(self) -> Iterator[Incident]:
        return (incident for incident in self.incidents.values() if incident.is_open)

    def by_key(self) -> dict[str, tuple[Incident, Member]]:
        """The open incident of each alert key; where there is none, the one that ended last."""
        found: dict[str, tuple[Incident, Member]] = {}
        for incident in sorted(self.incidents.values(), key=_open_last):
            for member in incident.members:
                found[member.key] = (incident, member)
        return found


def _open_last(incident: Incident) -> tuple[bool, datetime, str]:
    return incident.is_open, incident.resolved_at or incident.opened_at, incident.incident_id


def ticket_hold(objective: Objective | None) -> timedelta:
    """How long after a page has ended its ticket tells nothing new: the short window of the tickets.

    A ten-minute outage is not to be followed by a ticket about itself.
    """
    pairs = objective.pairs_of(Severity.TICKET) if objective is not None else ()
    return timedelta(seconds=max((pair.short_s for pair in pairs), default=0))


def forgettable(incident: Incident, at: datetime, objectives: Mapping[str, Objective]) -> bool:
    """Whether an ended incident says nothing any more."""
    if incident.resolved_at is None:
        return False
    holds = [ticket_hold(objectives.get(member.objective)) for member in incident.members]
    cooldown = timedelta(hours=4) if incident.severity is Severity.TICKET else timedelta()
    return at - incident.resolved_at > max([_KEPT_AT_LEAST, cooldown, *holds])
