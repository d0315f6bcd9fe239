"""Breaches -> alerts -> groups: one alert a severity, pages only where a page is wanted, worst first."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from o11y.alerting.alert import Alert
from o11y.slo.burn_rate import burn_rate
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import PairVerdict
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity


@dataclass(frozen=True, slots=True)
class PagePolicy:
    """Which dimensions may page. ``recommended`` holds normalised model ids; None (no list) lets every model page."""

    recommended: frozenset[str] | None = None

    def why_not(self, objective: Objective, dimension: Dimension) -> str | None:
        """The reason that a page of this dimension becomes a ticket, or None."""
        if not objective.page_eligible:
            return f"objective {objective.name} is not page-eligible"
        if dimension.scope is not Scope.MODEL or self.recommended is None or dimension.model in self.recommended:
            return None
        return "the model is not on the list of recommended models"


def excess(alert: Alert) -> Fraction:
    """How many times over its threshold the long window burns: what "worst" means."""
    return burn_rate(alert.long, alert.objective.budget) / Fraction(alert.pair.burn_rate)


def triage(breaches: Iterable[PairVerdict], policy: PagePolicy, *, at: datetime) -> list[Alert]:
    """At most one alert of each severity for an objective and dimension: that of its most urgent pair.

    The most urgent pair is the one that asks for the highest burn rate, which is the quickest to spend the budget. So
    a page that becomes a ticket is told instead of the ticket that also fires.
    """
    found: dict[tuple[str, Dimension, Severity], Alert] = {}
    for breach in breaches:
        severity, why = breach.pair.severity, None
        if severity is Severity.PAGE and (why := policy.why_not(breach.objective, breach.dimension)):
            severity = Severity.TICKET
        alert = Alert(
            breach.objective,
            breach.dimension,
            severity,
            breach.pair,
            breach.long,
            breach.short,
            at,
            lowered_because=why,
        )
        key = (breach.objective.name, breach.dimension, severity)
        if key not in found or _urgency(alert) > _urgency(found[key]):
            found[key] = alert
    return list(found.values())


def _urgency(alert: Alert) -> tuple[Decimal, int, Fraction, int]:
    """Equal thresholds: the shorter window, then the counts, so that the order of breaches decides nothing."""
    return alert.pair.burn_rate, -alert.pair.long_s, excess(alert), alert.long.bad


def groups(alerts: Sequence[Alert]) -> list[tuple[Alert, ...]]:
    """Alerts of one severity and objective together, worst first; pages before tickets."""
    together: defaultdict[tuple[Severity, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        together[alert.severity, alert.objective.name].append(alert)
    ordered = sorted(together.items(), key=lambda item: (item[0][0] is not Severity.PAGE, item[0][1]))
    return [tuple(sorted(members, key=_worst_first)) for _, members in ordered]


def _worst_first(alert: Alert) -> tuple[Fraction, int, str]:
    return -excess(alert), -alert.long.bad, str(alert.dimension)
