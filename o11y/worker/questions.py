"""What engineers ask an evaluator: what fires at a time, and why (not). Reads only; answers are JSON-ready."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from o11y.alerting.foreign_text import visible
from o11y.alerting.record import EVERY, alert_record, rfc3339
from o11y.alerting.triage import PagePolicy, groups
from o11y.slo.burn_rate import burn_rate
from o11y.slo.dimension import Dimension
from o11y.slo.evaluation import Evaluator, PairVerdict
from o11y.slo.objective import Objective
from o11y.slo.override import layered
from o11y.slo.windows import Severity
from o11y.worker.tick import Ticker, whole_minute, window_end


@dataclass(frozen=True, slots=True)
class Questions:
    """Asks the same stores and the same mathematics as the tick does."""

    ticker: Ticker

    async def dry_run(self, at: datetime) -> dict[str, Any]:
        """What a tick at this time finds; nothing is kept or sent."""
        await self.ticker.renew_objectives()
        evaluation = await self.ticker.evaluate(whole_minute(at), asked=True)
        alerts = [alert for group in groups(evaluation.alerts) for alert in group]
        return {
            "time": rfc3339(evaluation.minute),
            "until": rfc3339(evaluation.until),
            "dimensions": evaluation.dimensions,
            "incomplete": evaluation.incomplete,
            "firing": [alert_record(a, transition="firing", reason=a.lowered_because or "") for a in alerts],
        }

    async def explain(self, dimension: Dimension, at: datetime) -> dict[str, Any]:
        """Every count, rate and verdict of one client x provider x model, each with its reason."""
        await self.ticker.renew_objectives()
        minute = whole_minute(at)
        until = window_end(minute, self.ticker.lag_s)
        counts = await self.ticker.count(until, only=dimension)
        known = dimension in counts
        found = Evaluator(self.ticker.objectives).explain(counts, dimension)
        policy = PagePolicy(await self.ticker.recommended.ids(now=at))
        return {
            "time": rfc3339(minute),
            "until": rfc3339(until),
            "client": dimension.client or EVERY,
            "provider": dimension.provider or EVERY,
            "model": dimension.model or EVERY,
            "traffic": known,
            "verdicts": [_verdict(verdict, policy) for verdict in found.verdicts],
            "not_used": [
                {"objective": loser.name, "because": f"{winner.name} matches more specifically"}
                for loser, winner in found.overruled
            ]
            + [
                {"objective": objective.name, "because": self._who_switched_off(objective, dimension)}
                for objective in found.switched_off
            ],
        }

    def _who_switched_off(self, objective: Objective, dimension: Dimension) -> str:
        base = next(each for each in self.ticker.objectives if each.name == objective.name)
        override = layered(base.layers.at(dimension)).get("enabled")
        if override is None:
            return "it is switched off"
        note = f": {visible(override.note)}" if override.note else ""
        return f"{visible(override.by)} switched it off at {rfc3339(override.at)}{note}"


def _verdict(verdict: PairVerdict, policy: PagePolicy) -> dict[str, Any]:
    objective, pair = verdict.objective, verdict.pair
    lowered = policy.why_not(objective, verdict.dimension) if pair.severity is Severity.PAGE else None
    return {
        "objective": objective.name,
        "indicator": objective.sli.indicator.value,
        "target": str(objective.target),
        "threshold_ms": objective.sli.threshold_ms,
        "severity": pair.severity.value,
        "long_window_s": pair.long_s,
        "short_window_s": pair.short_s,
        "burn_rate_threshold": float(pair.burn_rate),
        "valid": verdict.long.valid,
        "bad": verdict.long.bad,
        "burn_rate_long": round(float(burn_rate(verdict.long, objective.budget)), 4),
        "short_valid": verdict.short.valid,
        "short_bad": verdict.short.bad,
        "burn_rate_short": round(float(burn_rate(verdict.short, objective.budget)), 4),
        "min_requests": objective.evidence.min_requests_of(pair),
        "min_bad": objective.evidence.min_bad,
        "bad_needed": objective.bad_needed(verdict.long.valid, pair),
        "firing": verdict.firing,
        "reason": verdict.reason.value,
        "page_becomes_ticket": lowered,
    }
