"""What the weekly report says: budgets, the worst of them, pages, and what was changed about objectives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from o11y.alerting.foreign_text import visible
from o11y.alerting.notification import Notice
from o11y.alerting.on_call import OnCall
from o11y.alerting.quantities import count, percent, several
from o11y.alerting.wording import place
from o11y.slo.budget import PERIOD_S
from o11y.slo.budget_report import BudgetReport, Standing, Total
from o11y.slo.durations import time_text
from o11y.slo.override import Selector, Values
from o11y.slo.override_json import shown
from o11y.slo.windows import Severity
from o11y.worker.ports.overrides import Change

#: lines of each part; a receiver takes about 3,000 characters of one text
SHOWN_OBJECTIVES, SHOWN_WORST, SHOWN_CHANGES, SHOWN_NOISY = 8, 5, 5, 3
_NAME = 40


@dataclass(frozen=True, slots=True)
class Week:
    """What a report is made of. ``changes``: the newest first; ``more_changes``: there were more than these."""

    since: datetime
    until: datetime
    budgets: BudgetReport
    on_call: OnCall
    changes: Sequence[Change]
    more_changes: bool = False


def report_text(week: Week, *, notice_id: str) -> Notice:
    """To the receiver of tickets; it asks nobody to act."""
    parts = (_pages(week.on_call), _budgets(week.budgets), _worst(week.budgets), _changes(week))
    return Notice(
        notice_id=notice_id,
        severity=Severity.TICKET,
        title=f"Weekly report, {_day(week.since)} to {_day(week.until)}",
        text="\n\n".join("\n".join(lines) for part in parts if (lines := list(part))),
        at=week.until,
        report=True,
    )


def _pages(seen: OnCall) -> Iterator[str]:
    if not seen.pages:
        yield f"No page. {several(seen.tickets, 'ticket')}."
        return
    said = [f"{several(seen.pages, 'page')}, {count(seen.acknowledged)} acknowledged"]
    if seen.answer_s is not None:
        said.append(f"after {time_text(seen.answer_s)} in the median")
    if seen.resolve_s is not None:
        said.append(f"resolved after {time_text(seen.resolve_s)}")
    yield f"{', '.join(said)}. {several(seen.tickets, 'ticket')}."
    for noise in seen.noisiest[:SHOWN_NOISY]:
        unanswered = f", {count(noise.unanswered)} not acknowledged" if noise.unanswered else ""
        yield f"• {visible(noise.objective, limit=_NAME)}: {several(noise.pages, 'page')}{unanswered}"


def _budgets(report: BudgetReport) -> Iterator[str]:
    totals = report.totals
    if not totals:
        yield "No events in the last 30 days, so no budget was touched."
        return
    yield "Error budgets of the last 30 days, all dimensions of an objective together:"
    for total in totals[:SHOWN_OBJECTIVES]:
        yield f"• {visible(total.name, limit=_NAME)}: {_left(total)} ({_overspent(total)})"
    if (more := len(totals) - SHOWN_OBJECTIVES) > 0:
        yield f"and {several(more, 'objective')} with more left"


def _left(of: Total | Standing) -> str:
    return f"{percent(of.left)} left" if of.left >= 0 else f"overspent by {percent(-of.left)}"


def _overspent(total: Total) -> str:
    number = several(total.dimensions, "dimension")
    return f"{count(total.overspent)} of {number} overspent" if total.overspent else f"none of {number} overspent"


def _worst(report: BudgetReport) -> Iterator[str]:
    """Of those that were touched."""
    worst = [standing for row in report.order[:SHOWN_WORST] if (standing := report.standing(row)).period.bad]
    if worst:
        yield "The most spent:"
    for standing in worst:
        where = place(standing.dimension, name_limit=_NAME)
        bad = f"{count(standing.period.bad)} bad of {count(standing.period.valid)}"
        yield f"• {visible(standing.objective.name, limit=_NAME)}, {where}: {_left(standing)}, {bad}{_ends(standing)}"


def _ends(standing: Standing) -> str:
    """Beyond the period the events of today are forgotten."""
    ends = standing.ends_s(standing.day_rate)
    known = ends is not None and 0 < ends <= PERIOD_S
    return f"; gone in {time_text(float(ends or 0))} at the rate of the last day" if known else ""


def _changes(week: Week) -> Iterator[str]:
    if not week.changes:
        yield "No objective was changed."
        return
    number = f"More than {count(len(week.changes))}" if week.more_changes else count(len(week.changes))
    yield f"{number} {'change' if len(week.changes) == 1 else 'changes'} of objectives:"
    for change in week.changes[:SHOWN_CHANGES]:
        note = f" ({visible(change.note, limit=_NAME)})" if change.note else ""
        who = f"{_day(change.at)}, {visible(change.by, limit=_NAME)}"
        yield f"• {who}: {_where(change.selector)}: {_values(change.before)} → {_values(change.after)}{note}"
    if (more := len(week.changes) - SHOWN_CHANGES) > 0:
        yield f"and {count(more)} before these"


def _where(selector: Selector) -> str:
    names = [f"{kind} {visible(name, limit=_NAME)}" for kind, name in selector.named.items()]
    return ", ".join([visible(selector.objective, limit=_NAME), *(names or ["everywhere"])])


def _values(values: Values | None) -> str:
    if values is None:
        return "as in the file"
    return ", ".join(f"{name.replace('_', ' ')} {_word(value)}" for name, value in shown(values).items())


def _word(value: object) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
