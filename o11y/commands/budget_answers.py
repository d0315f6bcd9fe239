"""What ``o11y budget`` asks, as the owner's socket and a command of its own both answer it."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from o11y.alerting.record import EVERY, rfc3339
from o11y.http.control import Command
from o11y.slo.budget_report import STEP_S, Standing
from o11y.worker.budgets import NOBODY, PERIOD, Budgets, Spenders, Wanted, key_of, rows_of
from o11y.worker.objectives_in_force import ObjectivesInForce

#: budgets of one answer
MOST = 1_000
#: of these the incidents that spent them are told
_EXPLAINED = 50


def budget_answers(budgets: Budgets, in_force: ObjectivesInForce) -> dict[str, Command]:
    async def budget(arguments: dict[str, Any]) -> Any:
        """Of the 30 days before ``at``; objectives are those of now. Raises ``ValueError``."""
        named = {objective.name for objective in await in_force.renew()}
        if (name := str(arguments["objective"])) and name not in named:
            raise ValueError(f"--objective: {name!r} refused; accepted: {', '.join(sorted(named))}")
        report = await budgets.report(datetime.fromisoformat(arguments["at"]))
        wanted = Wanted(*(str(arguments[name]) for name in ("client", "provider", "model", "objective")))
        rows = rows_of(report, wanted)
        standings = [report.standing(row) for row in rows[: min(int(arguments["limit"]), MOST)]]
        spenders = await budgets.spenders(standings[:_EXPLAINED], until=report.until)
        return {
            "from": rfc3339(report.until - PERIOD),
            "until": rfc3339(report.until),
            "budgets": len(rows),
            "overspent": report.overspent(rows),
            "listed": [_row(standing, spenders) for standing in standings],
        }

    return {"budget": budget}


def _row(standing: Standing, spenders: Mapping[str, Spenders]) -> dict[str, Any]:
    """Events are counts, budgets in events too; shares are of 1, below 0 when overspent; times in seconds."""
    objective, dimension = standing.objective, standing.dimension
    found = spenders.get(key_of(standing), NOBODY)
    return {
        "objective": objective.name,
        "indicator": objective.sli.indicator.value,
        "threshold_ms": objective.sli.threshold_ms,
        "target": str(objective.target),
        "scope": dimension.scope.value,
        "client": dimension.client if dimension.client is not None else EVERY,
        "provider": dimension.provider if dimension.provider is not None else EVERY,
        "model": dimension.model if dimension.model is not None else EVERY,
        "valid": standing.period.valid,
        "good": standing.good,
        "bad": standing.period.bad,
        "compliance": _number(standing.compliance),
        "budget_events": _number(standing.allowed),
        "left_events": _number(standing.left_events),
        "spent": _number(standing.spent),
        "left": _number(standing.left),
        "burn_rate_1h": _number(standing.hour_rate),
        "burn_rate_24h": _number(standing.day_rate),
        "ends_in_s_at_1h": _number(standing.ends_s(standing.hour_rate)),
        "ends_in_s_at_24h": _number(standing.ends_s(standing.day_rate)),
        "trend_step_s": STEP_S,
        "trend_burn_rate": [_number(rate) for rate in standing.trend],
        "incidents": [
            {
                "incident": one.incident_id,
                "severity": one.severity.value,
                "from": rfc3339(one.began_at),
                "until": None if one.ended_at is None else rfc3339(one.ended_at),
                "bad": None if one.counted is None else one.counted.bad,
                "valid": None if one.counted is None else one.counted.valid,
                "spent": None if one.counted is None else _number(standing.share_of(one.counted.bad)),
            }
            for one in found.told
        ],
        "incidents_before": found.more,
    }


def _number(value: Fraction | None) -> float | None:
    """For reading: nine digits."""
    return None if value is None else float(f"{float(value):.9g}")
