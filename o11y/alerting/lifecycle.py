"""How an incident changes with a minute.

    firing -> (worsened | improved) -> resolved
                \\-> no data -> firing | resolved | expired

Silence never resolves: a gateway that fails over sends nothing more about the model that is broken. An incident ends
when its alerts have not fired for a while in which there were valid events, and those were well.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from o11y.alerting.alert import Alert
from o11y.alerting.incident import Cause, Incident, Member, Mute, Phase
from o11y.alerting.minute import Minute
from o11y.slo.burn_rate import burn_rate, reaches
from o11y.slo.windows import Severity

#: why a member is not told
Muting = Callable[[Member], Mute]
#: a stamp this far ahead was made before the clock was stepped back
STEPPED_BACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Terms:
    """How long each thing takes."""

    page_cooldown: timedelta = timedelta(minutes=15)  # between a page and its reminder
    ticket_cooldown: timedelta = timedelta(hours=4)
    ticket_wait: timedelta = timedelta(minutes=2)  # a ticket waits so long for others of its cause
    quiet: timedelta = timedelta(minutes=5)  # the least that passes between the last firing and the end
    reopens: timedelta = timedelta(minutes=10)  # who returns within it was not over
    no_data: timedelta = timedelta(minutes=30)
    expires: timedelta = timedelta(hours=24)  # without data
    follow_up: timedelta = timedelta(minutes=10)  # between messages about joiners where nothing can be edited
    trend: timedelta = timedelta(minutes=5)  # between messages about better and worse

    def cooldown(self, severity: Severity) -> timedelta:
        return self.page_cooldown if severity is Severity.PAGE else self.ticket_cooldown


def opened(incident_id: str, cause: Cause, alerts: Iterable[Alert], *, at: datetime) -> Incident:
    """A new incident of these alerts."""
    members = tuple(_of_cause(alert, cause) for alert in alerts)
    return Incident(incident_id, cause, members, opened_at=at, evaluated_at=at)


def _of_cause(alert: Alert, cause: Cause) -> Member:
    """A sum wider than the cause is spoken for by what is within it."""
    return replace(member_of(alert), spoken_for=alert.dimension.model is None and not cause.covers(alert.dimension))


def member_of(alert: Alert) -> Member:
    return Member(
        key=alert.key,
        objective=alert.objective.name,
        dimension=alert.dimension,
        severity=alert.severity,
        pair=alert.pair,
        long=alert.long,
        short=alert.short,
        since=alert.at,
        fired_at=alert.at,
        burn_rate=_rate(alert),
        peak=_rate(alert),
        data_at=alert.at,
        lowered_because=alert.lowered_because,
    )


def joined(incident: Incident, alerts: Iterable[Alert], *, spoken_for: bool = False) -> Incident:
    """With more members; of one that it has already nothing is changed. ``spoken_for``: all new sums are."""
    known = {member.key for member in incident.members}
    new = (_of_cause(alert, incident.cause) for alert in alerts if alert.key not in known)
    if spoken_for:
        new = (replace(member, spoken_for=True) if member.dimension.model is None else member for member in new)
    return replace(incident, members=(*incident.members, *new))


def reopened(incident: Incident, *, at: datetime) -> Incident:
    """A resolved one whose alert returns at ``at``."""
    return replace(incident, phase=Phase.FIRING, resolved_at=None, no_data_since=None, reopened=incident.reopened + 1)


def rebased(incident: Incident, at: datetime) -> Incident:
    """With no stamp after ``at``: the clock was stepped back, and what lies ahead would hold for ever."""
    if incident.evaluated_at - at < STEPPED_BACK:
        return incident
    members = tuple(
        replace(
            member,
            since=min(member.since, at),
            fired_at=min(member.fired_at, at),
            data_at=min(member.data_at, at),
            well_at=_no_later(member.well_at, at),
        )
        for member in incident.members
    )
    told = incident.told
    if told is not None:
        told = replace(
            told, at=min(told.at, at), joined_at=_no_later(told.joined_at, at), urged_at=_no_later(told.urged_at, at)
        )
    level = incident.level
    return replace(
        incident,
        members=members,
        told=told,
        opened_at=min(incident.opened_at, at),
        evaluated_at=at - timedelta(minutes=1),
        resolved_at=_no_later(incident.resolved_at, at),
        no_data_since=_no_later(incident.no_data_since, at),
        level=None if level is None else replace(level, at=min(level.at, at)),
    )


def _no_later(stamp: datetime | None, at: datetime) -> datetime | None:
    return None if stamp is None else min(stamp, at)


def observed(
    incident: Incident,
    minute: Minute,
    alerts: Mapping[str, Alert],
    *,
    terms: Terms,
    muted: Muting,
) -> Incident:
    """The incident after this minute, which is newer than what it knows. ``alerts`` are its own, by key.

    A member whose objective is gone stays as it was, and is waited for no more.
    """
    members = tuple(
        _muted(_member_after(member, minute, alerts.get(member.key)), muted)
        if minute.objective_of(member) is not None
        else member
        for member in incident.members
    )
    after = replace(incident, members=hushed(members), evaluated_at=minute.at)
    if after.fired_at >= minute.at:
        return replace(after, phase=Phase.FIRING, no_data_since=None)
    if not minute.complete:
        return after
    return _settled(after, minute, terms)


def amended(incident: Incident, minute: Minute, alerts: Mapping[str, Alert]) -> Incident:
    """With what a minute older than what it knows has shown: which were well in it, and pages of its tickets."""
    members = (_witnessed(m, minute) if m.objective in minute.objectives else m for m in incident.members)
    return replace(incident, members=tuple(_risen(member, alerts.get(member.key)) for member in members))


def _witnessed(member: Member, minute: Minute) -> Member:
    """It was well after it last fired: nobody else may ever see that, once its requests end."""
    after = _member_after(member, minute, None)
    if after.well_at != minute.at or minute.at <= max(member.fired_at, member.well_at or member.fired_at):
        return member
    return replace(member, well_at=minute.at, data_at=max(member.data_at, minute.at))


def _risen(member: Member, alert: Alert | None) -> Member:
    if alert is None or alert.severity is not Severity.PAGE or member.severity is Severity.PAGE:
        return member
    page = member_of(alert)
    return replace(
        page,
        since=min(member.since, page.since),
        fired_at=max(member.fired_at, page.fired_at),
        peak=max(member.peak, page.peak),
        data_at=max(member.data_at, page.data_at),
        well_at=member.well_at,
        told=member.told,
        muted=member.muted,
        was_muted=member.was_muted,
        silence=member.silence,
        spoken_for=member.spoken_for,
    )


def _member_after(member: Member, minute: Minute, alert: Alert | None) -> Member:
    objective = minute.objective_of(member)
    if objective is None:
        return member
    recent = minute.counted(member.dimension, objective.sli, minute.shortest_s(objective))
    data_at = minute.at if recent.valid else member.data_at
    if alert is not None:
        return replace(
            member,
            severity=alert.severity if alert.severity is Severity.PAGE else member.severity,
            pair=alert.pair,
            long=alert.long,
            short=alert.short,
            fired_at=minute.at,
            burn_rate=_rate(alert),
            peak=max(member.peak, _rate(alert)),
            data_at=data_at,
            lowered_because=alert.lowered_because,
        )
    short = minute.counted(member.dimension, objective.sli, member.pair.short_s)
    well = recent.valid > 0 and minute.complete and not reaches(short, member.pair.burn_rate, objective.budget)
    return replace(member, data_at=data_at, well_at=minute.at if well else member.well_at)


def _muted(member: Member, muted: Muting) -> Member:
    return with_mute(member, muted(member))


def with_mute(member: Member, mute: Mute) -> Member:
    if mute.why == member.muted:
        return member
    was_muted = bool(member.muted) or member.was_muted
    return replace(member, muted=mute.why, was_muted=was_muted, silence=mute.silence or member.silence)


def hushed(members: tuple[Member, ...]) -> tuple[Member, ...]:
    """A sum is as silent as what explains it. A part is not: silences name whom they mean."""
    own = [member for member in members if not member.spoken_for]
    if not own or not all(member.muted for member in own):
        return members
    mute = Mute(own[0].muted, own[0].silence)
    return tuple(with_mute(m, mute) if m.spoken_for and not m.muted else m for m in members)


def _settled(incident: Incident, minute: Minute, terms: Terms) -> Incident:
    """Of an incident of which nothing fires now."""
    at = minute.at
    followed = [member for member in incident.leading if minute.objective_of(member) is not None]
    unconfirmed = [member for member in followed if not _recovered(member, at, terms)]
    if not unconfirmed:
        return replace(incident, phase=Phase.RESOLVED, resolved_at=at)
    last = max(max(member.data_at, member.fired_at) for member in unconfirmed)
    if at - last >= terms.expires:
        return replace(incident, phase=Phase.RESOLVED, resolved_at=at)
    if at - last >= terms.no_data:
        since = max(member.data_at for member in unconfirmed)
        return replace(incident, phase=Phase.NO_DATA, no_data_since=incident.no_data_since or since)
    return incident


def _recovered(member: Member, at: datetime, terms: Terms) -> bool:
    quiet = max(terms.quiet, timedelta(seconds=member.pair.short_s))
    return at - member.fired_at >= quiet and member.well_at is not None and member.well_at > member.fired_at


def is_recovered(incident: Incident) -> bool:
    """Of a closed one: whether it ended in health rather than in silence."""
    return all(member.well_at is not None and member.well_at > member.fired_at for member in incident.leading)


def _rate(alert: Alert) -> Decimal:
    rate = burn_rate(alert.long, alert.objective.budget)
    return (Decimal(rate.numerator) / Decimal(rate.denominator)).quantize(Decimal("0.01"))
