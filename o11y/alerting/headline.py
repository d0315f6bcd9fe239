"""The first line of a message: how urgent it is, what happened, and to what."""

from enum import StrEnum

from o11y.alerting.foreign_text import visible
from o11y.alerting.incident import Change
from o11y.alerting.notification import Notice, Notification
from o11y.alerting.quantities import count
from o11y.alerting.wording import place
from o11y.alerting.wording_cause import cause_text
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity

#: of one message's objectives, more are told as their indicator
_NAMED_OBJECTIVES = 2
_INDICATOR = {
    Indicator.ERROR_RATE: "error rate",
    Indicator.LATENCY: "latency",
    Indicator.TTFB: "time to first byte",
    Indicator.TRAFFIC: "traffic",
}


class State(StrEnum):
    """How an incident stands, as its message shows it."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    NO_DATA = "no data"
    RESOLVED = "resolved"
    CLOSED = "closed"  # its recovery never confirmed

    @property
    def goes_on(self) -> bool:
        return self in (State.FIRING, State.ACKNOWLEDGED)

    @property
    def is_over(self) -> bool:
        return self in (State.RESOLVED, State.CLOSED)


#: a reader needs these told in full; of what follows them, only the news
TOLD_IN_FULL = (Change.FIRED, Change.REOPENED, Change.ESCALATED)
#: what stands where a message is of an incident in this state; ``{}`` is the severity
_STANDS = {
    State.FIRING: "{}",
    State.ACKNOWLEDGED: "ACKNOWLEDGED {}",
    State.NO_DATA: "NO DATA, {}",
    State.RESOLVED: "RESOLVED {}",
    State.CLOSED: "CLOSED {}, RECOVERY NOT CONFIRMED",
}
#: what happened to one that goes on
_HAPPENED = {
    Change.REOPENED: "{} AGAIN",
    Change.ESCALATED: "{}, WAS A TICKET",
    Change.JOINED: "{} GROWS",
    Change.WORSENED: "{} WORSE",
    Change.IMPROVED: "{} BETTER",
    Change.REMINDED: "{} STILL FIRING",
}


def title(message: Notification | Notice, *, name_limit: int = 80) -> str:
    """``PAGE error-rate: gateway / vendor / model``; ``RESOLVED PAGE · error-rate, provider openai: 3 of 4 models``."""
    if isinstance(message, Notice):
        said = visible(message.title, limit=name_limit)
        return said if message.over or message.report else f"{message.severity.upper()} {said}"
    said, joint = lead(message), ", " if _has_shared_cause(message) else ": "
    about = objectives(message, name_limit=name_limit) + joint + subject(message, name_limit=name_limit)
    return f"{said} · {about}" if " " in said else f"{said} {about}"


def lead(notification: Notification, *, live: bool = False) -> str:
    """``PAGE STILL FIRING``. ``live``: the message shows how things stand, and not what happened."""
    template = None if live else _HAPPENED.get(change_of(notification))
    return (template or _STANDS[state_of(notification)]).format(severity_of(notification).upper())


def subject(notification: Notification, *, name_limit: int = 80) -> str:
    """What it is about: the cause that its alerts share, or the one dimension."""
    account, alerts = notification.account, notification.alerts
    if account is None:
        more = len(alerts) > 1
        return f"{count(len(alerts))} dimensions" if more else place(alerts[0].dimension, name_limit=name_limit)
    if account.cause.is_single:
        return place(account.cause.shared, name_limit=name_limit)
    return cause_text(account.cause, account.extent, name_limit=name_limit)


def is_of_several(notification: Notification) -> bool:
    return len(notification.alerts) + notification.unseen > 1


def is_of_one_place(notification: Notification) -> bool:
    """Whether all of its alerts are of one dimension: a single one, or several objectives."""
    return not notification.unseen and len({alert.dimension for alert in notification.alerts}) == 1


def which(notification: Notification, *, name_limit: int = 80) -> str:
    """The worst of several: where it is, or its objective where all are in one place."""
    worst = notification.alerts[0]
    if len(notification.alerts) > 1 and is_of_one_place(notification):
        return visible(worst.objective.name, limit=name_limit)
    return place(worst.dimension, name_limit=name_limit)


def objectives(notification: Notification, *, name_limit: int = 80) -> str:
    """Their names, or what they have in common."""
    names = sorted({alert.objective.name for alert in notification.alerts})
    if len(names) > _NAMED_OBJECTIVES:
        return _INDICATOR[notification.alerts[0].objective.sli.indicator]
    return " and ".join(visible(name, limit=name_limit) for name in names)


def change_of(notification: Notification) -> Change:
    return Change.FIRED if notification.account is None else notification.account.change


def severity_of(notification: Notification) -> Severity:
    """Of the incident: what a ticket's receiver hears of one that became a page is that it is a page."""
    paging = notification.severity is Severity.PAGE or any(a.severity is Severity.PAGE for a in notification.alerts)
    return Severity.PAGE if paging else Severity.TICKET


def state_of(notification: Notification) -> State:
    account, change = notification.account, change_of(notification)
    if change is Change.RESOLVED:
        return State.RESOLVED
    if change is Change.EXPIRED:
        return State.CLOSED
    if account is None or change in (Change.FIRED, Change.REOPENED, Change.ESCALATED):
        return State.FIRING  # whoever took note of what was before has not taken note of this
    if change is Change.NO_DATA or account.no_data_since is not None:
        return State.NO_DATA
    return State.ACKNOWLEDGED if account.acknowledged_by is not None else State.FIRING


def _has_shared_cause(notification: Notification) -> bool:
    return notification.account is not None and not notification.account.cause.is_single
