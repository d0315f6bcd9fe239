"""What humans answer: an incident is acknowledged, or silenced, and its messages say by whom.

    remember -> the edits of its messages into the outbox -> history

Whatever is asked for again, by the same hand or another, finds what the first one did.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from o11y.alerting.incident import Change, Delivered
from o11y.alerting.incident_silence import lasting, matchers_of, wanted
from o11y.alerting.notification import Account, Notification
from o11y.alerting.silence import Silence
from o11y.slo.windows import Severity
from o11y.worker.history import History
from o11y.worker.ports import Clock, Outbox, OutboxEntry
from o11y.worker.ports.incidents import Acknowledgement
from o11y.worker.ports.responses import Response, Taken

_NAMESPACE = uuid.UUID("5b1d9b51-7a3e-4e0e-9f57-0c8f6d1b6f0a")
_OVER = frozenset({Change.RESOLVED, Change.EXPIRED})


class Incidents(Protocol):
    """The part of the incident store that is needed here."""

    async def acknowledge(self, incident_id: str, *, by: str, at: datetime) -> Acknowledgement | None: ...

    async def last_message(self, incident_id: str) -> Notification | None: ...

    async def delivery_of(self, incident_id: str) -> Delivered: ...


class Silencing(Protocol):
    """The part of silencing that is needed here."""

    async def listed(self) -> Sequence[Silence]: ...

    async def add(self, silence: Silence, *, by: str) -> Silence: ...


class HumanResponses:
    """Implements ``Responses``. ``clock`` says when a button was pressed."""

    def __init__(
        self, incidents: Incidents, silencing: Silencing, *, outbox: Outbox, history: History, clock: Clock
    ) -> None:
        self._incidents = incidents
        self._silencing = silencing
        self._outbox = outbox
        self._history = history
        self._clock = clock

    async def acknowledge(self, incident_id: str, *, by: str) -> Response:
        found = await self._incidents.last_message(incident_id)
        if found is None or found.account is None:
            return Response(Taken.UNKNOWN)
        if found.account.change in _OVER:
            return Response(Taken.OVER)
        made = await self._incidents.acknowledge(incident_id, by=by, at=self._clock())
        if made is None:
            return Response(Taken.OVER)
        account = replace(found.account, change=Change.ACKNOWLEDGED, acknowledged_by=made.by, acknowledged_at=made.at)
        message = _message(found, account, f"acknowledged {made.at.isoformat()}", at=made.at)
        known = await self._incidents.delivery_of(incident_id)
        if made.first:
            await self._put(message)
            await self._edit(message, set(known.threads) - {message.severity})
            await self._history.told(message, Change.ACKNOWLEDGED.value, now=made.at, reason=f"by {made.by}")
        else:  # should the first have died on its way to the outbox
            await self._edit(message, known.threads)
        return Response(Taken.DONE if made.first else Taken.ALREADY, made.by, made.at)

    async def silence(self, incident_id: str, *, by: str, seconds: int | None) -> Response:
        found = await self._incidents.last_message(incident_id)
        if found is None or found.account is None:
            return Response(Taken.UNKNOWN)
        if found.account.change in _OVER:
            return Response(Taken.OVER)
        now, listed = self._clock(), await self._silencing.listed()
        kept, is_new = lasting(listed, incident_id, now=now, seconds=seconds), False
        if kept is None:
            matchers = matchers_of(found.account.cause, [alert.objective.name for alert in found.alerts])
            asked = wanted(incident_id, matchers, listed=listed, by=by, now=now, seconds=seconds)
            kept = await self._silencing.add(asked, by=by)
            is_new = kept == asked
        known = await self._incidents.delivery_of(incident_id)
        change = found.account.change if known.acknowledged_by is None else Change.ACKNOWLEDGED
        account = replace(found.account, change=change, silenced=f"silenced: {kept.reason}")
        message = _message(found, account, f"silenced {kept.silence_id}", at=kept.created_at)
        await self._edit(message, known.threads)
        return Response(Taken.DONE if is_new else Taken.ALREADY, kept.author, kept.created_at)

    async def _edit(self, message: Notification, severities: Iterable[str]) -> None:
        """Bring the incident's messages up to date, of the receivers that have one; nobody is told."""
        for severity in sorted(severities):
            identity = _derived(message.notification_id, f"edited for {severity}")
            await self._put(replace(message, notification_id=identity, to=Severity(severity), edit_only=True))

    async def _put(self, message: Notification) -> None:
        await self._outbox.put(OutboxEntry(message, 0, self._clock()))


def _message(found: Notification, account: Account, what: str, *, at: datetime) -> Notification:
    """What was told last, with what a human has done since; the same for whoever makes it again."""
    return replace(
        found,
        notification_id=_derived(account.incident_id, what),
        account=account,
        fired_at=at,
        repeated=False,
        late_detection=False,
        delivered_at=None,
        presence=None,
        edit_only=False,
    )


def _derived(identity: str, what: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{identity} {what}"))
