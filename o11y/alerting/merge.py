"""Two accounts of one incident, made by evaluators that could not agree, as one."""

from dataclasses import replace
from datetime import datetime

from o11y.alerting.book import Book
from o11y.alerting.incident import Cause, Extent, Incident, Level, Member, Phase, Told
from o11y.slo.windows import Severity


def overlapping(book: Book, incident: Incident) -> Incident | None:
    """The open incident of the book that is about any of the same alerts; the oldest of several."""
    keys = {member.key for member in incident.members}
    found = [other for other in book.open() if any(member.key in keys for member in other.members)]
    return min(found, key=lambda other: (other.opened_at, other.incident_id), default=None)


def agreed(mine: Incident, book: Book, *, expected: int | None) -> tuple[Incident, int | None] | None:
    """What is to be written of ``mine``, and in place of which version; None when the book has it all.

    ``expected`` is the version that it came from, None for a new one. One that the book does not know is made one with
    the open incident of the same alerts.
    """
    theirs = book.incidents.get(mine.incident_id) or (overlapping(book, mine) if mine.is_open else None)
    if theirs is None:
        return mine, None
    if theirs.version == expected and theirs.incident_id == mine.incident_id:
        return mine, expected
    both = merged(theirs, mine)
    if both == theirs:
        return None
    return replace(both, version=max(theirs.version, mine.version) + 1), theirs.version


def merged(one: Incident, other: Incident) -> Incident:
    """Under the identity and version of ``one``; nothing that either has told is told again.

    Of a member that both know the newer state counts. It is open if the one that knows the newer minute says so.
    """
    newer = one if one.evaluated_at >= other.evaluated_at else other
    members = {member.key: member for member in one.members}
    for member in other.members:
        mine = members.get(member.key)
        members[member.key] = member if mine is None else _member(mine, member)
    return replace(
        one,
        cause=_wider(one.cause, other.cause),
        members=tuple(members.values()),
        opened_at=min(one.opened_at, other.opened_at),
        evaluated_at=newer.evaluated_at,
        phase=newer.phase,
        resolved_at=newer.resolved_at if newer.phase is Phase.RESOLVED else None,
        no_data_since=newer.no_data_since,
        told=_told(one.told, other.told),
        reopened=max(one.reopened, other.reopened),
        widest=_widest(one.widest, other.widest),
        level=_newest(one.level, other.level),
    )


def _wider(one: Cause, other: Cause) -> Cause:
    """Either may have found out meanwhile that more is affected."""
    return other if other.covers(one.shared) else one


def _widest(one: Extent | None, other: Extent | None) -> Extent | None:
    if one is None or other is None:
        return one or other
    return one if one.firing >= other.firing else other


def _newest(one: Level | None, other: Level | None) -> Level | None:
    if one is None or other is None:
        return one or other
    return one if one.at >= other.at else other


def _member(one: Member, other: Member) -> Member:
    newer = one if one.fired_at >= other.fired_at else other
    paging = Severity.PAGE in (one.severity, other.severity)
    return replace(
        newer,
        severity=Severity.PAGE if paging else Severity.TICKET,
        since=min(one.since, other.since),
        peak=max(one.peak, other.peak),
        data_at=max(one.data_at, other.data_at),
        well_at=_latest(one.well_at, other.well_at),
        told=Severity.PAGE if Severity.PAGE in (one.told, other.told) else one.told or other.told,
    )


def _told(one: Told | None, other: Told | None) -> Told | None:
    if one is None or other is None:
        return one or other
    return one if one.at >= other.at else other


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
