"""What a message says of one alert, in words that every receiver shares. Each lays them out in its own way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from o11y.alerting.alert import Alert
from o11y.alerting.foreign_text import visible
from o11y.alerting.notification import Facts
from o11y.alerting.quantities import clock, count, exact_percent, latency, percent, percentile, times
from o11y.slo.budget import budget_left, exhaustion_s
from o11y.slo.burn_rate import burn_rate, firing_fraction
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.durations import duration_text, time_text
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, LatencyOf, Sli
from o11y.slo.usual_traffic import DAYS

#: alerts that a grouped message names; it counts the rest
NAMED_ALERTS = 10
#: entries of a "most frequent" list
TOP = 5


@dataclass(frozen=True, slots=True)
class Words:
    """How an indicator speaks of its events: "50 % failed", "50 of 100 requests failed", "90 % of requests succeed"."""

    valid: str
    bad: str
    did: str
    good: str


def words(sli: Sli) -> Words:
    every = sli.indicator is Indicator.ERROR_RATE or sli.latency_of is LatencyOf.EVERY_REQUEST
    if sli.indicator is Indicator.TRAFFIC:
        return Words("expected requests", "missing", "did not come", "arrive")
    requests = "requests" if every else "successful requests"
    if sli.threshold_ms is None:
        return Words(requests, "failed", "failed", "succeed")
    limit = latency(sli.threshold_ms)
    if sli.indicator is Indicator.TTFB:
        waited = f"waited longer than {limit} for the first byte"
        return Words("streaming requests", waited, waited, f"start within {limit}")
    return Words(requests, f"slower than {limit}", f"were slower than {limit}", f"complete within {limit}")


def place(dimension: Dimension, *, name_limit: int = 80) -> str:
    """The dimension, its names made visible."""
    names = (dimension.client, dimension.provider, dimension.model)
    return str(Dimension(*(None if name is None else visible(name, limit=name_limit) for name in names)))


def measured(alert: Alert, facts: Facts | None = None, *, beside: datetime | None = None) -> str:
    """``50 % failed in the last 5m: 50 of 100 requests``; for latencies with the measured percentile where known.

    An alert of an earlier minute than that of the message, ``beside``, says which: ``in the 5m to 11:58 UTC``.
    """
    sli, ratio, window = alert.objective.sli, alert.long, duration_text(alert.pair.long_s)
    came = _came_of_usual(ratio) if sli.indicator is Indicator.TRAFFIC else None
    when = f"in the last {window}"
    if beside is not None and alert.at < beside:
        when = f"in the {window} to {clock(alert.at, beside=beside)}"
    if came is not None:
        return f"{came} requests {when} (as at this time on the last {DAYS} days)"
    text = f"{percent(_share(ratio))} {words(sli).bad} {when}: {_bad_of_valid(ratio, sli)}"
    if sli.threshold_ms is not None and facts is not None and facts.quantile_ms is not None:
        text += f" ({percentile(alert.objective.target)} = {latency(facts.quantile_ms)})"
    return text


def happened_to(ratio: Ratio, sli: Sli) -> str:
    """``1,240 of 3,000 requests failed``."""
    return f"{_bad_of_valid(ratio, sli)} {words(sli).did}"


def has_budget(objective: Objective) -> bool:
    """Whether burn rates and a budget mean anything: a request that does not come spends nothing."""
    return objective.sli.indicator is not Indicator.TRAFFIC


def pace_label(objective: Objective) -> str:
    """What ``burning`` tells of."""
    return "burn rate" if has_budget(objective) else "missing"


def burning(alert: Alert) -> str:
    """``500× over 5m, 480× over 1m; threshold 14.4×``; of traffic ``100 % over 30m, 96 % over 10m; threshold 95 %``."""
    budget, pair = alert.objective.budget, alert.pair
    if not has_budget(alert.objective):
        return (
            f"{percent(_share(alert.long))} over {duration_text(pair.long_s)}, "
            f"{percent(_share(alert.short))} over {duration_text(pair.short_s)}; "
            f"threshold {percent(firing_fraction(pair.burn_rate, budget))}"
        )
    return (
        f"{times(burn_rate(alert.long, budget))} over {duration_text(pair.long_s)}, "
        f"{times(burn_rate(alert.short, budget))} over {duration_text(pair.short_s)}; threshold {times(pair.burn_rate)}"
    )


def briefly(alert: Alert) -> str:
    """One alert among several: ``50 % of 1,000, burn rate 500×``."""
    if not has_budget(alert.objective):
        return _came_of_usual(alert.long)
    rate = burn_rate(alert.long, alert.objective.budget)
    return f"{percent(_share(alert.long))} of {count(alert.long.valid)}, burn rate {times(rate)}"


def goal(objective: Objective) -> str:
    """What the objective promises: ``90 % of successful requests complete within 15 s``."""
    said = words(objective.sli)
    if not has_budget(objective):
        return f"more than {exact_percent(objective.target)} of what is usual at this time of day arrives"
    return f"{exact_percent(objective.target)} of {said.valid} {said.good}"


def budget(alert: Alert, facts: Facts) -> str | None:
    """What is left of the 30-day budget and when it ends at the long window's burn rate; None where there is none."""
    if not has_budget(alert.objective):
        return None
    rate = burn_rate(alert.long, alert.objective.budget)
    period = period_counts(facts)
    if period is None:
        whole = exhaustion_s(rate)
        return f"a whole one would last {time_text(float(whole))} at this rate" if whole is not None else "unknown"
    left = budget_left(period, alert.objective.budget)
    if left <= 0:
        return f"none left, {percent(1 - left)} of it is spent"
    ends = exhaustion_s(rate, left=left)
    return f"{percent(left)} left" + (f", gone in {time_text(float(ends))} at this rate" if ends is not None else "")


def spent(ratio: Ratio, alert: Alert, facts: Facts) -> str | None:
    """``1.24 % of the 30-day budget, 88 % is left``: what ``ratio``'s bad events cost. None: not known."""
    period = period_counts(facts)
    if period is None or not period.valid:
        return None
    allowed = Fraction(alert.objective.budget) * period.valid
    left = budget_left(period, alert.objective.budget)
    return f"{percent(ratio.bad / allowed)} of the 30-day budget, {percent(left) if left > 0 else 'none'} is left"


def period_counts(facts: Facts) -> Ratio | None:
    """Bad and valid events of the SLO period; None where they are unknown, or cannot be."""
    bad, valid = facts.budget_bad, facts.budget_valid
    return None if bad is None or valid is None or not 0 <= bad <= valid else Ratio(bad, valid)


def tops(counted: Sequence[tuple[str, int]]) -> str:
    """The most frequent among the bad: ``503: 40, 429: 10``."""
    return ", ".join(f"{visible(name, limit=40)}: {count(events)}" for name, events in counted[:TOP])


def _bad_of_valid(ratio: Ratio, sli: Sli) -> str:
    of = words(sli).valid.removesuffix("s") if ratio.valid == 1 else words(sli).valid
    return f"{count(ratio.bad)} of {count(ratio.valid)} {of}"


def _came_of_usual(ratio: Ratio) -> str:
    """``0 of about 120 expected``."""
    return f"{count(ratio.valid - ratio.bad)} of about {count(ratio.valid)} expected"


def _share(ratio: Ratio) -> Fraction:
    return Fraction(ratio.bad, ratio.valid) if ratio.valid else Fraction(0)
