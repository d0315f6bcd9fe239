"""``/api/v1/alerts``: the alert history, a row for each transition, the newest first."""

from typing import Any

from o11y.alerting.record import EVERY, rfc3339
from o11y.http.admin import AdminRequest, Endpoint, Reply, refuse
from o11y.http.admin_tokens import Role
from o11y.http.slack_link import slack_link
from o11y.worker.alert_log import AlertLog
from o11y.worker.log_request import NAMES, BadQuestion, after_row, question_in, range_in, row_mark
from o11y.worker.ports import Clock
from o11y.worker.ports.alert_log import Transition

PATH = "/api/v1/alerts"
USUAL, MOST = 100, 1_000
_FIELDS = frozenset({*NAMES, "from", "to", "severity", "transition", "limit", "after"})


def alert_endpoints(log: AlertLog, *, clock: Clock) -> list[Endpoint]:
    async def listed(request: AdminRequest) -> Reply:
        try:
            _known(request.query)
            since, until = range_in(request.query, now=clock())
            asked = question_in(request.query, since=since, until=until)
            after, most = after_row(request.query.get("after", "")), _limit(request.query.get("limit", str(USUAL)))
        except BadQuestion as error:
            raise refuse(([error.field], error.words)) from None
        found, rest = await log.transitions(asked, after=after, most=most)
        alerts = [transition_json(one) for one in found]
        return Reply({"alerts": alerts, "next": None if rest is None else row_mark(rest)})

    return [Endpoint("GET", PATH, Role.VIEWER, listed)]


def transition_json(one: Transition) -> dict[str, Any]:
    """``time``: the minute evaluated; ``recordedAt``: when it happened, of what was told or answered."""
    return {
        "time": rfc3339(one.at),
        "recordedAt": rfc3339(one.recorded_at),
        "transition": one.transition,
        "reason": one.reason,
        "severity": one.severity,
        "objective": one.objective,
        "scope": one.dimension.scope.value,
        "client": one.dimension.client if one.dimension.client is not None else EVERY,
        "provider": one.dimension.provider if one.dimension.provider is not None else EVERY,
        "model": one.dimension.model if one.dimension.model is not None else EVERY,
        "bad": one.bad,
        "valid": one.valid,
        "burnRate": one.burn_rate,
        "burnRateThreshold": one.burn_rate_threshold,
        "key": one.key,
        "incident": one.incident_id or None,
        "notification": one.notification_id or None,
        "slack": slack_link(one.slack),
    }


def _known(query: Any) -> None:
    """A misspelt filter would silently be none."""
    for name in query:
        if name not in _FIELDS:
            raise BadQuestion(name, f"is not a field; accepted: {', '.join(sorted(_FIELDS))}")


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= MOST):
        raise BadQuestion("limit", f"a whole number from 1 to {MOST:,} is accepted")
    return int(text)
