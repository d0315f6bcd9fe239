"""What an error page says."""

from collections.abc import Mapping

TITLES: Mapping[int, str] = {
    400: "That cannot be answered",
    401: "Sign in first",
    403: "Not allowed",
    404: "There is no such page",
    405: "This page does not work that way",
    408: "The form did not arrive",
    409: "That is not possible now",
    413: "That is too much",
    414: "The address is too long",
    415: "That is not a form",
    429: "Too many attempts",
    500: "Something went wrong here",
    503: "No answer at the moment",
}

UNKNOWN_PAGE = "The address may be mistyped, or what it showed may be gone."
FOREIGN = "The form was sent from a page of another site, so nothing was changed."
STALE_FORM = (
    "The form was of another session, so nothing was changed. Go back, load the page again, and send it once more."
)
UNSENT = "You were signed out; nothing was changed."
STORE_AWAY = "A store of o11y does not answer at the moment. The status page says more; this one may be tried again."
TOO_SLOW = "The stores took too long to answer. A smaller range may be quicker."
FAULT = "o11y failed to make this page; its log says more."
BUSY = "Too much is being sent at once; try again in a moment."
NO_FORM = "The form could not be read. Go back and send it once more."


def title(status: int) -> str:
    return TITLES.get(status, TITLES[500] if status >= 500 else TITLES[400])
