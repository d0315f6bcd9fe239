"""A message to a human: what happened to an incident, its worst alerts, and what is known of the first of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from o11y.alerting.alert import Alert
from o11y.alerting.incident import Cause, Change, Extent
from o11y.slo.dimension import Dimension
from o11y.slo.windows import Severity


class Presence(StrEnum):
    """The state of what the message tells, at the time of a late delivery."""

    FIRING = "still firing"
    OVER = "no longer firing"
    UNKNOWN = "present state unknown"


@dataclass(frozen=True, slots=True)
class Facts:
    """Colour of one alert. Counts are (name, events) pairs, most frequent first; ``None`` where it is not known."""

    status_codes: tuple[tuple[str, int], ...] = ()
    inference_providers: tuple[tuple[str, int], ...] = ()
    budget_bad: int | None = None  # bad and valid events of the last 30 days
    budget_valid: int | None = None
    quantile_ms: float | None = None  # measured value at the objective's percentile, in the long window


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Account:
    """The incident's story as this message tells it. Times are evaluated minutes, UTC.

    ``before_*`` is what the message before this one said. ``ended_silence`` names the silence that had kept it quiet.
    """

    incident_id: str
    change: Change
    cause: Cause
    since: datetime
    until: datetime | None = None  # the last minute at which it fired, once it does not
    firing: int = 1  # members that fire now
    members: int = 1
    extent: Extent | None = None
    peak: Decimal | None = None  # the worst burn rate of a long window so far
    joined: tuple[Dimension, ...] = ()  # since the message before
    joined_more: int = 0
    before_severity: Severity | None = None
    before_firing: int | None = None
    before_burn_rate: Decimal | None = None
    reopened: int = 0
    no_data_since: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    silenced: str | None = None  # why nothing but this message's update in place is told
    ended_silence: str | None = None
    spent_bad: int | None = None  # bad and valid events of the worst member from ``since`` on
    spent_valid: int | None = None
    resolved_at: datetime | None = None  # of a reopened one: when it had been resolved
    burn_rate: Decimal | None = None  # the worst of those that fire now, as ``before_burn_rate`` was then
    nothing_came: bool = False  # of all that is usual, from anybody: then o11y itself may be out of reach


@dataclass(frozen=True, slots=True)
class Notification:
    """``alerts`` are the worst of the incident's, worst first, of one indicator; ``facts`` tells of the first.

    ``to`` says which severity's receiver it goes to, that of the alerts unless it is given. ``unseen`` counts the
    alerts beyond those carried here.
    ``edit_only``: nobody is to be told; a receiver that can, brings the incident's message up to date.
    """

    notification_id: str
    alerts: tuple[Alert, ...]
    fired_at: datetime  # the minute whose evaluation found it
    account: Account | None = None  # None: an entry of a version that knew no incidents
    to: Severity | None = None
    unseen: int = 0
    facts: Facts = NO_FACTS
    repeated: bool = False  # an earlier attempt may have been delivered
    late_detection: bool = False  # the minute was evaluated late (after a gap)
    delivered_at: datetime | None = None  # set when it is told late
    presence: Presence | None = None  # set when it is told late
    without_memory: bool = False  # Redis is away: duplicates are possible
    edit_only: bool = False

    def __post_init__(self) -> None:
        if not self.alerts:
            raise ValueError("alerts: a notification tells of at least one")

    @property
    def severity(self) -> Severity:
        return self.alerts[0].severity if self.to is None else self.to


@dataclass(frozen=True, slots=True)
class Notice:
    """o11y about itself, or a digest of what the volume cap kept back. Plain words."""

    notice_id: str
    severity: Severity
    title: str
    text: str
    at: datetime
    over: bool = False  # the trouble that it tells of has ended
    report: bool = False  # it asks nobody to act


def began_at(message: Notification | Notice) -> datetime:
    """The minute that it tells of."""
    return message.at if isinstance(message, Notice) else message.fired_at


def message_id(message: Notification | Notice) -> str:
    """What the outbox knows a message by."""
    return message.notice_id if isinstance(message, Notice) else message.notification_id
