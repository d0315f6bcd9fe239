"""What a minute did to each member of an incident, in the words of the alert history."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from o11y.alerting.incident import Change, Incident, Member, Phase
from o11y.alerting.lifecycle import is_recovered
from o11y.slo.windows import Severity


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the history: what happened to a member, and why."""

    member: Member
    word: str
    reason: str = ""


def recorded(
    incident: Incident, before: Incident | None, inhibited: Mapping[str, str], held: Collection[str]
) -> tuple[Incident, list[Record]]:
    """What happened to each member, for the history; and the incident that remembers that it was written down."""
    earlier = {} if before is None else {member.key: member for member in before.members}
    records: list[Record] = []
    members: list[Member] = []
    for member in incident.members:
        was = earlier.get(member.key)
        if was is None:
            why = inhibited.get(member.key, "")
            word = "inhibited" if why else Change.FIRED.value if before is None else Change.JOINED.value
            records.append(Record(member, word, why or member.lowered_because or ""))
        elif was.severity is not member.severity:
            records.append(Record(member, Change.ESCALATED.value, f"was a ticket since {was.since:%Y-%m-%d %H:%M}"))
        if member.muted and (was is None or was.muted != member.muted):
            records.append(Record(member, member.muted.partition(":")[0], member.muted))
        elif was is not None and was.muted and not member.muted:
            records.append(Record(member, "unmuted", f"no longer {was.muted}"))
        if member.key in held and member.severity is Severity.PAGE and not member.ticket_held:
            why = "its page is live" if incident.is_open else "its page has just ended"
            records.append(Record(replace(member, severity=Severity.TICKET), "inhibited", why))
            member = replace(member, ticket_held=True)
        members.append(member)
    records += _phase_records(incident, before)
    return replace(incident, members=tuple(members)), records


def _phase_records(incident: Incident, before: Incident | None) -> list[Record]:
    if before is None or before.phase is incident.phase:
        return []
    word, reason = _phase_words(incident, before)
    return [Record(member, word, _of_member(member, incident, reason)) for member in incident.members]


def _of_member(member: Member, incident: Incident, reason: str) -> str:
    """A page takes the tickets that it speaks for with it, although they may fire on."""
    over_with_its_page = not incident.is_open and member not in incident.leading
    return "the page that speaks for it is over" if over_with_its_page else reason


def _phase_words(incident: Incident, before: Incident) -> tuple[str, str]:
    match incident.phase:
        case Phase.FIRING:
            return Change.REOPENED.value, f"fires again after {before.phase}"
        case Phase.NO_DATA:
            return Change.NO_DATA.value, f"no valid events since {incident.no_data_since:%Y-%m-%d %H:%M}"
        case Phase.RESOLVED:
            return _ended(incident)


def _ended(incident: Incident) -> tuple[str, str]:
    if not is_recovered(incident):
        return Change.EXPIRED.value, "a day without data, or its objective is gone; recovery not confirmed"
    return Change.RESOLVED.value, f"not firing since {incident.fired_at:%Y-%m-%d %H:%M}, with valid events"
