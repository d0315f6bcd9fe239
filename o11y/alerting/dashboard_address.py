"""Where the dashboard shows a dimension, and so what a message is about."""

import re
from urllib.parse import quote

from o11y.alerting.notification import Notification
from o11y.slo.dimension import Dimension

#: stands for "all" in the path of an aggregate
EVERY = "*"
#: what a browser takes for steps, and what has a meaning of its own, would not come back as the name that it is
MARKS = re.compile(r"[*.]+")
#: more than a receiver keeps in one piece
_LONGEST = 1_000


def dimension_path(dimension: Dimension) -> str:
    """The path of its page: its names, percent-encoded, so that one with slashes stays one part."""
    return "/d/" + "/".join(map(_part, (dimension.client, dimension.provider, dimension.model)))


def page_of(notification: Notification, public_url: str | None) -> str | None:
    """The page of the cause; the dashboard itself where names make its address too long for a message."""
    if public_url is None:
        return None
    account = notification.account
    about = notification.alerts[0].dimension if account is None else account.cause.shared
    address = public_url.rstrip("/") + dimension_path(about)
    return address if len(address) <= _LONGEST else public_url


def _part(name: str | None) -> str:
    """A star goes before a name that consists of marks alone."""
    if name is None:
        return EVERY
    return quote(f"{EVERY}{name}" if MARKS.fullmatch(name) else name, safe="*", errors="replace")
