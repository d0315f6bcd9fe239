"""A message to a human: the alerts of one severity and objective in one tick, and what is known of the worst."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from o11y.alerting.alert import Alert
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
class Notification:
    """``alerts`` share severity and objective, worst first; ``facts`` tells of the first of them."""

    notification_id: str
    alerts: tuple[Alert, ...]
    fired_at: datetime  # the minute whose evaluation found it
    facts: Facts = NO_FACTS
    repeated: bool = False  # an earlier attempt may have been delivered
    late_detection: bool = False  # the minute was evaluated late (after a gap)
    delivered_at: datetime | None = None  # set when it is told late
    presence: Presence | None = None  # set when it is told late
    without_memory: bool = False  # Redis is away: duplicates are possible

    def __post_init__(self) -> None:
        if not self.alerts:
            raise ValueError("alerts: a notification tells of at least one")
        if len({(alert.severity, alert.objective.name) for alert in self.alerts}) != 1:
            raise ValueError("alerts: one severity and one objective per notification")

    @property
    def severity(self) -> Severity:
        return self.alerts[0].severity


@dataclass(frozen=True, slots=True)
class Notice:
    """o11y about itself: blind, without memory, spool too old, a batch set aside. Plain words."""

    notice_id: str
    severity: Severity
    title: str
    text: str
    at: datetime


def began_at(message: Notification | Notice) -> datetime:
    """The minute that it tells of."""
    return message.at if isinstance(message, Notice) else message.fired_at


def message_id(message: Notification | Notice) -> str:
    """What the outbox knows a message by."""
    return message.notice_id if isinstance(message, Notice) else message.notification_id
