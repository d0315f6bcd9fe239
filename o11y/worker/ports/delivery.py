"""Messages on their way to a human: the outbox, the receivers, and who may page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from o11y.alerting.incident import Change, Thread
from o11y.alerting.notification import Notice, Notification, began_at
from o11y.slo.windows import Severity

#: no entry is put off longer than this
LONGEST_PAUSE_S = 300


#: a receiver's messages in the order of their urgency: what asks somebody to act, what is new, what is over
_ACTS = frozenset({Change.FIRED, Change.REOPENED, Change.ESCALATED})
_ENDS = frozenset({Change.RESOLVED, Change.EXPIRED})


@dataclass(frozen=True, slots=True)
class Turn:
    """Entries in ascending order are in the order in which they should be told: the page's receiver first, then what
    is most urgent, then the oldest.
    """

    severity: Severity
    rank: int
    began: datetime

    @property
    def key(self) -> tuple[bool, int, datetime]:
        return self.severity is not Severity.PAGE, self.rank, self.began


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    notification: Notification | Notice
    attempts: int
    due_at: datetime

    @property
    def turn(self) -> Turn:
        return Turn(self.notification.severity, _rank(self.notification), began_at(self.notification))

    def is_due(self, now: datetime) -> bool:
        return self.due_at <= now or self.due_at > now + timedelta(seconds=LONGEST_PAUSE_S)


def _rank(message: Notification | Notice) -> int:
    if isinstance(message, Notice):
        return 2 if message.report else 0
    if message.account is None or message.account.change in _ACTS:
        return 0
    return 2 if message.account.change in _ENDS else 1


class Kept(StrEnum):
    """What became of a message that was to be kept, and of the incident that it tells of."""

    STORED = "stored"
    BEHIND = "behind"  # stored; an older or more urgent message for the same receiver waits as well
    FULL = "full"  # the outbox has no room: the message is sent once and not retried (its incident is stored)
    STALE = "stale"  # nothing is stored: another evaluator was first, or the message was delivered before


class Outbox(Protocol):
    """Notifications from the decision to delivery, in Redis and mirrored in the local spool."""

    async def put(self, entry: OutboxEntry) -> Kept:
        """New, or to be tried again at its new ``due_at``. STALE: it was delivered, and is not to be sent."""

    async def take_due(self, *, now: datetime, lease_s: int) -> Sequence[OutboxEntry]:
        """Entries due, in their turns; leased, so that one replica alone sends each.

        One due more than ``LONGEST_PAUSE_S`` ahead is due: the clock was stepped back since it was put.
        """

    async def done(self, notification_id: str) -> None:
        """Delivered or given up: gone from both, and a mirror elsewhere that still has it will not send it."""

    async def size(self) -> int: ...


class NotifyError(Exception):
    """Not delivered, as far as we know.

    ``permanent``: the receiver will never take this message. ``retry_after_s``: it asked to wait.
    ``maybe_delivered``: the answer was lost, so the next attempt may be a repeat. ``others_pass``: it is this message
    alone that has to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after_s: float | None = None,
        maybe_delivered: bool = False,
        others_pass: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.maybe_delivered = maybe_delivered
        self.others_pass = others_pass


class Notifier(Protocol):
    """``threads``: it shows an incident as one message, which it brings up to date, and answers below it."""

    threads: bool

    async def notify(self, message: Notification | Notice, *, thread: Thread | None = None) -> Thread | None:
        """Deliver within 10 s or raise ``NotifyError``. ``thread`` is where the incident's message is, if it has one;
        returns where it is now.
        """


class RecommendedModels(Protocol):
    async def ids(self, *, now: datetime) -> frozenset[str] | None:
        """Normalised model ids; None when there is no list at all (a page then stays a page)."""
