"""Values with good defaults: a test names only what it is about.

``NOW`` is on a minute of the 10 s grain. Decimals may be written as text (``target="0.99"``).
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from o11y.alerting.alert import Alert
from o11y.alerting.incident import Cause, Change, Incident, Member
from o11y.alerting.key import alert_key
from o11y.alerting.matcher import parse_matchers
from o11y.alerting.notification import Account, Notice, Notification
from o11y.alerting.silence import Silence
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, LatencyOf, Sli
from o11y.slo.status_class import StatusClass
from o11y.slo.windows import Severity, WindowPair

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

BAD = frozenset(
    {
        StatusClass.SERVER_ERROR,
        StatusClass.OVERLOADED,
        StatusClass.TIMEOUT,
        StatusClass.RATE_LIMITED,
        StatusClass.AUTH_ERROR,
        StatusClass.PAYMENT_REQUIRED,
    }
)
EXCLUDED = frozenset({StatusClass.CLIENT_ERROR, StatusClass.CLIENT_CLOSED})

ERROR_RATE = Sli(Indicator.ERROR_RATE, bad=BAD, excluded=EXCLUDED)


def error_rate(**changes: Any) -> Sli:
    """The shipped error rate."""
    return Sli(**{"indicator": Indicator.ERROR_RATE, "bad": BAD, "excluded": EXCLUDED, **changes})


def latency(threshold_ms: int = 15_000, *, of: LatencyOf = LatencyOf.SUCCESSFUL, **changes: Any) -> Sli:
    return Sli(Indicator.LATENCY, threshold_ms=threshold_ms, latency_of=of, **changes)


def ttfb(threshold_ms: int = 3_000, *, of: LatencyOf = LatencyOf.SUCCESSFUL, **changes: Any) -> Sli:
    return Sli(Indicator.TTFB, threshold_ms=threshold_ms, latency_of=of, **changes)


def dimension(
    model: str | None = "vendor/model", *, client: str | None = "gateway", provider: str | None = "vendor"
) -> Dimension:
    return Dimension(client, provider, model)


def pair(
    severity: Severity | str = Severity.PAGE,
    *,
    long_s: int = 300,
    short_s: int = 60,
    burn_rate: Decimal | str | int = "14.4",
    **changes: Any,
) -> WindowPair:
    return WindowPair(Severity(severity), long_s, short_s, Decimal(burn_rate), **changes)


PAGE_5M = pair()
PAGE_30M = pair(long_s=1_800, short_s=180, burn_rate=6)
TICKET_6H = pair(Severity.TICKET, long_s=21_600, short_s=1_800, burn_rate=1)
PAIRS = (PAGE_5M, PAGE_30M, TICKET_6H)


def objective(**changes: Any) -> Objective:
    """99.9 % error rate per model with the shipped pairs; ``target`` may be text."""
    values: dict[str, Any] = {"name": "error-rate", "sli": ERROR_RATE, "target": "0.999", "pairs": PAIRS, **changes}
    values["target"] = Decimal(values["target"])
    return Objective(**values)


def ratio(bad: int = 50, valid: int = 100) -> Ratio:
    return Ratio(bad, valid)


def alert(**changes: Any) -> Alert:
    """Half of a hundred requests failed. ``severity`` follows ``pair`` unless given."""
    values: dict[str, Any] = {
        "objective": objective(),
        "dimension": dimension(),
        "pair": PAGE_5M,
        "long": Ratio(50, 100),
        "short": Ratio(10, 20),
        "at": NOW,
        **changes,
    }
    values.setdefault("severity", values["pair"].severity)
    return Alert(**values)


def notification(*alerts: Alert, **changes: Any) -> Notification:
    """Of one default alert unless ``alerts`` are given."""
    told = alerts or (alert(),)
    return Notification(**{"notification_id": "n-1", "alerts": told, "fired_at": told[0].at, **changes})


def notice(**changes: Any) -> Notice:
    values: dict[str, Any] = {
        "notice_id": "notice-1",
        "severity": Severity.PAGE,
        "title": "o11y is blind",
        "text": "three evaluations in a row failed",
        "at": NOW,
    }
    return Notice(**{**values, **changes})


def account(change: Change = Change.FIRED, **changes: Any) -> Account:
    """The story of one alert's incident that fires since ``NOW``."""
    values: dict[str, Any] = {
        "incident_id": "i-1",
        "change": change,
        "cause": Cause(dimension(), Indicator.ERROR_RATE),
        "since": NOW,
    }
    return Account(**{**values, **changes})


def silence(matchers: str = "client=gateway", **changes: Any) -> Silence:
    """For an hour from ``NOW``."""
    values: dict[str, Any] = {
        "silence_id": "s-1",
        "matchers": parse_matchers(matchers),
        "starts_at": NOW,
        "ends_at": NOW + timedelta(hours=1),
        "author": "ann",
        "comment": "deploy",
        "created_at": NOW,
    }
    return Silence(**{**values, **changes})


def member(**changes: Any) -> Member:
    """A page that fires at ``NOW``."""
    values: dict[str, Any] = {
        "key": alert_key("error-rate", changes.get("dimension", dimension())),
        "objective": "error-rate",
        "dimension": dimension(),
        "severity": Severity.PAGE,
        "pair": PAGE_5M,
        "long": Ratio(50, 100),
        "short": Ratio(10, 20),
        "since": NOW,
        "fired_at": NOW,
        "burn_rate": Decimal(500),
        "peak": Decimal(500),
        "data_at": NOW,
        **changes,
    }
    return Member(**values)


def incident(*members: Member, **changes: Any) -> Incident:
    """Of one default member unless ``members`` are given; its first version, untold."""
    about = members or (member(),)
    values: dict[str, Any] = {
        "incident_id": "i-1",
        "cause": Cause(about[0].dimension, Indicator.ERROR_RATE),
        "members": about,
        "opened_at": NOW,
        "evaluated_at": NOW,
        "version": 1,
        **changes,
    }
    return Incident(**values)
