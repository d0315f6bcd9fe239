"""The charts of a dimension: what each asks, and what ``charts.js`` is given of the answer."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from o11y.slo.dimension import Dimension
from o11y.slo.durations import duration_text
from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, LatencyOf
from o11y.slo.status_class import StatusClass
from o11y.slo.windows import Severity, WindowPair
from o11y.web.formats import ms
from o11y.web.standing import windows_text
from o11y.worker.burn_history import BUDGET_STEP_S, budget_ends, budget_stretches, burn_down, burn_history, windows_of
from o11y.worker.ports.series import Asked, CountsAsked, LatencyAsked, RequestsAsked, Rows
from o11y.worker.time_range import FINE_S, MIDDLE_S, TimeRange, epoch

_TONES = {Severity.PAGE: "page", Severity.TICKET: "ticket"}
_RATES = ((Indicator.LATENCY, "p50", 2), (Indicator.LATENCY, "p90", 3), (Indicator.LATENCY, "p99", 4))


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert's time in a chart; ``ended`` None: it has not."""

    objective: str
    severity: str
    began: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Chart:
    """``make``: the answer to ``asked``, and the alerts of the dimension, to what is drawn."""

    name: str
    title: str
    note: str
    asked: Asked
    make: Callable[[Rows, Sequence[Alerted]], Mapping[str, Any]]


def charts(
    dimension: Dimension, shown: TimeRange, *, objectives: Sequence[Objective], chosen: Objective | None
) -> list[Chart]:
    """``objectives``: those in force there; ``chosen``: the one whose burn rates are drawn, which may be of traffic."""
    found = [
        _requests(dimension, shown),
        _errors(dimension, shown, objectives),
        _latency(dimension, shown, objectives, Indicator.LATENCY),
        _latency(dimension, shown, objectives, Indicator.TTFB),
    ]
    if chosen is not None and chosen.sli.indicator is not Indicator.TRAFFIC:
        severities = {chosen.told_as(pair) for pair in chosen.pairs}
        found += [_burn(dimension, shown, chosen, severity) for severity in Severity if severity in severities]
    if budgeted := [each for each in objectives if each.sli.indicator is not Indicator.TRAFFIC]:
        found.append(_budgets(dimension, shown, budgeted))
    return found


def _requests(dimension: Dimension, shown: TimeRange) -> Chart:
    def make(rows: Rows, alerts: Sequence[Alerted]) -> Mapping[str, Any]:
        by_step = {row[0]: row for row in rows}
        steps = list(shown.steps)

        def rate(place: int) -> list[float]:
            return [60 * by_step[s][place] / shown.covered_s(s) if s in by_step else 0.0 for s in steps]

        series = [{"label": "all", "values": rate(1), "tone": "1", "kind": "area"}]
        if any(row[2] for row in rows):
            series.append({"label": "on keys of users", "values": rate(2), "tone": "muted"})
        return _chart("per_minute", shown, steps, series)

    asked = RequestsAsked(dimension, shown.stretch)
    return Chart("requests", "Requests", f"a minute, in steps of {duration_text(shown.step_s)}", asked, make)


def _errors(dimension: Dimension, shown: TimeRange, objectives: Sequence[Objective]) -> Chart:
    classes = [each for each in StatusClass if each is not StatusClass.OK]

    def make(rows: Rows, alerts: Sequence[Alerted]) -> Mapping[str, Any]:
        by_step = {row[0]: row for row in rows}
        steps = list(shown.steps)
        series = []
        for place, each in enumerate(classes, start=4):
            if any(row[place] for row in rows):
                values = [_share(by_step.get(step), place) for step in steps]
                series.append({"label": each.value.replace("_", " "), "values": values})
        if not series and rows:
            series = [{"label": "errors", "values": [_share(by_step.get(step), None) for step in steps], "tone": "ok"}]
        periods = _periods(alerts, objectives, Indicator.ERROR_RATE)
        return _chart("percent", shown, steps if rows else [], series, periods=periods)

    asked = RequestsAsked(dimension, shown.stretch)
    return Chart("errors", "Errors by class of status", "of all requests but those on keys of users", asked, make)


def _share(row: tuple[Any, ...] | None, place: int | None) -> float | None:
    """Of the requests that are not on keys of users."""
    if row is None or row[1] <= row[2]:
        return None
    return 0.0 if place is None else row[place] / (row[1] - row[2])


