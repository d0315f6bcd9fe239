"""``o11y check FILE``: is this objectives file sound, and what does each line of it mean?"""

import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, TextIO

from o11y.slo.budget import PERIOD_S, spent_when_firing
from o11y.slo.burn_rate import firing_fraction
from o11y.slo.detection import detection_s
from o11y.slo.dimension import Scope
from o11y.slo.durations import duration_text, time_text
from o11y.slo.objective import Objective
from o11y.slo.objectives_file import Objectives, ObjectivesError, read_objectives
from o11y.slo.sli import Indicator, LatencyOf, Sli
from o11y.slo.status_class import StatusClass
from o11y.slo.usual_traffic import DAYS
from o11y.slo.windows import WindowPair

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SOUND, REFUSED, UNREADABLE = 0, 1, 2

#: columns where the output is no terminal
PIPE_WIDTH = 100

_ERRORS = (Fraction(1), Fraction(1, 2), Fraction(1, 10))
_HEADINGS = (
    "long\nwindow",
    "short\nwindow",
    "burn\nrate",
    "when\nbad are",
    "after, with\n100 % bad",
    "\n50 % bad",
    "\n10 % bad",
    "30d budget\nspent by then",
)
_TRAFFIC_HEADINGS = ("long\nwindow", "short\nwindow", "when\nmissing are", "after, with\n100 % missing", "from\nusual")
#: numbers of valid events whose evidence is shown
_EXAMPLES = (3, 10, 30, 100, 1_000)

_PER = {
    Scope.MODEL: "each client x provider x model",
    Scope.PROVIDER: "each provider",
    Scope.CLIENT: "each client",
    Scope.ALL: "all traffic together",
}


def run(path: Path, out: TextIO = sys.stdout) -> int:
    """Print what the file means, or every problem with its line. 0 sound, 1 refused, 2 unreadable."""
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        out.write(f"{path}: cannot be read: {reason}; accepted: a YAML file of objectives\n")
        return UNREADABLE
    try:
        objectives = read_objectives(content, name=str(path))
    except ObjectivesError as error:
        count = len(error.problems)
        out.write(f"{error}\n\n{path}: refused, {count} problem{'s' if count > 1 else ''}\n")
        return REFUSED
    _print(objectives, _console(out))
    _print_summary(objectives, path, out)
    return SOUND


def _console(out: TextIO) -> "Console":
    from rich.console import Console  # slow to import, and most commands do without

    return Console(file=out, highlight=False, markup=False, width=None if out.isatty() else PIPE_WIDTH)


def _print(objectives: Objectives, console: "Console") -> None:
    for objective in objectives.objectives:
        console.print(objective.name, style="bold")
        for label, value in _facts(objective):
            text = f"  {label:<9} {value}"
            console.print(fill(text, console.width, subsequent_indent=" " * 12), soft_wrap=True)
        console.print(_table(objective))


def _print_summary(objectives: Objectives, path: Path, out: TextIO) -> None:
    for warning in objectives.warnings:
        out.write(f"warning: {warning}\n")
    count, warned = len(objectives.objectives), len(objectives.warnings)
    out.write(f"{path}: sound, {count} objective{'s' if count != 1 else ''}")
    out.write(f", {warned} warning{'s' if warned != 1 else ''}\n" if warned else "\n")


def _facts(objective: Objective) -> Iterable[tuple[str, str]]:
    of_traffic = objective.sli.indicator is Indicator.TRAFFIC
    yield "good", f"{'more than ' if of_traffic else ''}{_percent(Fraction(objective.target))} {_good(objective.sli)}"
    if of_traffic:
        yield "usual", f"the median of the last {DAYS} days at this time, and no more than came a week ago"
    yield "not valid", _not_valid(objective.sli)
    yield "per", _per(objective)
    if not of_traffic:
        outage = time_text(float(objective.budget * PERIOD_S))
        period = duration_text(PERIOD_S)
        yield "budget", f"{_percent(Fraction(objective.budget))}: {outage} of complete outage in {period}"
    yield "evidence", _evidence(objective, objective.pairs[0])
    for pair in objective.pairs:
        if pair.confidence is not None or pair.max_requests is not None:
            yield "but", f"{pair}: {_evidence(objective, pair)}"
    if not objective.page_eligible:
        yield "pages", "become tickets"
    if objective.runbook:
        yield "runbook", objective.runbook


