"""One minute through the whole book: which alerts are whose, what each incident becomes, and what is told of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from o11y.alerting.alert import Alert
from o11y.alerting.book import Book
from o11y.alerting.breadth import with_extent
from o11y.alerting.chronicle import Record, recorded
from o11y.alerting.incident import LOUD, Change, Incident, Member, Mute
from o11y.alerting.lifecycle import Muting, Terms, amended, hushed, observed, rebased, with_mute
from o11y.alerting.minute import Minute
from o11y.alerting.news import News, level_of, news, noted, tell, trend, worst_rate
from o11y.alerting.placement import Draft, NewId, placed
from o11y.slo.windows import Severity

#: changes that no member has by itself
_OF_THE_WHOLE = frozenset({Change.WORSENED, Change.IMPROVED, Change.REMINDED})


@dataclass(frozen=True, slots=True)
class Step:
    """What a minute does to one incident: kept and told together, or not at all."""

    before: Incident | None
    after: Incident
    news: News | None
    records: tuple[Record, ...] = ()
    joined: tuple[Member, ...] = ()  # told by this step, and not the first of the incident

    @property
    def records_told(self) -> tuple[Record, ...]:
        """The rows of the history: what happened to members, and a change that is the incident's as a whole."""
        if self.news is None or self.news.change not in _OF_THE_WHOLE:
            return self.records
        before = self.before.told if self.before is not None else None
        then = "" if before is None else f"{before.burn_rate:f} when last told, "
        return (*self.records, _row_of_worst(self.after, self.news.change, then))


def _row_of_worst(incident: Incident, change: Change, then: str) -> Record:
    """A row of the worst of those that fire, with the burn rate that it had ``then`` and has now."""
    at = incident.evaluated_at
    worst = max(incident.members, key=lambda member: (member.fires(at), member.burn_rate, member.key))
    now = worst_rate(incident, at)
    return Record(worst, change.value, f"burn rate {then}{now:f}{' now' if then else ''}")


def steps(
    book: Book,
    minute: Minute,
    *,
    terms: Terms,
    silenced: Muting,
    edits: Mapping[Severity, bool],
    new_id: NewId,
) -> list[Step]:
    """In the order in which they should be told: pages, then tickets, each with the worst first."""
    book = replace(book, incidents={i: _at_hand(incident, minute) for i, incident in book.incidents.items()})
    drafts, held = placed(book, minute, terms=terms, new_id=new_id)
    muted = _muting(book, minute.at, terms, silenced)
    done = [
        _step(draft, minute, held, terms=terms, muted=muted, edits=edits, book=book)
        if draft.after.is_open
        else _holding(draft, held)
        for draft in drafts
    ]
    return sorted((step for step in done if step is not None), key=_order)


def _at_hand(incident: Incident, minute: Minute) -> Incident:
    return incident if minute.late else rebased(incident, minute.at)


def _muting(book: Book, at: datetime, terms: Terms, silenced: Muting) -> Muting:
    """A silence, or the cooldown of what an ended incident told of the same alert."""
    ended: dict[str, Member] = {}
    told_at: dict[str, datetime] = {}
    for incident in book.incidents.values():
        if incident.is_open or incident.told is None or incident.told.urged_at is None:
            continue
        urged_at = incident.told.urged_at
        for member in incident.members:
            if member.told is not None and told_at.get(member.key, urged_at) <= urged_at:
                ended[member.key], told_at[member.key] = member, urged_at

    def muted(member: Member) -> Mute:
        if (silence := silenced(member)) != LOUD:
            return silence
        earlier = ended.get(member.key)
        if earlier is None or member.told is not None:
            return LOUD
        if member.severity is Severity.PAGE and earlier.told is Severity.TICKET:
            return LOUD
        if at >= told_at[member.key] + terms.cooldown(member.severity):
            return LOUD
        return Mute(f"cooldown: told as a {earlier.told} at {told_at[member.key]:%H:%M}")

    return muted


def _step(
    draft: Draft,
    minute: Minute,
    held: Collection[str],
    *,
    terms: Terms,
    muted: Muting,
    edits: Mapping[Severity, bool],
    book: Book,
) -> Step | None:
    before, incident = draft.before, draft.after
    if before is None:
        incident = replace(incident, members=hushed(tuple(with_mute(m, muted(m)) for m in incident.members)))
    elif minute.at > before.evaluated_at:
        incident = observed(incident, minute, draft.alerts, terms=terms, muted=muted)
    else:
        incident = amended(incident, minute, draft.alerts)
        if not draft.alerts:
            return Step(before, incident, None) if incident != before else None
        incident = replace(incident, members=_muted_anew(incident, draft.alerts, muted))
    incident = with_extent(incident, minute)
    incident, records = recorded(incident, before, draft.inhibited, held)
    what = news(
        incident,
        before,
        minute,
        terms=terms,
        edits=edits[incident.told_as],
        delivered=book.delivery_of(incident.incident_id),
    )
    if what is None:
        after, unheard = _unheard(incident, minute, terms)
        records += unheard
    else:
        after = tell(incident, what.change, at=minute.at)
    if after == before:
        return None
    return Step(before, after, what, tuple(records), _newly_told(after, before, what))


def _holding(draft: Draft, held: Collection[str]) -> Step | None:
    """Of what has ended: that it still holds its tickets back is for the history."""
    after, records = recorded(draft.after, draft.before, draft.inhibited, held)
    return Step(draft.before, after, None, tuple(records)) if after != draft.before else None


def _muted_anew(incident: Incident, alerts: Mapping[str, Alert], muted: Muting) -> tuple[Member, ...]:
    """What a late minute has shown to be a page may be silenced as one, and not as the ticket that it was."""
    return hushed(tuple(with_mute(m, muted(m)) if m.key in alerts else m for m in incident.members))


def _unheard(incident: Incident, minute: Minute, terms: Terms) -> tuple[Incident, list[Record]]:
    """A trend of which nobody is told, since each message would be one more: the history has it."""
    change, level = trend(incident, minute, terms), level_of(incident)
    if change is None or level is None:
        return incident, []
    row = _row_of_worst(incident, change, f"{level.burn_rate:f} at {level.at:%H:%M}, ")
    return noted(incident, minute.at), [row]


def _newly_told(after: Incident, before: Incident | None, what: News | None) -> tuple[Member, ...]:
    """Not the first of the incident; a ticket of it that became a page is news too, unless all of it did."""
    if before is None or before.told is None or what is None:
        return ()
    earlier = {member.key: member.told for member in before.members}
    if what.change is Change.JOINED:
        return tuple(member for member in after.members if member.told is not earlier.get(member.key))
    return tuple(member for member in after.members if member.told is not None and earlier.get(member.key) is None)


def _order(step: Step) -> tuple[bool, bool, float, str]:
    """Pages before tickets, what fires before what does not, the worst first."""
    incident = step.after
    worst = max((float(member.burn_rate) for member in incident.members), default=0.0)
    quiet = step.news is None or step.news.change in (Change.RESOLVED, Change.NO_DATA, Change.IMPROVED, Change.EXPIRED)
    return incident.told_as is not Severity.PAGE, quiet, -worst, incident.members[0].key
