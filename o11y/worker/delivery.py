"""Delivery: the outbox before the send, the confirmation after it, and retries for a day.

A notification is in the outbox before its first attempt, together with the incident that it tells of, so a crash at
any point leaves it for somebody to send.
Every attempt is written down before it is made: an entry whose attempt has no recorded end may have been delivered,
and its next attempt says so.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from o11y.alerting.incident import Change, Thread
from o11y.alerting.notification import Notice, Notification, Presence, began_at, message_id
from o11y.metrics import Metrics
from o11y.slo.windows import Severity
from o11y.worker.history import History
from o11y.worker.incidents import Incidents
from o11y.worker.messages import ANEW
from o11y.worker.pause import pause
from o11y.worker.ports import (
    LONGEST_PAUSE_S,
    Clock,
    Kept,
    MemoryLost,
    Notifier,
    NotifyError,
    Outbox,
    OutboxEntry,
    Receipt,
)
from o11y.worker.rest import Rests
from o11y.worker.shipper import backoff_s

log = logging.getLogger(__name__)

SEND_DEADLINE_S = 10
ATTEMPT_LEASE_S = 30
KEEP_TRYING = timedelta(hours=24)
#: a message older than this says when it fired, when it arrived and whether it still holds
LATE_AFTER = timedelta(seconds=90)
#: a receiver that took this long to fail is left to the outbox for a while: several groups of alerts, each waiting for
#: it in turn, would use up the tick's deadline
SLOW = timedelta(seconds=5)
SLOW_REST_S = 30.0

#: messages remembered as delivered from here; beyond, the oldest is forgotten
_REMEMBERED = 10_000

_T = TypeVar("_T")

PresenceOf = Callable[[Notification], Presence]
#: keeps an entry in the outbox, with whatever belongs to it
Keep = Callable[[OutboxEntry], Awaitable[Kept]]

#: what must be told however late, since it asks somebody to act
_ACTS = frozenset({Change.FIRED, Change.REOPENED, Change.ESCALATED})


class Delivery:
    """Sends through the receiver of each severity, and through the outbox when that fails.

    What a receiver did not take is told in order once it takes messages again, the oldest first, and nothing new
    overtakes it. Replicas that retry at the same time may be a message apart.
    """

    def __init__(
        self,
        notifiers: Mapping[Severity, Notifier],
        *,
        outbox: Outbox,
        incidents: Incidents,
        history: History,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._notifiers = notifiers
        self._outbox = outbox
        self._incidents = incidents
        self._history = history
        self._clock = clock
        self._metrics = metrics
        self._rests = Rests()
        self._told: OrderedDict[str, Receipt | None] = OrderedDict()  # messages delivered from here
        self.presence_of: PresenceOf = lambda _: Presence.UNKNOWN
        self._failing_since: dict[Severity, datetime] = {}

    @property
    def failing_since(self) -> Mapping[Severity, datetime]:
        """Since when the receiver of a severity has not taken a message."""
        return dict(self._failing_since)

    def edits(self, severity: Severity) -> bool:
        """Whether its receiver shows an incident as one message."""
        return self._notifiers[severity].threads

    async def send(self, message: Notification | Notice, *, keep: Keep | None = None) -> Kept:
        """Keep it, by ``keep`` if it belongs to something, and make the first attempt.

        STALE: it was not kept, or was delivered before, and is not sent. BEHIND: it waits in the outbox for its turn.
        Another receiver that failed a moment ago is not tried: it waits as well.
        """
        now = self._clock()
        rested = self._rests.wait_until(message.severity, now)
        entry = OutboxEntry(message, 0, rested or now)
        kept = await (keep or self._keep)(_uncertain(entry, now) if rested is None else entry)
        if kept is Kept.STALE:
            return kept
        if rested is None and kept is not Kept.BEHIND:
            await self._try(entry)
            return kept
        if rested is None:
            await self._write_down(entry)
        self._metrics.notifications.labels(message.severity, "delayed").inc()
        return Kept.BEHIND

    async def _keep(self, entry: OutboxEntry) -> Kept:
        return await self._write_down(entry) or Kept.STORED

    async def run(self, stop: asyncio.Event) -> None:
        """Retry what is due, every second, until ``stop``."""
        while not stop.is_set():
            try:
                await self.retry_due()
            except Exception:  # the loop's edge: the entries stay in the outbox
                log.exception("outbox pass failed")
            await pause(stop, 1)

    async def retry_due(self) -> int:
        """Attempt due entries in their turn, each once; returns how many were delivered."""
        delivered = 0
        with self._rests.second_opinions():
            for entry in await self._outbox.take_due(now=self._clock(), lease_s=ATTEMPT_LEASE_S):
                try:
                    delivered += await self._retry(entry)
                except Exception:  # it stays in the outbox; the next entry is not to wait for it
                    log.exception("delivery failed", extra={"notification": message_id(entry.notification)})
        waiting = await self._outbox.size()
        self._metrics.outbox.set(waiting)
        if not waiting:  # another replica may have delivered what this one could not
            self._failing_since.clear()
        return delivered

    async def _retry(self, entry: OutboxEntry) -> bool:
        now, message = self._clock(), entry.notification
        if message_id(message) in self._told:
            log.warning("delivered before, and forgotten by Redis", extra={"notification": message_id(message)})
            await self._receive(self._told[message_id(message)])
            await self._tolerating(lambda: self._outbox.done(message_id(message)))
            return False
        if now - began_at(message) > KEEP_TRYING:
            await self._give_up(entry, f"not delivered in {KEEP_TRYING.total_seconds() / 3600:.0f} h")
            return False
        if self._is_superseded(message, now):
            await self._drop(entry)
            return False
        rested = self._rests.wait_until(message.severity, now)
        if rested is not None:
            await self._write_down(replace(entry, due_at=rested))
            return False
        if await self._write_down(_uncertain(entry, now)) is Kept.STALE:
            return False  # another replica has delivered it since it was taken
        return await self._try(entry)

    def _is_superseded(self, message: Notification | Notice, now: datetime) -> bool:
        """Late news of a state that has passed, such as an end that was none."""
        if isinstance(message, Notice) or message.account is None or message.account.change in _ACTS:
            return False
        return now - message.fired_at > LATE_AFTER and self._incidents.superseded(message)

    async def _try(self, entry: OutboxEntry) -> bool:
        """Send what is kept."""
        now, message = self._clock(), entry.notification
        try:
            async with asyncio.timeout(SEND_DEADLINE_S):
                thread = await self._notify(message, now)
        except (NotifyError, TimeoutError) as error:
            await self._failed(entry, error, slow=self._clock() - now >= SLOW)
            return False
        self._rests.end(message.severity)
        self._failing_since.pop(message.severity, None)
        await self._delivered(entry, thread)
        return True

    async def _notify(self, message: Notification | Notice, now: datetime) -> Thread | None:
        notifier = self._notifiers[message.severity]
        if isinstance(message, Notice):
            return await notifier.notify(message)
        message = self._as_told_now(message, now)
        known = await self._incidents.delivery_of(message)
        account = message.account
        if account is not None and account.change not in ANEW and known.acknowledged_by is not None:
            account = replace(account, acknowledged_by=known.acknowledged_by, acknowledged_at=known.acknowledged_at)
            message = replace(message, account=account)
        if message.edit_only and not notifier.threads:
            return None
        return await notifier.notify(message, thread=known.threads.get(message.severity.value))

    def _as_told_now(self, message: Notification, now: datetime) -> Notification:
        """A late one gives fired-at, delivered-at and the present state."""
        if now - message.fired_at <= LATE_AFTER:
            return message
        return replace(message, delivered_at=now, presence=self.presence_of(message))

    async def _delivered(self, entry: OutboxEntry, thread: Thread | None) -> None:
        message, now = entry.notification, self._clock()
        receipt = _receipt(message, now, thread)
        self._told[message_id(message)] = receipt
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        await self._receive(receipt)
        await self._tolerating(lambda: self._outbox.done(message_id(message)))
        self._metrics.notifications.labels(message.severity, "delivered").inc()
        await self._record(message, "notified", now, thread=thread)

    async def _receive(self, receipt: Receipt | None) -> None:
        if receipt is not None:
            await self._incidents.receive(receipt)

    async def _record(self, message: Notification | Notice, word: str, now: datetime, **about: Any) -> None:
        """``about``: as ``History.told`` takes it. An edit tells nobody."""
        if isinstance(message, Notification) and not message.edit_only:
            await self._history.told(message, word, now=now, **about)

    async def _drop(self, entry: OutboxEntry) -> None:
        message = entry.notification
        await self._tolerating(lambda: self._outbox.done(message_id(message)))
        self._metrics.notifications.labels(message.severity, "superseded").inc()
        await self._record(message, "superseded", self._clock(), reason="newer news of its incident was told")

    async def _failed(self, entry: OutboxEntry, error: NotifyError | TimeoutError, *, slow: bool) -> None:
        message, now = entry.notification, self._clock()
        log.warning(
            "notification not delivered",
            extra={
                "notification": message_id(message),
                "attempt": entry.attempts + 1,
                "error": str(error) or "deadline passed",
            },
        )
        if isinstance(error, NotifyError) and error.permanent:
            await self._give_up(entry, str(error))
            return
        uncertain = not isinstance(error, NotifyError) or error.maybe_delivered
        retry_after = error.retry_after_s if isinstance(error, NotifyError) else None
        pause_s = retry_after or (SLOW_REST_S if slow else backoff_s(entry.attempts + 1, 1.0))
        if isinstance(error, NotifyError) and error.others_pass:
            rested = now + timedelta(seconds=min(pause_s, LONGEST_PAUSE_S))
        else:
            self._failing_since.setdefault(message.severity, now)
            certain = slow or retry_after is not None
            rested = self._rests.begin(message.severity, now=now, seconds=pause_s, certain=certain)
        if uncertain and isinstance(message, Notification):
            message = replace(message, repeated=True)
        await self._write_down(OutboxEntry(message, entry.attempts + 1, rested))
        self._metrics.notifications.labels(message.severity, "delayed").inc()

    async def _give_up(self, entry: OutboxEntry, reason: str) -> None:
        message = entry.notification
        log.error("notification given up", extra={"notification": message_id(message), "reason": reason})
        await self._tolerating(lambda: self._outbox.done(message_id(message)))
        self._metrics.notifications.labels(message.severity, "undeliverable").inc()
        await self._record(message, "undeliverable", self._clock(), reason=reason)

    async def _write_down(self, entry: OutboxEntry) -> Kept | None:
        return await self._tolerating(lambda: self._outbox.put(entry))

    async def _tolerating(self, act: Callable[[], Awaitable[_T]]) -> _T | None:
        """Without Redis the local mirror alone keeps the entry; the message goes out either way."""
        try:
            return await act()
        except MemoryLost:
            self._metrics.memory_lost.inc()
            return None


def _uncertain(entry: OutboxEntry, now: datetime) -> OutboxEntry:
    """The entry as it must read if this attempt never reports back."""
    message = entry.notification
    if isinstance(message, Notification):
        message = replace(message, repeated=True)
    return OutboxEntry(message, entry.attempts + 1, now + timedelta(seconds=ATTEMPT_LEASE_S))


def _receipt(message: Notification | Notice, now: datetime, thread: Thread | None) -> Receipt | None:
    """None for what is of no incident."""
    if isinstance(message, Notice) or message.account is None:
        return None
    acts = message.account.change in _ACTS and not message.edit_only
    pages = message.severity is Severity.PAGE and acts
    return Receipt(message.account.incident_id, message.severity, now, pages=pages, thread=thread)
