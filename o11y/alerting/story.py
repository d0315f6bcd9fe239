"""What happened to an incident, a sentence each: the news that a message brings, or how the incident stands."""

from collections.abc import Callable
from fractions import Fraction

from o11y.alerting.foreign_text import visible
from o11y.alerting.headline import change_of, severity_of, state_of
from o11y.alerting.incident import Change, Extent
from o11y.alerting.notification import Account, Notification, Presence
from o11y.alerting.quantities import clock, count, several, times
from o11y.alerting.resolution import resolved
from o11y.alerting.spans import no_events_since, span, times_over
from o11y.alerting.wording import NAMED_ALERTS, has_budget, place
from o11y.slo.burn_rate import burn_rate

Sentences = list[str]


def story(notification: Notification, *, answerable: bool = False) -> tuple[str, ...]:
    """What this message is news of; nothing for a first one. ``answerable``: its receiver can acknowledge."""
    account = notification.account
    if account is None:
        return ()
    return tuple(_NEWS[account.change](notification, account) + _answers(notification, account, answerable=answerable))


def standing(notification: Notification, *, answerable: bool = False) -> tuple[str, ...]:
    """How the incident stands, for a message that is kept up to date. Its news are told elsewhere."""
    account = notification.account
    if account is None:
        return ()
    if account.change is not Change.ESCALATED and state_of(notification).goes_on:
        said = _firing(notification, account)
    elif change_of(notification) is Change.ACKNOWLEDGED:  # while there is no data
        said = _no_data(notification, account)
    else:
        said = _NEWS[account.change](notification, account)
    if account.acknowledged_by is not None and change_of(notification) is Change.ACKNOWLEDGED:
        said += [_acknowledged_by(notification, account)]
    return tuple(said + _answers(notification, account, answerable=answerable))


def _firing(notification: Notification, account: Account) -> Sentences:
    at = notification.fired_at
    since = clock(account.since, beside=at)
    if account.firing == 0 or notification.presence is Presence.OVER:
        until = account.until or at
        when = f"from {since} to {clock(until, beside=at)}" if until > account.since else f"at {since}"
        return [f"It fired {when}, and not since."]
    text = f"Firing since {since}"
    if account.reopened:
        text += f", came back {times_over(account.reopened)}"
    if _has_rates(notification) and account.peak is not None and account.peak > _rate(notification, account):
        text += f"; worst burn rate so far {times(account.peak)}"
    return [f"{text}."]


def _fired(notification: Notification, account: Account) -> Sentences:
    waited = account.since < notification.fired_at or account.firing == 0
    return _firing(notification, account) if waited else []


def _reopened(notification: Notification, account: Account) -> Sentences:
    at, ended = notification.fired_at, account.resolved_at
    again = "after a time without data" if ended is None else f"{span(ended, at)} after it was resolved"
    often = f" and has come back {times_over(account.reopened)}" if account.reopened > 1 else ""
    return [f"Fires again, {again}.", f"It first fired at {clock(account.since, beside=at)}{often}."]


def _escalated(notification: Notification, account: Account) -> Sentences:
    return [f"Was a ticket since {clock(account.since, beside=notification.fired_at)}, is a page now."]


def _joined(notification: Notification, account: Account) -> Sentences:
    named = [place(dimension, name_limit=40) for dimension in account.joined[:NAMED_ALERTS]]
    more = len(account.joined) - len(named) + account.joined_more
    number = len(named) + more
    listed = ", ".join(named) + (f" and {several(more, 'other')}" if more and named else "")
    now = f"now {_breadth(account)}" if account.firing else "none of it fires now"
    return [f"{count(number)} more: {listed}; {now}." if named else f"{count(number)} more; {now}."]


def _worsened(notification: Notification, account: Account) -> Sentences:
    return [f"Worse: {', '.join(_moves(notification, account)) or 'it burns faster'}."]


def _improved(notification: Notification, account: Account) -> Sentences:
    return [f"Better, but still firing: {', '.join(_moves(notification, account)) or 'it burns slower'}."]


