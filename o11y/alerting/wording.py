"""What a message says, in words that every receiver shares; how it is laid out is the receiver's own affair."""

from collections.abc import Sequence
from fractions import Fraction

from o11y.alerting.alert import Alert
from o11y.alerting.foreign_text import visible
from o11y.alerting.notification import Facts, Notice, Notification
from o11y.alerting.quantities import count, exact_percent, latency, moment, percent, percentile, times
from o11y.slo.budget import budget_left, exhaustion_s
from o11y.slo.burn_rate import burn_rate
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.durations import duration_text, time_text
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, LatencyOf, Sli

#: alerts that a grouped message names; it counts the rest
NAMED_ALERTS = 10
#: entries of a "most frequent" list
TOP = 5


def title(message: Notification | Notice, *, name_limit: int = 80) -> str:
    """``PAGE error-rate: gateway / vendor / model``; of several alerts, how many there are."""
    if isinstance(message, Notice):
        return f"{message.severity.upper()} {visible(message.title, limit=name_limit)}"
    objective = visible(message.alerts[0].objective.name, limit=name_limit)
    if len(message.alerts) > 1:
        return f"{message.severity.upper()} {objective}: {count(len(message.alerts))} dimensions"
    return f"{message.severity.upper()} {objective}: {place(message.alerts[0].dimension, name_limit=name_limit)}"


def place(dimension: Dimension, *, name_limit: int = 80) -> str:
    """The dimension, its names made visible."""
    names = (dimension.client, dimension.provider, dimension.model)
    return str(Dimension(*(None if name is None else visible(name, limit=name_limit) for name in names)))


def measured(alert: Alert, facts: Facts | None = None) -> str:
    """``50 % failed in the last 5m: 50 of 100 requests``; for latencies with the measured percentile where known."""
    sli, ratio = alert.objective.sli, alert.long
    of = _valid(sli).removesuffix("s") if ratio.valid == 1 else _valid(sli)
    text = (
        f"{percent(_share(ratio))} {_bad(sli)} in the last {duration_text(alert.pair.long_s)}: "
        f"{count(ratio.bad)} of {count(ratio.valid)} {of}"
    )
    if sli.threshold_ms is not None and facts is not None and facts.quantile_ms is not None:
        text += f" ({percentile(alert.objective.target)} = {latency(facts.quantile_ms)})"
    return text


def burning(alert: Alert) -> str:
    """``500× over 5m, 480× over 1m; threshold 14.4×``."""
    budget, pair = alert.objective.budget, alert.pair
    return (
        f"{times(burn_rate(alert.long, budget))} over {duration_text(pair.long_s)}, "
        f"{times(burn_rate(alert.short, budget))} over {duration_text(pair.short_s)}; threshold {times(pair.burn_rate)}"
    )


def briefly(alert: Alert) -> str:
    """One alert among several: ``50 % of 1,000, burn rate 500×``."""
    rate = burn_rate(alert.long, alert.objective.budget)
    return f"{percent(_share(alert.long))} of {count(alert.long.valid)}, burn rate {times(rate)}"


def goal(objective: Objective) -> str:
    """What the objective promises: ``90 % of successful requests complete within 15 s``."""
    sli = objective.sli
    promise = f"{exact_percent(objective.target)} of {_valid(sli)}"
    if sli.threshold_ms is None:
        return f"{promise} succeed"
    return (
        f"{promise} {'complete' if sli.indicator is Indicator.LATENCY else 'start'} within {latency(sli.threshold_ms)}"
    )


def budget(alert: Alert, facts: Facts) -> str:
    """What is left of the 30-day budget and when it ends at the long window's burn rate."""
    rate = burn_rate(alert.long, alert.objective.budget)
    if facts.budget_valid is None or facts.budget_bad is None or not 0 <= facts.budget_bad <= facts.budget_valid:
        whole = exhaustion_s(rate)
        return f"a whole one would last {time_text(float(whole))} at this rate" if whole is not None else "unknown"
    left = budget_left(Ratio(facts.budget_bad, facts.budget_valid), alert.objective.budget)
    if left <= 0:
        return f"none left, {percent(1 - left)} of it is spent"
    ends = exhaustion_s(rate, left=left)
    return f"{percent(left)} left" + (f", gone in {time_text(float(ends))} at this rate" if ends is not None else "")


def tops(counted: Sequence[tuple[str, int]]) -> str:
    """The most frequent among the bad: ``503: 40, 429: 10``."""
    return ", ".join(f"{visible(name, limit=40)}: {count(events)}" for name, events in counted[:TOP])


def remarks(notification: Notification) -> tuple[str, ...]:
    """What is unusual about this message, a sentence each."""
    said = []
    if notification.delivered_at is not None:
        state = f"; {notification.presence}" if notification.presence is not None else ""
        said.append(f"Told late: fired at {moment(notification.fired_at)}, "
                    f"delivered at {moment(notification.delivered_at)}{state}.")  # fmt: skip
    if notification.late_detection:
        said.append(f"Found late: {moment(notification.fired_at)} was evaluated after a gap.")
    if notification.repeated:
        said.append("May be a repeat: an earlier attempt may have reached you.")
    if notification.without_memory:
        said.append("o11y is without its memory (Redis does not answer): messages may repeat until it is back.")
    return (*said, *_lowered(notification.alerts))


def _lowered(alerts: Sequence[Alert]) -> list[str]:
    reasons = [alert.lowered_because for alert in alerts if alert.lowered_because]
    many = f"{count(len(reasons))} of {count(len(alerts))} are tickets" if len(alerts) > 1 else "A ticket"
    return [f"{many} rather than a page: {visible('; '.join(sorted(set(reasons))), limit=300)}."] if reasons else []


def _valid(sli: Sli) -> str:
    if sli.indicator is Indicator.TTFB:
        return "streaming requests"
    every = sli.indicator is Indicator.ERROR_RATE or sli.latency_of is LatencyOf.EVERY_REQUEST
    return "requests" if every else "successful requests"


def _bad(sli: Sli) -> str:
    if sli.threshold_ms is None:
        return "failed"
    if sli.indicator is Indicator.TTFB:
        return f"waited longer than {latency(sli.threshold_ms)} for the first byte"
    return f"slower than {latency(sli.threshold_ms)}"


def _share(ratio: Ratio) -> Fraction:
    return Fraction(ratio.bad, ratio.valid) if ratio.valid else Fraction(0)