def _evidence(objective: Objective, pair: WindowPair) -> str:
    """What a pair believes, by examples; the minimums where they are asked for."""
    evidence = objective.evidence
    confidence = pair.confidence if pair.confidence is not None else evidence.confidence
    valid, bad = ("usual", "missing") if objective.sli.indicator is Indicator.TRAFFIC else ("valid", "bad")
    requests = f"{evidence.min_requests:,} {valid} and " if evidence.min_requests > 1 else ""
    requests = f"{evidence.min_volume:,} {valid} an hour and " if evidence.min_volume else requests
    minimums = f"at least {requests}{evidence.min_bad_of(pair):,} {bad} in the long window"
    if confidence is None:
        return f"{minimums}; whether that is chance is not asked"
    shown = [number for number in _EXAMPLES if pair.max_requests is None or number <= pair.max_requests]
    needed = {number: objective.bad_needed(number, pair) for number in shown}
    examples = ", ".join(f"{least:,} of {number:,}" for number, least in needed.items() if least <= number)
    return f"{minimums}, and more than chance at confidence {confidence:f}: {examples or 'never so few'}"


def _good(sli: Sli) -> str:
    if sli.indicator is Indicator.ERROR_RATE:
        return f"of requests end without {_spell(sli.bad)}"
    if sli.indicator is Indicator.TRAFFIC:
        return "of the requests that are usual at this time of day arrive"
    streaming = " streaming" if sli.indicator is Indicator.TTFB else ""
    whose = f"successful{streaming}" if sli.latency_of is LatencyOf.SUCCESSFUL else f"all{streaming}"
    does = "send their first byte" if sli.indicator is Indicator.TTFB else "complete"
    return f"of {whose} requests {does} within {time_text((sli.threshold_ms or 0) / 1000)}"


def _not_valid(sli: Sli) -> str:
    names = [_spell(sli.excluded)] if sli.excluded else []
    return ", ".join([*(["user_byok"] if sli.exclude_user_byok else []), *names]) or "nothing"


def _spell(classes: frozenset[StatusClass]) -> str:
    return ", ".join(status for status in StatusClass if status in classes)


def _per(objective: Objective) -> str:
    match = objective.match
    named = {"client": match.client, "provider": match.provider, "model": match.model}
    globs = ", ".join(f"{name} {glob}" for name, glob in named.items() if glob != "*")
    return _PER[objective.scope] + (f", of {globs}" if globs else "")


def _table(objective: Objective) -> "Table":
    from rich import box
    from rich.table import Table

    of_traffic = objective.sli.indicator is Indicator.TRAFFIC
    headings, cells_of = (_TRAFFIC_HEADINGS, _traffic_cells) if of_traffic else (_HEADINGS, _cells)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("  fires")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for pair in objective.pairs:
        windows = duration_text(pair.long_s), duration_text(pair.short_s)
        table.add_row(f"  {pair.severity}", *windows, *cells_of(pair, objective))
    return table


def _cells(pair: WindowPair, objective: Objective) -> Iterator[str]:
    yield f"{pair.burn_rate:f}"
    yield _percent(firing_fraction(pair.burn_rate, objective.budget))
    for error in _ERRORS:
        yield _after(pair, objective, error)
    yield _percent(spent_when_firing(pair))


def _traffic_cells(pair: WindowPair, objective: Objective) -> Iterator[str]:
    yield _percent(firing_fraction(pair.burn_rate, objective.budget))
    yield _after(pair, objective, Fraction(1))
    yield f"{objective.evidence.min_requests_of(pair):,}"


def _after(pair: WindowPair, objective: Objective, error: Fraction) -> str:
    seconds = detection_s(pair, objective.budget, error=error)
    return "never" if seconds is None else time_text(float(seconds))


def _percent(fraction: Fraction) -> str:
    """Exact where that is short (99.9999), three significant digits elsewhere."""
    percent = fraction * 100
    exact = Decimal(percent.numerator) / Decimal(percent.denominator)
    short = exact if len(f"{exact.normalize():f}") <= 7 else Decimal(f"{exact:.3g}")
    return f"{short.normalize():f} %"