def _reminded(notification: Notification, account: Account) -> Sentences:
    said = [f"Still firing after {span(account.since, notification.fired_at)}."]
    if account.before_burn_rate is None and account.before_firing is None:
        return said
    if moves := _moves(notification, account):
        return [*said, f"Since the last message: {', '.join(moves)}."]
    still = [f"burn rate {times(_rate(notification, account))}"] if _has_rates(notification) else []
    still += [several(account.firing, "alert")] if account.firing > 1 else []
    return [*said, "Nothing has changed since the last message" + (f": {', '.join(still)}." if still else ".")]


def _no_data(notification: Notification, account: Account) -> Sentences:
    said = f"{no_events_since(notification, account)}: recovery is not confirmed."
    until = account.until
    last = "" if until is None else f"last fired at {clock(until, beside=notification.fired_at)} and "
    return [said, f"It {last}stays open."]


def _expired(notification: Notification, account: Account) -> Sentences:
    why = "nothing evaluates it any more" if account.no_data_since is None else no_events_since(notification, account)
    return [f"Closed, its recovery never confirmed: {why[0].lower()}{why[1:]}."]


def _acknowledged(notification: Notification, account: Account) -> Sentences:
    return [_acknowledged_by(notification, account), "No more reminders."]


_NEWS: dict[Change, Callable[[Notification, Account], Sentences]] = {
    Change.FIRED: _fired,
    Change.REOPENED: _reopened,
    Change.ESCALATED: _escalated,
    Change.JOINED: _joined,
    Change.WORSENED: _worsened,
    Change.IMPROVED: _improved,
    Change.REMINDED: _reminded,
    Change.ACKNOWLEDGED: _acknowledged,
    Change.NO_DATA: _no_data,
    Change.RESOLVED: resolved,
    Change.EXPIRED: _expired,
}


def _answers(notification: Notification, account: Account, *, answerable: bool) -> Sentences:
    """What humans have said to it."""
    said: Sentences = []
    if account.ended_silence is not None:
        said.append(f"First told now: silence {_why(account.ended_silence)} is over.")
    if account.silenced is not None:
        said.append(f"Silenced, {_why(account.silenced)}: changes are shown here and told to nobody.")
    if account.acknowledged_by is not None and account.change is not Change.ACKNOWLEDGED:
        said.append(_acknowledged_by(notification, account))
    elif account.change is Change.REMINDED and answerable:
        said.append("Nobody has acknowledged it.")
    return said


def _acknowledged_by(notification: Notification, account: Account) -> str:
    by = "" if account.acknowledged_by is None else f" by {visible(account.acknowledged_by, limit=80)}"
    if (at := account.acknowledged_at) is None:
        return f"Acknowledged{by}."
    return f"Acknowledged{by} at {clock(at, beside=notification.fired_at)}, {span(account.since, at)} after it began."


def _why(silence: str) -> str:
    return visible(silence.removeprefix("silenced: "), limit=200)


def _breadth(account: Account) -> str:
    """``14 of 15 models``."""
    extent = account.extent or Extent()
    if extent.models[1] > 1:
        return f"{count(extent.models[0])} of {count(extent.models[1])} models"
    for name, (firing, active) in (("providers", extent.providers), ("clients", extent.clients)):
        if active > 1:  # of one model
            return f"{count(firing)} of {count(active)} {name}"
    return several(account.firing, "alert")


def _moves(notification: Notification, account: Account) -> Sentences:
    """What differs from the message before."""
    moves = []
    now = severity_of(notification)
    if account.before_severity is not None and account.before_severity is not now:
        moves.append(f"{account.before_severity} → {now}")
    rates = (account.before_burn_rate, _rate(notification, account))
    if _has_rates(notification) and rates[0] is not None and times(rates[0]) != times(rates[1]):
        moves.append(f"burn rate {times(rates[0])} → {times(rates[1])}")
    if account.before_firing is not None and account.before_firing != account.firing:
        moves.append(f"{count(account.before_firing)} → {several(account.firing, 'alert')} firing")
    return moves


def _has_rates(notification: Notification) -> bool:
    return has_budget(notification.alerts[0].objective)


def _rate(notification: Notification, account: Account) -> Fraction:
    """The highest burn rate of a long window now."""
    if account.burn_rate is not None:
        return Fraction(account.burn_rate)
    return max(burn_rate(alert.long, alert.objective.budget) for alert in notification.alerts)
