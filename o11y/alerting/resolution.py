"""The end of an incident: how long it took, how bad it was, what it cost."""

from o11y.alerting.headline import which
from o11y.alerting.notification import Account, Notification
from o11y.alerting.quantities import clock, times
from o11y.alerting.spans import span, times_over
from o11y.alerting.wording import happened_to, has_budget, spent
from o11y.slo.counts import Ratio


def resolved(notification: Notification, account: Account) -> list[str]:
    """Sentences. What is not known is left out."""
    return [_duration(notification, account), *_harm(notification, account)]


def _duration(notification: Notification, account: Account) -> str:
    since, until = account.since, account.until or notification.fired_at
    begun = clock(since, beside=notification.fired_at)
    often = f", and came back {times_over(account.reopened)} in that time" if account.reopened else ""
    if until <= since:
        return f"Resolved: it fired at {begun} only{often}."
    ended = clock(until, beside=notification.fired_at)
    return f"Resolved: it fired for {span(since, until)}, from {begun} to {ended}{often}."


def _harm(notification: Notification, account: Account) -> list[str]:
    worst = notification.alerts[0]
    if not has_budget(worst.objective):
        return ["Requests come as usual again."]
    said = [] if account.peak is None else [f"Worst burn rate {times(account.peak)}."]
    if account.spent_bad is None or account.spent_valid is None or not 0 <= account.spent_bad <= account.spent_valid:
        return said
    events = Ratio(account.spent_bad, account.spent_valid)
    cost = spent(events, worst, notification.facts)
    where = "" if account.members == 1 else f"At the worst, {which(notification)}, "
    return [*said, where + happened_to(events, worst.objective.sli) + (f": {cost}." if cost else ".")]
