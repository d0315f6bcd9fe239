"""How an objective stands in a dimension, as tables show it: burn rates as bars against thresholds, budget, latency."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from o11y.slo.durations import duration_text
from o11y.slo.evaluation import Reason
from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity, WindowPair
from o11y.web.formats import burn, ms, percent
from o11y.web.paths import dimension_path
from o11y.worker.snapshot import PairState, Row, State

TONES: Mapping[State, tuple[str, str]] = {
    State.PAGE: ("page", "page"),
    State.TICKET: ("ticket", "ticket"),
    State.NO_DATA: ("nodata", "no data"),
    State.RECOVERING: ("muted", "recovering"),
    State.BURNING: ("muted", "over"),
    State.WELL: ("ok", "ok"),
}
#: why a pair does not fire although its burn rate is reached
_TELLING = {Reason.TOO_FEW_REQUESTS, Reason.TOO_FEW_BAD, Reason.MAY_BE_CHANCE, Reason.NOT_QUIET}
_LOW, _MUCH, _STEADY = 0.25, 0.1, 0.001  # of a budget


@dataclass(frozen=True, slots=True)
class Burn:
    """A pair of windows; the widths are percents of a bar whose middle is the threshold."""

    windows: str
    rate: float
    tone: str
    long_width: float
    short_width: float
    label: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A row, ready to be shown. ``trend``: what is left of the budget now beside what was left a day ago.

    Of requests that do not come nothing is counted by the hour, and no budget kept: ``requests``, ``bad_fraction`` and
    ``target`` are None.
    """

    row: Row
    name: str
    about: str
    href: str
    tone: str
    state: str
    burns: Sequence[Burn]
    requests: int | None
    bad_fraction: float | None
    target: Decimal | None
    p50: str
    p90: str
    ttfb: str
    budget: str
    budget_tone: str
    trend: str


def standing(row: Row) -> Standing:
    dimension, recent, quantiles = row.dimension, row.recent, row.quantiles
    tone, state = TONES[row.state]
    parts = (dimension.client, dimension.provider, dimension.model)
    whole = dimension.model or dimension.provider or dimension.client
    about = " · ".join(part for part in (dimension.client, dimension.provider) if part is not None and part != whole)
    before = row.budget_before
    traffic = row.objective.sli.indicator is Indicator.TRAFFIC
    return Standing(
        row=row,
        name=whole or "All traffic",
        about=about or ("" if None not in parts or whole is None else _kind(row)),
        href=dimension_path(dimension),
        tone=tone,
        state=state,
        burns=[_burn(each, _told_as(each.pair, row)) for each in row.pairs],
        requests=None if traffic else recent.valid,
        bad_fraction=recent.bad / recent.valid if recent.valid and not traffic else None,
        target=None if traffic else row.objective.target,
        p50=latency(None if quantiles is None else quantiles.p50, COMPLETE_BOUNDS_MS),
        p90=latency(None if quantiles is None else quantiles.p90, COMPLETE_BOUNDS_MS),
        ttfb=latency(None if quantiles is None else quantiles.ttfb_p90, TTFB_BOUNDS_MS),
        budget=_budget(row.budget),
        budget_tone=_budget_tone(row.budget),
        trend="" if row.budget is None or before is None else _trend(row.budget - before),
    )


def latency(value: float | None, bounds_ms: Sequence[int]) -> str:
    """Beyond the last bound nothing more is known than that."""
    return f"≥ {ms(value)}" if value is not None and value >= bounds_ms[-1] else ms(value)


def _kind(row: Row) -> str:
    return "provider" if row.dimension.provider is not None else "client"


def _budget(left: float | None) -> str:
    """12 %; of one that was spent several times over how often."""
    return f"spent {burn(1 - left)}" if left is not None and left <= -1 else percent(left)


def _trend(change: float) -> str:
    if abs(change) < _STEADY:
        return "="
    share = abs(change)
    amount = burn(share) if share >= 1 else f"{share * 100:.{0 if share >= _MUCH else 1}f}\N{NO-BREAK SPACE}%"
    return f"{'▲' if change > 0 else '▼'} {amount}"


def _budget_tone(left: float | None) -> str:
    if left is None:
        return "muted"
    return "page" if left <= 0 else "ticket" if left < _LOW else "ok"


def windows_text(pair: WindowPair) -> str:
    """``5m/1m``, or ``1d/2h quiet`` of one that is for dimensions of few requests."""
    return f"{duration_text(pair.long_s)}/{duration_text(pair.short_s)}{'' if pair.max_requests is None else ' quiet'}"


def _told_as(pair: WindowPair, row: Row) -> Severity:
    """A page is lowered for the objective's sake, or, as what is told here says, for the model's."""
    member = row.member
    if member is not None and member.lowered_because is not None and member.severity is Severity.TICKET:
        return Severity.TICKET
    return row.objective.told_as(pair)


def _burn(state: PairState, severity: Severity) -> Burn:
    pair, threshold = state.pair, float(state.pair.burn_rate)
    fires = state.reason is Reason.FIRING
    return Burn(
        windows=windows_text(pair),
        rate=state.long_rate,
        tone=severity.value if fires else "muted",
        long_width=_width(state.long_rate, threshold),
        short_width=_width(state.short_rate, threshold),
        label=(
            f"{severity} at {burn(threshold)}: {burn(state.long_rate)} in {duration_text(pair.long_s)}, "
            f"{burn(state.short_rate)} in {duration_text(pair.short_s)}"
            + (f" ({state.reason.value})" if fires or state.reason in _TELLING else "")
        ),
    )


def _width(rate: float, threshold: float) -> float:
    return round(min(100.0, 50 * rate / threshold), 1)
