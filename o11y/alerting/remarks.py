"""What is unusual about a message, as opposed to what it tells."""

from collections.abc import Sequence

from o11y.alerting.alert import Alert
from o11y.alerting.foreign_text import visible
from o11y.alerting.headline import change_of, state_of
from o11y.alerting.incident import Change
from o11y.alerting.notification import Notification, Presence
from o11y.alerting.quantities import count, moment

#: changes of which a page that was lowered to a ticket is news
_FIRST = (Change.FIRED, Change.REOPENED, Change.JOINED)


def remarks(notification: Notification) -> tuple[str, ...]:
    """A sentence each."""
    said = []
    if notification.delivered_at is not None:
        said.append(f"Told late: {_happened_at(notification)}, "
                    f"delivered at {moment(notification.delivered_at)}{_since_then(notification)}.")  # fmt: skip
    if notification.late_detection:
        said.append(f"Found late: {moment(notification.fired_at)} was evaluated after a gap.")
    if notification.repeated:
        said.append("May be a repeat: an earlier attempt may have reached you.")
    if notification.without_memory:
        said.append("o11y is without its memory (Redis does not answer): messages may repeat until it is back.")
    if notification.account is not None and notification.account.nothing_came:
        said.append("Nobody's usual requests have come: o11y's own door, or the way to it, may be what is shut.")
    return (*said, *(_lowered(notification.alerts) if change_of(notification) in _FIRST else ()))


def _happened_at(notification: Notification) -> str:
    fired = change_of(notification) is Change.FIRED
    return f"{'fired at' if fired else 'this is of'} {moment(notification.fired_at)}"


def _since_then(notification: Notification) -> str:
    """What is known of now; of what had ended by then only that it is back is news."""
    if state_of(notification).goes_on:
        return f"; {notification.presence}" if notification.presence is not None else ""
    match notification.presence:
        case Presence.FIRING:
            return "; it fires again"
        case Presence.UNKNOWN:
            return f"; {Presence.UNKNOWN}"
        case _:
            return ""


def _lowered(alerts: Sequence[Alert]) -> list[str]:
    reasons = [alert.lowered_because for alert in alerts if alert.lowered_because]
    many = f"{count(len(reasons))} of {count(len(alerts))} are tickets" if len(alerts) > 1 else "A ticket"
    return [f"{many} rather than a page: {visible('; '.join(sorted(set(reasons))), limit=300)}."] if reasons else []
