"""The silence that a human wants of an incident that they were just told of. Pure."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from o11y.alerting.incident import Cause
from o11y.alerting.matcher import Label, Matcher, Operator
from o11y.alerting.silence import Silence

#: of one that ends with its incident: should that end be missed, it must not last for ever
UNTIL_RESOLVED_AT_MOST = timedelta(days=30)
#: two who want the same within so short a time want it once
_SAME = timedelta(minutes=2)


def matchers_of(cause: Cause, objectives: Collection[str]) -> tuple[Matcher, ...]:
    """What an incident is about: the names that its alerts share, and their indicator.

    Of a single dimension with one objective that objective, so that another one of the same indicator is still told.
    """
    shared, several = cause.shared, len(set(objectives)) != 1
    if several or not cause.is_single:
        about = Matcher(Label.INDICATOR, Operator.EQUAL, cause.indicator.value)
    else:
        about = Matcher(Label.OBJECTIVE, Operator.EQUAL, next(iter(objectives)))
    named = ((Label.CLIENT, shared.client), (Label.PROVIDER, shared.provider), (Label.MODEL, shared.model))
    return (about, *(Matcher(label, Operator.EQUAL, name) for label, name in named if name is not None))


def lasting(listed: Iterable[Silence], incident_id: str, *, now: datetime, seconds: int | None) -> Silence | None:
    """One made for the incident that does already what is wanted: ``seconds`` from now, ``None`` until its end."""
    for found in listed:
        if not found.silence_id.startswith(_prefix(incident_id)) or found.ended_at <= now:
            continue
        if found.incident_id is not None:
            return found
        if seconds is not None and found.ends_at >= now + timedelta(seconds=seconds) - _SAME:
            return found
    return None


def wanted(
    incident_id: str,
    matchers: tuple[Matcher, ...],
    *,
    listed: Iterable[Silence],
    by: str,
    now: datetime,
    seconds: int | None,
) -> Silence:
    """Under an id that everybody who wants it now comes to, and that none of ``listed`` has."""
    until_resolved = seconds is None
    hours = "" if seconds is None else f"{seconds // 3600} h" if seconds % 3600 == 0 else f"{seconds // 60} min"
    return Silence(
        silence_id=_free_id(_prefix(incident_id) + (hours.replace(" ", "") or "end"), listed),
        matchers=matchers,
        starts_at=now,
        ends_at=now + (UNTIL_RESOLVED_AT_MOST if seconds is None else timedelta(seconds=seconds)),
        author=by,
        comment="until it is resolved" if until_resolved else f"for {hours}",
        created_at=now,
        incident_id=incident_id if until_resolved else None,
    )


def _prefix(incident_id: str) -> str:
    return hashlib.sha256(incident_id.encode("utf-8", "backslashreplace")).hexdigest()[:8] + "-"


def _free_id(first: str, listed: Iterable[Silence]) -> str:
    taken = {silence.silence_id for silence in listed}
    found, number = first, 1
    while found in taken:
        number += 1
        found = f"{first}-{number}"
    return found
