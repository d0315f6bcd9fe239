"""What a message looks like from afar: a sign and a word, and a colour that says the same."""

from o11y.alerting.headline import State, lead, severity_of, state_of
from o11y.alerting.notification import Notice, Notification
from o11y.slo.windows import Severity

#: a shape and a word: colour alone tells nothing to some, and nothing in a notification preview
_FIRING = {Severity.PAGE: "🚨", Severity.TICKET: "🎫"}
_SIGN = {State.ACKNOWLEDGED: "👀", State.NO_DATA: "❔", State.RESOLVED: "✅", State.CLOSED: "⌛"}
_REPORT = "📊"

RED, AMBER, BLUE, GREY, GREEN = "#d92d20", "#f79009", "#2e6fd9", "#8b95a5", "#12905a"
_COLOUR = {State.ACKNOWLEDGED: BLUE, State.NO_DATA: GREY, State.RESOLVED: GREEN, State.CLOSED: GREY}


def sign(message: Notification | Notice) -> str:
    if isinstance(message, Notice):
        if message.report:
            return _REPORT
        return _SIGN[State.RESOLVED] if message.over else _FIRING[message.severity]
    state = state_of(message)
    return _FIRING[severity_of(message)] if state is State.FIRING else _SIGN[state]


def stamp(message: Notification | Notice, *, live: bool = False) -> str:
    """``🚨 PAGE STILL FIRING``. ``live``: how things stand, rather than what happened."""
    if isinstance(message, Notice):
        return sign(message) if message.over or message.report else f"{sign(message)} {message.severity.upper()}"
    return f"{sign(message)} {lead(message, live=live)}"


def colour(notification: Notification) -> str:
    state = state_of(notification)
    if state is State.FIRING:
        return RED if severity_of(notification) is Severity.PAGE else AMBER
    return _COLOUR[state]
