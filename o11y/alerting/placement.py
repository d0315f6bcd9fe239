"""Whose alerts a minute's are: an incident's that knows them, one's that speaks for them, or a new one's."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from o11y.alerting.alert import Alert
from o11y.alerting.book import Book, ticket_hold
from o11y.alerting.cause import group
from o11y.alerting.hosts import Hosts
from o11y.alerting.incident import Incident, Member
from o11y.alerting.inhibition import inhibits
from o11y.alerting.lifecycle import Terms, joined, opened, reopened
from o11y.alerting.minute import Minute
from o11y.slo.windows import Severity

#: names the incident that these alerts open: the same for every evaluator of the minute
NewId = Callable[[Sequence[Alert]], str]


@dataclass(slots=True)
class _Sorted:
    """The minute's alerts, by what they mean to the book."""

    own: defaultdict[str, dict[str, Alert]]
    back: defaultdict[str, dict[str, Alert]]
    new: list[Alert]
    held: list[Alert]  # tickets of a page that is open, or was until just now


def _sort(book: Book, minute: Minute, terms: Terms) -> _Sorted:
    found = _Sorted(defaultdict(dict), defaultdict(dict), [], [])
    known = book.by_key()
    paging = {alert.key for alert in minute.alerts if alert.severity is Severity.PAGE}
    for alert in minute.alerts:
        if alert.severity is Severity.TICKET and alert.key in paging:
            found.held.append(alert)
        elif alert.key not in known:
            found.new.append(alert)
        else:
            _place(found, alert, *known[alert.key], minute=minute, terms=terms)
    return found


def _place(found: _Sorted, alert: Alert, incident: Incident, member: Member, *, minute: Minute, terms: Terms) -> None:
    """An alert that an incident knows. A minute older than what the incident knows has no news of it."""
    own_ticket = alert.severity is Severity.TICKET and member.severity is Severity.PAGE
    if minute.at <= incident.evaluated_at:
        if alert.severity is Severity.PAGE and member.severity is Severity.TICKET:  # what it did not know yet
            if incident.is_open:
                found.own[incident.incident_id][alert.key] = alert
            else:
                found.new.append(alert)
        return
    if incident.resolved_at is None:
        if own_ticket:
            found.held.append(alert)
        else:
            found.own[incident.incident_id][alert.key] = alert
        return
    passed = minute.at - incident.resolved_at
    ticket_of_page = alert.severity is Severity.TICKET and incident.severity is Severity.PAGE
    if ticket_of_page and passed <= ticket_hold(alert.objective):
        found.held.append(alert)
    elif passed <= terms.reopens and not ticket_of_page:
        found.back[incident.incident_id][alert.key] = alert
    else:
        found.new.append(alert)


# ---------------------------------------------------------------- which incident is it of?


@dataclass(frozen=True, slots=True)
class Draft:
    """An incident before the minute's counts are looked at."""

    before: Incident | None
    after: Incident
    alerts: Mapping[str, Alert]
    inhibited: Mapping[str, str]  # alert key -> why it does not page by itself


def placed(book: Book, minute: Minute, *, terms: Terms, new_id: NewId) -> tuple[list[Draft], frozenset[str]]:
    """Every incident with its alerts, new ones too; and the keys of alerts whose tickets their pages hold back."""
    found = _sort(book, minute, terms)
    return _drafts(book, minute, found, terms, new_id), frozenset(alert.key for alert in found.held)


def _drafts(book: Book, minute: Minute, found: _Sorted, terms: Terms, new_id: NewId) -> list[Draft]:
    alerts: dict[str, dict[str, Alert]] = {i: dict(found.own[i]) for i in found.own}
    after = dict(book.incidents)
    why: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for identity, returning in found.back.items():
        after[identity] = reopened(after[identity], at=minute.at)
        alerts[identity] = returning
    free = _joining(book, minute, found, after, alerts, why)
    fresh: list[Draft] = []
    young = _young(book, minute, terms, alerts, back=found.back)
    explained = {member.dimension for incident in book.open() for member in incident.members}
    for together in group([*free, *(alert for alert, _ in young.values())], minute.traffic, explained=explained):
        hosts = sorted({young[a.key][1] for a in together.alerts if a.key in young}, key=lambda i: _seniority(after[i]))
        new = [alert for alert in together.alerts if alert.key not in young]
        if hosts and new:
            host = hosts[0]
            after[host] = joined(replace(after[host], cause=together.cause), new)
            alerts.setdefault(host, {}).update({alert.key: alert for alert in new})
        elif new:
            incident = opened(new_id(new), together.cause, new, at=minute.at)
            fresh.append(Draft(None, incident, {alert.key: alert for alert in new}, {}))
    kept = [
        Draft(book.incidents[identity], incident, alerts.get(identity, {}), why[identity])
        for identity, incident in after.items()
    ]
    return kept + fresh


def _joining(
    book: Book,
    minute: Minute,
    found: _Sorted,
    after: dict[str, Incident],
    alerts: dict[str, dict[str, Alert]],
    why: dict[str, dict[str, str]],
) -> list[Alert]:
    """New alerts that an open incident speaks for become its members; returns the others."""
    free: list[Alert] = []
    joining: defaultdict[str, list[Alert]] = defaultdict(list)
    hosts = Hosts(book, minute)
    for alert in found.new:
        for incident in hosts.of(alert):
            identity = incident.incident_id
            reason = inhibits(
                incident,
                alert,
                delivered=book.delivery_of(identity),
                traffic=minute.traffic,
                objectives=minute.objectives,
                named=hosts.named(incident),
            )
            if reason is not None:
                joining[identity].append(alert)
                why[identity][alert.key] = reason
                break
        else:
            free.append(alert)
    for identity, new in joining.items():
        after[identity] = joined(after[identity], new, spoken_for=True)
        alerts.setdefault(identity, {}).update({alert.key: alert for alert in new})
    return free


def _young(
    book: Book,
    minute: Minute,
    terms: Terms,
    alerts: Mapping[str, Mapping[str, Alert]],
    *,
    back: Collection[str],
) -> dict[str, tuple[Alert, str]]:
    """Alerts of incidents so new, or ``back`` in this minute, that others of the same cause belong to them.

    key -> (alert, incident)
    """
    new = [
        incident.incident_id
        for incident in book.open()
        if incident.evaluated_at < minute.at and minute.at - incident.opened_at <= terms.ticket_wait
    ]
    return {key: (alert, identity) for identity in (*new, *back) for key, alert in alerts.get(identity, {}).items()}


def _seniority(incident: Incident) -> tuple[bool, datetime, str]:
    return incident.severity is not Severity.PAGE, incident.opened_at, incident.incident_id
