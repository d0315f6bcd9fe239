"""An alert: one objective, one dimension, one severity, at one minute."""

from dataclasses import dataclass
from datetime import datetime

from o11y.alerting.key import alert_key
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity, WindowPair


@dataclass(frozen=True, slots=True)
class Alert:
    """``severity`` is where it goes, which eligibility may have lowered from ``pair.severity``."""

    objective: Objective
    dimension: Dimension
    severity: Severity
    pair: WindowPair
    long: Ratio
    short: Ratio
    at: datetime  # the minute evaluated, UTC
    lowered_because: str | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("at: needs a time zone")

    @property
    def key(self) -> str:
        """The same in every tick and replica: objective x dimension, whatever the severity."""
        return alert_key(self.objective.name, self.dimension)
