"""A step of an incident as a message: the alerts it names, its story, its facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from o11y.alerting.alert import Alert
from o11y.alerting.breadth import extent_now, nothing_came, worst_first
from o11y.alerting.incident import Change, Delivered, Member
from o11y.alerting.minute import Minute
from o11y.alerting.news import worst_rate
from o11y.alerting.notification import NO_FACTS, Account, Facts, Notification
from o11y.alerting.step import Step
from o11y.slo.counts import Ratio
from o11y.slo.objective import Objective

#: alerts that a message carries; it counts the rest
CARRIED = 10
#: trouble that has to be acknowledged anew
ANEW = frozenset({Change.REOPENED, Change.ESCALATED})
_OVER = frozenset({Change.RESOLVED, Change.EXPIRED, Change.NO_DATA})


@dataclass(frozen=True, slots=True)
class Known:
    """What is found out for a message after it was decided; each part may be missing."""

    facts: Facts = NO_FACTS
    spent: Ratio | None = None  # since the incident began, of its worst alert


def alerts_of(step: Step, minute: Minute) -> list[Alert]:
    """What the message is about, worst first: what fires, or all of it when nothing does."""
    told = [member for member in step.after.members if not member.muted] or list(step.after.members)
    if step.after.fires(minute.at):
        told = [member for member in told if member.fires(minute.at)] or told
    ordered = sorted(told, key=worst_first)
    known = [(member, minute.objective_of(member)) for member in ordered]
    return [alert_of(member, objective) for member, objective in known if objective is not None]


def alert_of(member: Member, objective: Objective) -> Alert:
    """As it was at the latest minute at which it fired."""
    return Alert(
        objective,
        member.dimension,
        member.severity,
        member.pair,
        member.long,
        member.short,
        member.fired_at,
        lowered_because=member.lowered_because,
    )


def message_of(
    step: Step,
    minute: Minute,
    alerts: Sequence[Alert],
    *,
    notification_id: str,
    known: Known,
    delivered: Delivered,
    without_memory: bool,
    edit_only: bool = False,
) -> Notification:
    """``alerts`` are those of ``alerts_of``, at least one; ``step`` has news."""
    assert step.news is not None  # noqa: S101
    return Notification(
        notification_id=notification_id,
        alerts=tuple(alerts[:CARRIED]),
        fired_at=minute.at,
        account=account_of(step, minute, known=known, delivered=delivered),
        to=step.after.told_as,
        unseen=max(0, len(alerts) - CARRIED),
        facts=known.facts,
        late_detection=minute.late,
        without_memory=without_memory,
        edit_only=edit_only,
    )


def account_of(step: Step, minute: Minute, *, known: Known, delivered: Delivered) -> Account:
    assert step.news is not None  # noqa: S101
    incident, change = step.after, step.news.change
    before = None if step.before is None else step.before.told
    joined = [member.dimension for member in step.joined]
    return Account(
        incident_id=incident.incident_id,
        change=change,
        cause=incident.cause,
        since=incident.opened_at,
        until=incident.fired_at if change in _OVER or not incident.fires(minute.at) else None,
        firing=sum(member.fires(minute.at) for member in incident.members),
        members=len(incident.members),
        extent=extent_now(incident, minute) or incident.widest,
        peak=incident.peak,
        joined=tuple(joined[:CARRIED]),
        joined_more=max(0, len(joined) - CARRIED),
        before_severity=None if before is None else before.severity,
        before_firing=None if before is None else before.firing,
        before_burn_rate=None if before is None else before.burn_rate,
        reopened=incident.reopened,
        no_data_since=incident.no_data_since,
        acknowledged_by=None if change in ANEW else delivered.acknowledged_by,
        acknowledged_at=None if change in ANEW else delivered.acknowledged_at,
        silenced=incident.members[0].muted if step.news.quiet else None,
        ended_silence=_ended_silence(step),
        resolved_at=None if step.before is None or change is not Change.REOPENED else step.before.resolved_at,
        burn_rate=worst_rate(incident, minute.at),
        nothing_came=nothing_came(incident, minute),
        spent_bad=None if known.spent is None else known.spent.bad,
        spent_valid=None if known.spent is None else known.spent.valid,
    )


def _ended_silence(step: Step) -> str | None:
    before: Mapping[str, Member] = {} if step.before is None else {m.key: m for m in step.before.members}
    for member in step.after.members:
        was = before.get(member.key)
        if was is None or was.told is not None or member.told is None:
            continue
        if was.silence:
            return was.silence
    return None
