"""A message as plain text, for a log or a terminal of 80 columns or more."""

from collections.abc import Iterator
from datetime import datetime
from textwrap import wrap

from o11y.alerting.alert import Alert
from o11y.alerting.dashboard_address import page_of
from o11y.alerting.foreign_text import visible
from o11y.alerting.headline import (
    TOLD_IN_FULL,
    change_of,
    is_of_one_place,
    is_of_several,
    severity_of,
    state_of,
    title,
    which,
)
from o11y.alerting.incident import Change
from o11y.alerting.notification import Notice, Notification
from o11y.alerting.quantities import count, moment
from o11y.alerting.remarks import remarks
from o11y.alerting.story import story
from o11y.alerting.wording import NAMED_ALERTS, briefly, budget, burning, goal, measured, pace_label, place, tops
from o11y.alerting.wording_cause import unaffected_text
from o11y.slo.windows import Severity

WIDTH = 80
_LABEL = 13
#: the rule above a message tells a page from a ticket at a glance
_RULE = {Severity.PAGE: "━", Severity.TICKET: "─"}


def plain_text(message: Notification | Notice, *, public_url: str | None = None) -> str:
    """Several lines without a trailing newline. ``public_url`` is the dashboard's address, if it has one."""
    if isinstance(message, Notice):
        rule, rows = _rule(message.severity, message.at), _notice(message)
    else:
        rule, rows = _rule(severity_of(message), message.fired_at), _notification(message, public_url)
    return "\n".join([rule, *_title(message), *rows])


def _rule(severity: Severity, at: datetime) -> str:
    when = f" {moment(at)} {_RULE[severity] * 2}"
    return _RULE[severity] * (WIDTH - len(when)) + when


def _title(message: Notification | Notice) -> list[str]:
    return wrap(title(message), WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _notice(notice: Notice) -> Iterator[str]:
    for line in notice.text.splitlines() or [""]:
        yield from _sentence(visible(line, limit=2_000)) if line else [""]


def _notification(notification: Notification, public_url: str | None) -> Iterator[str]:
    worst, state = notification.alerts[0], state_of(notification)
    for sentence in story(notification):
        yield from _sentence(sentence)
    if change_of(notification) in TOLD_IN_FULL:
        yield from _in_full(notification)
    elif state.goes_on and change_of(notification) is not Change.ACKNOWLEDGED:
        yield from _in_short(notification)
    yield from _row("dashboard", page_of(notification, public_url), is_address=True)
    if not state.is_over:
        yield from _row("runbook", worst.objective.runbook, is_address=True)
    for remark in remarks(notification):
        yield from _row("note", remark)


def _in_full(notification: Notification) -> Iterator[str]:
    worst, facts, account = notification.alerts[0], notification.facts, notification.account
    if account is not None and account.extent is not None and (well := unaffected_text(account.extent)):
        yield from _sentence(f"{well[:1].upper()}{well[1:]}.")
    if is_of_several(notification):
        yield from _several(notification)
        yield ""
        yield from _row("the worst", which(notification))
    yield from _row("measured", measured(worst, facts, beside=notification.fired_at))
    yield from _row(pace_label(worst.objective), burning(worst))
    yield from _row("objective", goal(worst.objective))
    yield from _row("30 d budget", budget(worst, facts))
    yield from _row("statuses", tops(facts.status_codes))
    yield from _row("served by", tops(facts.inference_providers))


def _in_short(notification: Notification) -> Iterator[str]:
    worst = notification.alerts[0]
    if is_of_several(notification):
        yield from _row("the worst", which(notification))
    yield from _row("measured", measured(worst, notification.facts, beside=notification.fired_at))
    yield from _row(pace_label(worst.objective), burning(worst))
    yield from _row("30 d budget", budget(worst, notification.facts))


def _several(notification: Notification) -> Iterator[str]:
    named = notification.alerts[:NAMED_ALERTS]
    facts = [_fact(alert, notification) for alert in named]
    widest = min(max(map(len, facts)), WIDTH // 2)
    for number, (alert, fact) in enumerate(zip(named, facts, strict=True), start=1):
        where = "" if is_of_one_place(notification) else place(alert.dimension, name_limit=40)
        line = f"  {number:>2}. {fact:<{widest}}  {where}".rstrip()
        yield from wrap(line, WIDTH, subsequent_indent=" " * 6, break_on_hyphens=False)
    if more := len(notification.alerts) - len(named) + notification.unseen:
        yield f"      and {count(more)} more"


def _fact(alert: Alert, notification: Notification) -> str:
    """Its objective is named where they differ."""
    differ = len({alert.objective.name for alert in notification.alerts}) > 1
    return (f"{visible(alert.objective.name, limit=30)}: " if differ else "") + briefly(alert)


def _sentence(text: str) -> Iterator[str]:
    yield from wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _row(label: str, value: str | None, *, is_address: bool = False) -> Iterator[str]:
    """Nothing for a value that is not known. An address stays in one piece, so that it can be followed."""
    if value:
        begin, indent = f"  {label:<{_LABEL}}", " " * (_LABEL + 2)
        if is_address:
            yield begin + visible(value, limit=1_000)
        else:
            yield from wrap(value, WIDTH, initial_indent=begin, subsequent_indent=indent, break_on_hyphens=False)
