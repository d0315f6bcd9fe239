"""Delivery: the outbox before the send, the confirmation after it, and retries for a day.

A notification is in the outbox before its first attempt, so a crash at any point leaves it for somebody to send.
Every attempt is written down before it is made: an entry whose attempt has no recorded end may have been delivered,
and its next attempt says so.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from o11y.alerting.alert import Alert
from o11y.alerting.notification import Notice, Notification, Presence, began_at, message_id
from o11y.metrics import Metrics
from o11y.slo.windows import Severity
from o11y.worker.claims import Claims
from o11y.worker.history import History
from o11y.worker.pause import pause
from o11y.worker.ports import Clock, MemoryLost, Notifier, NotifyError, Outbox, OutboxEntry
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
        claims: Claims,
        history: History,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._notifiers = notifiers
        self._outbox = outbox
        self._claims = claims
        self._history = history
        self._clock = clock
        self._metrics = metrics
        self._rests = Rests()
        self._told: OrderedDict[str, datetime] = OrderedDict()  # message -> when it was delivered from here
        self.presence_of: PresenceOf = lambda _: Presence.UNKNOWN

    async def send(self, message: Notification | Notice, *, token: str) -> bool:
        """First attempt of a claimed message; False: it waits in the outbox, for its turn."""
        now = self._clock()
        rested = self._rests.wait_until(message.severity, now)
        entry = OutboxEntry(message, 0, rested or now, token)
        older_waits = await self._hold(_uncertain(entry, now) if rested is None else entry)
        if rested is None and not older_waits:
            return await self._try(entry)
        if rested is None:
            await self._write_down(entry)
        self._metrics.notifications.labels(message.severity, "delayed").inc()
        return False

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
        self._metrics.outbox.set(await self._outbox.size())
        return delivered

    async def _retry(self, entry: OutboxEntry) -> bool:
        now, message = self._clock(), entry.notification
        told_at = self._told.get(message_id(message))
        if told_at is not None:
            await self._told_before(entry, told_at)
            return False
        if now - began_at(message) > KEEP_TRYING:
            await self._give_up(entry, f"not delivered in {KEEP_TRYING.total_seconds() / 3600:.0f} h")
            return False
        rested = self._rests.wait_until(message.severity, now)
        if rested is not None:
            await self._hold(replace(entry, due_at=rested))
            return False
        await self._hold(_uncertain(entry, now))
        return await self._try(entry)

    async def _try(self, entry: OutboxEntry) -> bool:
        """Send what is held."""
        now, message = self._clock(), entry.notification
        try:
            async with asyncio.timeout(SEND_DEADLINE_S):
                await self._notifiers[message.severity].notify(self._as_told_now(message, now))
        except (NotifyError, TimeoutError) as error:
            await self._failed(entry, error, slow=self._clock() - now >= SLOW)
            return False
        self._rests.end(message.severity)
        await self._delivered(entry)
        return True

    async def _hold(self, entry: OutboxEntry) -> bool:
        """In the outbox; claims of its alerts are answered accordingly. True: an older one waits there as well."""
        older_waits = await self._write_down(entry)
        await self._claims.queue(_alerts(entry.notification), token=entry.token, now=self._clock())
        return older_waits

    def _as_told_now(self, message: Notification | Notice, now: datetime) -> Notification | Notice:
        """A late one gives fired-at, delivered-at and the present state."""
        if isinstance(message, Notice) or now - message.fired_at <= LATE_AFTER:
            return message
        return replace(message, delivered_at=now, presence=self.presence_of(message))

    async def _delivered(self, entry: OutboxEntry) -> None:
        message, now = entry.notification, self._clock()
        self._told[message_id(message)] = now
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        await self._claims.confirm(_alerts(message), token=entry.token, now=now)
        await self._tolerating(lambda: self._outbox.done(message_id(message)))
        self._metrics.notifications.labels(message.severity, "delivered").inc()
        await self._history.write(_alerts(message), "notified", notification_id=message_id(message), now=now)

    async def _told_before(self, entry: OutboxEntry, told_at: datetime) -> None:
        """Redis lost its last writes (a replica took its place), and so that this was delivered from here."""
        message = entry.notification
        log.warning("delivered before, and forgotten by Redis", extra={"notification": message_id(message)})
        await self._claims.told_before(_alerts(message), at=told_at)
        await self._tolerating(lambda: self._outbox.done(message_id(message)))

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
        rested = self._rests.begin(message.severity, now=now, seconds=pause_s, certain=slow or retry_after is not None)
        if uncertain and isinstance(message, Notification):
            message = replace(message, repeated=True)
        await self._write_down(OutboxEntry(message, entry.attempts + 1, rested, entry.token))
        self._metrics.notifications.labels(message.severity, "delayed").inc()

    async def _give_up(self, entry: OutboxEntry, reason: str) -> None:
        message = entry.notification
        log.error("notification given up", extra={"notification": message_id(message), "reason": reason})
        # their cooldowns start, or the keys would wait for the outbox for a day
        await self._claims.confirm(_alerts(message), token=entry.token, now=self._clock())
        await self._tolerating(lambda: self._outbox.done(message_id(message)))
        self._metrics.notifications.labels(message.severity, "undeliverable").inc()
        await self._history.write(
            _alerts(message), "undeliverable", notification_id=message_id(message), reason=reason, now=self._clock()
        )

    async def _write_down(self, entry: OutboxEntry) -> bool:
        return bool(await self._tolerating(lambda: self._outbox.put(entry)))

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
    return OutboxEntry(message, entry.attempts + 1, now + timedelta(seconds=ATTEMPT_LEASE_S), entry.token)


def _alerts(message: Notification | Notice) -> tuple[Alert, ...]:
    return () if isinstance(message, Notice) else message.alerts
