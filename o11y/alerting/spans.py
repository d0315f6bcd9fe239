"""Times of an incident in a sentence."""

from datetime import datetime

from o11y.alerting.notification import Account, Notification
from o11y.alerting.quantities import clock
from o11y.alerting.wording import words
from o11y.slo.durations import time_text
from o11y.slo.sli import Indicator


def span(since: datetime, until: datetime) -> str:
    """``1h 20m``; the other way round, and below a minute, it is less than a minute."""
    seconds = (until - since).total_seconds()
    return time_text(seconds) if seconds >= 60 else "less than a minute"


def times_over(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def no_events_since(notification: Notification, account: Account) -> str:
    """``No successful requests since 03:12 UTC``: of those that the objective judges, which all of them may fail.

    Of traffic it is what it is compared with: nothing is usual at this hour, or it cannot be told.
    """
    sli = notification.alerts[0].objective.sli
    since = account.no_data_since or account.until
    when = "" if since is None else f" since {clock(since, beside=notification.fired_at)}"
    return f"Nothing to compare with{when}" if sli.indicator is Indicator.TRAFFIC else f"No {words(sli).valid}{when}"
