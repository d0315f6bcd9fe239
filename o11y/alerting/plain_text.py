"""A message as plain text, for a log or a terminal of 80 columns or more."""

from collections.abc import Iterator
from textwrap import wrap

from o11y.alerting.alert import Alert
from o11y.alerting.foreign_text import visible
from o11y.alerting.notification import Notice, Notification
from o11y.alerting.quantities import count, moment
from o11y.alerting.wording import (
    NAMED_ALERTS,
    briefly,
    budget,
    burning,
    goal,
    measured,
    place,
    remarks,
    title,
    tops,
)
from o11y.slo.windows import Severity

WIDTH = 96
_LABEL = 13
#: the rule above a message tells a page from a ticket at a glance
_RULE = {Severity.PAGE: "━", Severity.TICKET: "─"}


def plain_text(message: Notification | Notice, *, public_url: str | None = None) -> str:
    """Several lines without a trailing newline. ``public_url`` is the dashboard's address, if it has one."""
    at = message.at if isinstance(message, Notice) else message.fired_at
    when = f" {moment(at)} {_RULE[message.severity] * 2}"
    rows = _notice(message) if isinstance(message, Notice) else _notification(message, public_url)
    return "\n".join([_RULE[message.severity] * (WIDTH - len(when)) + when, title(message), *rows])


def _notice(notice: Notice) -> Iterator[str]:
    for line in notice.text.splitlines() or [""]:
        yield from wrap(visible(line, limit=2_000), WIDTH, initial_indent="  ", subsequent_indent="  ")


def _notification(notification: Notification, public_url: str | None) -> Iterator[str]:
    worst, facts = notification.alerts[0], notification.facts
    if len(notification.alerts) > 1:
        yield from _several(notification.alerts)
        yield ""
        yield from _row("the worst", place(worst.dimension))
    yield from _row("measured", measured(worst, facts))
    yield from _row("burn rate", burning(worst))
    yield from _row("objective", goal(worst.objective))
    yield from _row("30 d budget", budget(worst, facts))
    yield from _row("statuses", tops(facts.status_codes))
    yield from _row("served by", tops(facts.inference_providers))
    yield from _row("dashboard", public_url)
    yield from _row("runbook", worst.objective.runbook)
    for remark in remarks(notification):
        yield from _row("note", remark)


def _several(alerts: tuple[Alert, ...]) -> Iterator[str]:
    named = alerts[:NAMED_ALERTS]
    facts = [briefly(alert) for alert in named]
    widest = max(map(len, facts))
    for number, (alert, fact) in enumerate(zip(named, facts, strict=True), start=1):
        yield f"  {number:>2}. {fact:<{widest}}  {place(alert.dimension, name_limit=40)}"
    if more := len(alerts) - len(named):
        yield f"      and {count(more)} more"


def _row(label: str, value: str | None) -> Iterator[str]:
    """Nothing for a value that is not known."""
    if value:
        yield from wrap(
            value,
            WIDTH,
            initial_indent=f"  {label:<{_LABEL}}",
            subsequent_indent=" " * (_LABEL + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
