"""Which changes of an incident are news, and what was told of it once they are on their way."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from o11y.alerting.incident import Change, Delivered, Incident, Level, Member, Phase, Told
from o11y.alerting.lifecycle import Terms, is_recovered
from o11y.alerting.minute import Minute
from o11y.slo.windows import Severity

#: what asks somebody to act
_URGES = frozenset({Change.FIRED, Change.REOPENED, Change.ESCALATED, Change.REMINDED})


@dataclass(frozen=True, slots=True)
class News:
    """``quiet``: all of it is silenced, so a message already there is brought up to date and nobody is told."""

    change: Change
    quiet: bool = False


def news(
    incident: Incident, before: Incident | None, minute: Minute, *, terms: Terms, edits: bool, delivered: Delivered
) -> News | None:
    """What is to be told of this minute, the most important of it.

    ``edits``: the receiver shows the incident as one message that is brought up to date, so small changes are told too.
    """
    told, at = incident.told, minute.at
    if told is None:
        return _first(incident, at, terms)
    quiet = not incident.loud
    if not incident.is_open:
        return News(Change.RESOLVED if is_recovered(incident) else Change.EXPIRED, quiet)
    untold = [member for member in incident.loud if _rises(member) and _is_worth_telling(member, at)]
    if told.severity is Severity.TICKET and any(member.severity is Severity.PAGE for member in untold):
        return News(Change.ESCALATED)
    if before is not None and _returned(incident, before):
        return News(Change.REOPENED, quiet)
    if incident.phase is Phase.NO_DATA:
        return News(Change.NO_DATA, quiet) if told.change is not Change.NO_DATA else None
    if untold and _joiners_due(told, at, terms, edits=edits):
        return News(Change.JOINED)
    if minute.late or not _firing(incident, at):  # of several minutes caught up the newest reminds
        return None
    if _is_reminded(told, at, terms, delivered):
        return News(Change.REMINDED)
    change = trend(incident, minute, terms) if edits else None
    return None if change is None else News(change)


def tell(incident: Incident, change: Change, *, at: datetime) -> Incident:
    """The incident once this is on its way. Members that are muted, and not in the message, stay untold."""
    members = tuple(
        member if member.muted else replace(member, told=member.severity, was_muted=False, silence="")
        for member in incident.members
    )
    firing = sum(member.fires(at) for member in members)
    before = incident.told
    told = Told(
        change,
        at,
        incident.told_as,
        firing,
        Decimal(0),
        joined_at=at if change is Change.JOINED else None if before is None else before.joined_at,
        urged_at=at if change in _URGES else None if before is None else before.urged_at,
    )
    after = replace(incident, members=members, told=told)
    rate = worst_rate(after, at)
    return replace(after, told=replace(told, burn_rate=rate), level=Level(at, rate))


def trend(incident: Incident, minute: Minute, terms: Terms) -> Change | None:
    """Whether it is twice or half as bad as when that was last told or written down, and not just now."""
    level, at = level_of(incident), minute.at
    if minute.late or level is None or not level.burn_rate or at - level.at < terms.trend:
        return None
    if not _firing(incident, at):
        return None
    now = worst_rate(incident, at)
    if now >= 2 * level.burn_rate:
        return Change.WORSENED
    return Change.IMPROVED if 2 * now <= level.burn_rate else None


def level_of(incident: Incident) -> Level | None:
    """What it is compared with; of one that knows none, as it was last told. None: it was never told."""
    told = incident.told
    return incident.level or (None if told is None else Level(told.at, told.burn_rate))


def noted(incident: Incident, at: datetime) -> Incident:
    """The incident once its trend is written down, whether or not anybody was told."""
    return replace(incident, level=Level(at, worst_rate(incident, at)))


def _first(incident: Incident, at: datetime, terms: Terms) -> News | None:
    """Of what was never told: a page at once; a ticket when it has waited, also if it fires no more."""
    heard = [member for member in incident.loud if _is_worth_telling(member, at)]
    if not incident.is_open or not heard:
        return None
    paging = any(member.severity is Severity.PAGE for member in heard)
    waited = paging or at - incident.opened_at >= terms.ticket_wait
    return News(Change.FIRED) if waited else None


def _rises(member: Member) -> bool:
    """Whether it is more than what was told of it."""
    return member.told is None or (member.told is Severity.TICKET and member.severity is Severity.PAGE)


def _is_worth_telling(member: Member, at: datetime) -> bool:
    """Whose silence ends while it does not fire, is told when it does."""
    return member.fires(at) or not member.was_muted


def _returned(incident: Incident, before: Incident) -> bool:
    return before.phase is not Phase.FIRING and incident.phase is Phase.FIRING


def _joiners_due(told: Told, at: datetime, terms: Terms, *, edits: bool) -> bool:
    """Where nothing can be edited they are gathered: at first as long as a ticket waits, later for longer."""
    if edits:
        return True
    if told.joined_at is None:
        return at - told.at >= terms.ticket_wait
    return at - told.joined_at >= terms.follow_up


def _is_reminded(told: Told, at: datetime, terms: Terms, delivered: Delivered) -> bool:
    """Still firing after the cooldown, and nobody has said that they know."""
    heard_for = at - _heard_at(told, delivered, at)
    return heard_for >= terms.cooldown(told.severity) and delivered.acknowledged_by is None


def _heard_at(told: Told, delivered: Delivered, at: datetime) -> datetime:
    """The minute in which the last message arrived, later than the one it tells of if its receiver was away.

    A stamp that lies ahead was made before the clock was stepped back.
    """
    arrived = delivered.told_at
    if arrived is None or arrived > at:
        return told.at
    return max(told.at, arrived.replace(second=0, microsecond=0))


def worst_rate(incident: Incident, at: datetime) -> Decimal:
    """The highest burn rate of a long window among those told that fire at ``at``; 0 when none does."""
    return max((member.burn_rate for member in _firing(incident, at)), default=Decimal(0))


def _firing(incident: Incident, at: datetime) -> list[Member]:
    """Of its severity, and not muted."""
    return [member for member in incident.leading if member.fires(at) and not member.muted]
