"""Messages on their way to a human: the outbox, the receivers, and who may page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from o11y.alerting.notification import Notice, Notification, began_at
from o11y.slo.windows import Severity

#: no entry is put off longer than this
LONGEST_PAUSE_S = 300


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    notification: Notification | Notice
    attempts: int
    due_at: datetime
    token: str  # of the claims it confirms

    @property
    def turn(self) -> tuple[bool, datetime]:
        """Entries in ascending order are in the order in which they should be told: pages first, then the oldest."""
        return self.notification.severity is not Severity.PAGE, began_at(self.notification)

    def is_due(self, now: datetime) -> bool:
        return self.due_at <= now or self.due_at > now + timedelta(seconds=LONGEST_PAUSE_S)


class Outbox(Protocol):
    """Notifications from claim to delivery, in Redis and mirrored in the local spool."""

    async def put(self, entry: OutboxEntry) -> bool:
        """New, or to be tried again at its new ``due_at``. True: an older one of its severity waits as well."""

    async def take_due(self, *, now: datetime, lease_s: int) -> Sequence[OutboxEntry]:
        """Entries due, pages first and then by ``began_at``; leased, so that one replica alone sends each.

        One due more than ``LONGEST_PAUSE_S`` ahead is due: the clock was stepped back since it was put.
        """

    async def done(self, notification_id: str) -> None:
        """Delivered or given up: gone from both, and a mirror elsewhere that still has it will not send it."""

    async def size(self) -> int: ...


class NotifyError(Exception):
    """Not delivered, as far as we know.

    ``permanent``: the receiver will never take this message. ``retry_after_s``: it asked to wait.
    ``maybe_delivered``: the answer was lost, so the next attempt may be a repeat.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after_s: float | None = None,
        maybe_delivered: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.maybe_delivered = maybe_delivered


class Notifier(Protocol):
    async def notify(self, notification: Notification | Notice) -> None:
        """Deliver within 10 s or raise ``NotifyError``."""


class RecommendedModels(Protocol):
    async def ids(self, *, now: datetime) -> frozenset[str] | None:
        """Normalised model ids; None when there is no list at all (a page then stays a page)."""