def _latency(dimension: Dimension, shown: TimeRange, objectives: Sequence[Objective], indicator: Indicator) -> Chart:
    def make(rows: Rows, alerts: Sequence[Alerted]) -> Mapping[str, Any]:
        by_step = {row[0]: row for row in rows}
        steps = list(shown.steps)
        series = [
            {"label": label, "values": [by_step[step][place] if step in by_step else None for step in steps]}
            for _, label, place in _RATES
        ]
        high = max((value for row in rows for value in row[2:5]), default=0)
        thresholds = [
            {"label": f"{each.name}: {ms(each.sli.threshold_ms)}", "value": each.sli.threshold_ms, "tone": "muted"}
            for each in objectives
            if each.sli.indicator is indicator and (each.sli.threshold_ms or 0) <= 4 * high  # others flatten the lines
        ]
        periods = _periods(alerts, objectives, indicator)
        drawn = _chart("ms", shown, steps if rows else [], series, thresholds=thresholds, periods=periods)
        return {**drawn, "most": most_ms}

    most_ms = (COMPLETE_BOUNDS_MS if indicator is Indicator.LATENCY else TTFB_BOUNDS_MS)[-1]

    of_every = any(
        each.sli.indicator is indicator and each.sli.latency_of is LatencyOf.EVERY_REQUEST for each in objectives
    )
    most = f"{most_ms // 1_000} s"
    bounds = (
        "interpolated between the bounds of the rollups, so exact to one of them; "
        f"longer than {most} is told as ≥ {most}"
    )
    who = "successful requests" if indicator is Indicator.LATENCY else "successful streaming requests"
    also = "; the objective counts failed ones too" if of_every else ""
    title = "Time to complete" if indicator is Indicator.LATENCY else "Time to first byte"
    asked = LatencyAsked(dimension, shown.stretch, indicator)
    return Chart(indicator.value, title, f"{who}, {bounds}{also}", asked, make)


def _burn(dimension: Dimension, shown: TimeRange, objective: Objective, severity: Severity) -> Chart:
    pairs = [pair for pair in objective.pairs if objective.told_as(pair) is severity]
    seen = windows_of(objective, shown)
    longest = max((seconds for pair in objective.pairs for seconds in (pair.long_s, pair.short_s)), default=MIDDLE_S)
    windows = sorted({seconds for pair in pairs for seconds in (pair.long_s, pair.short_s) if seconds in seen})
    missing = sorted({s for pair in pairs for s in (pair.long_s, pair.short_s)} - set(windows))
    by_rate: defaultdict[Decimal, list[WindowPair]] = defaultdict(list)
    for pair in pairs:
        if not {pair.long_s, pair.short_s}.isdisjoint(windows):
            by_rate[pair.burn_rate].append(pair)

    def make(rows: Rows, alerts: Sequence[Alerted]) -> Mapping[str, Any]:
        history = burn_history(objective, rows, shown=shown)
        series = [{"label": duration_text(seconds), "values": history.rates[seconds]} for seconds in windows]
        thresholds = [
            {
                "label": f"{rate:f} ({', '.join(map(windows_text, alike))})",
                "value": float(rate),
                "tone": _TONES[severity],
            }
            for rate, alike in by_rate.items()
        ]
        periods = [each for each in _periods(alerts, [objective], None) if each["tone"] == severity.value]
        return _chart(
            "burn",
            shown,
            list(history.ends) if windows and rows else [],
            series,
            thresholds=thresholds,
            periods=periods,
        )

    note = "of each window, by the moment at which it ends"
    for pair in (each for alike in by_rate.values() for each in alike):
        if pair.max_requests is not None:
            few = f"at most {pair.max_requests:,} requests in {duration_text(pair.long_s)}"
            note += f"; {windows_text(pair)}: only while there are {few}"
    if missing:
        note += f"; {' and '.join(map(duration_text, missing))} can be seen in shorter ranges"
    asked = CountsAsked(dimension, (objective.sli,), shown.stretches_before(longest))
    return Chart(f"burn-{severity}", f"Burn rates of the {severity}s", note, asked, make)


def _budgets(dimension: Dimension, shown: TimeRange, objectives: Sequence[Objective]) -> Chart:
    until = shown.until
    slis = tuple(dict.fromkeys(each.sli for each in objectives))
    stretches = budget_stretches(until, fine=shown.grain_s == FINE_S)

    def make(rows: Rows, alerts: Sequence[Alerted]) -> Mapping[str, Any]:
        series = [
            {"label": each.name, "values": burn_down(each, rows, until=until, place=slis.index(each.sli))}
            for each in objectives
        ]
        return {
            "unit": "percent",
            "x": budget_ends(until) if rows else [],
            "range": [budget_ends(until)[0], epoch(until)],
            "series": series,
            "thresholds": [{"label": "spent", "value": 0, "tone": "page"}],
            "periods": [],
        }

    note = (
        f"what was left of the budget of the 30 days up to the end of this range, every {duration_text(BUDGET_STEP_S)}"
    )
    return Chart("budget", "Error budget", note, CountsAsked(dimension, slis, stretches), make)


def _periods(
    alerts: Sequence[Alerted], objectives: Sequence[Objective], indicator: Indicator | None
) -> list[dict[str, Any]]:
    names = {each.name for each in objectives if indicator is None or each.sli.indicator is indicator}
    return [
        {
            "from": epoch(each.began),
            "to": None if each.ended is None else epoch(each.ended),
            "tone": each.severity,
            "label": each.objective,
        }
        for each in alerts
        if each.objective in names
    ]


def _chart(
    unit: str,
    shown: TimeRange,
    x: Sequence[int],
    series: Sequence[Mapping[str, Any]],
    *,
    thresholds: Sequence[Mapping[str, Any]] = (),
    periods: Sequence[Mapping[str, Any]] = (),
) -> Mapping[str, Any]:
    return {
        "unit": unit,
        "x": list(x),
        "range": [epoch(shown.since), epoch(shown.until)],
        "series": list(series),
        "thresholds": list(thresholds),
        "periods": list(periods),
    }
