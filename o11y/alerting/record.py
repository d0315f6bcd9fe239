"""An alert as a flat record: a row of the alert history, a line of ``o11y replay --json``."""

from datetime import UTC, datetime
from typing import Any

from o11y.alerting.alert import Alert
from o11y.slo.burn_rate import burn_rate

#: how an aggregate's folded names are written; ``scope`` tells it from a model of that name
EVERY = "*"


def rfc3339(at: datetime) -> str:
    """UTC, with milliseconds only where there are some: ``2026-08-12T12:00:00Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").replace(".000Z", "Z")


def alert_record(
    alert: Alert, *, transition: str, notification_id: str = "", reason: str = "", incident_id: str = ""
) -> dict[str, Any]:
    """Counts and burn rates are those of the pair that fired; windows in seconds; burn rates are for reading.

    ``transition`` is what happened to it: a ``Change``, or a word of whoever decided otherwise (``inhibited``).
    """
    budget = alert.objective.budget
    return {
        "time": rfc3339(alert.at),
        "severity": alert.severity.value,
        "objective": alert.objective.name,
        "indicator": alert.objective.sli.indicator.value,
        "scope": alert.dimension.scope.value,
        "client": alert.dimension.client if alert.dimension.client is not None else EVERY,
        "provider": alert.dimension.provider if alert.dimension.provider is not None else EVERY,
        "model": alert.dimension.model if alert.dimension.model is not None else EVERY,
        "transition": str(transition),
        "reason": reason,
        "burn_rate_long": round(float(burn_rate(alert.long, budget)), 4),
        "burn_rate_short": round(float(burn_rate(alert.short, budget)), 4),
        "burn_rate_threshold": float(alert.pair.burn_rate),
        "long_window_s": alert.pair.long_s,
        "short_window_s": alert.pair.short_s,
        "valid": alert.long.valid,
        "bad": alert.long.bad,
        "short_valid": alert.short.valid,
        "short_bad": alert.short.bad,
        "target": str(alert.objective.target),
        "key": alert.key,
        "notification_id": notification_id,
        "incident_id": incident_id,
    }
