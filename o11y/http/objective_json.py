"""Objectives, overrides and their changes as the API answers them. Numbers that are not whole are text, and exact."""

from datetime import datetime
from typing import Any

from o11y.alerting.record import EVERY, rfc3339
from o11y.slo.in_force import Origin, origins
from o11y.slo.latency_bounds import next_bound
from o11y.slo.objective import Objective
from o11y.slo.override import Override, Selector, Values
from o11y.slo.override_json import shown
from o11y.slo.rehearsal import Period
from o11y.slo.windows import WindowPair
from o11y.worker.override_request import SPELLED
from o11y.worker.ports.overrides import Change
from o11y.worker.suggestions import Proposal, Rehearsed


def objective_json(objective: Objective, selector: Selector | None = None) -> dict[str, Any]:
    """``values`` as they are where ``selector`` selects (everywhere without one), each with where it comes from."""
    about = selector or Selector(objective.name)
    return {
        "name": objective.name,
        "indicator": objective.sli.indicator.value,
        "per": objective.scope.value,
        "match": dict(zip(("client", "provider", "model"), objective.match.globs, strict=True)),
        "family": objective.family,
        "runbook": objective.runbook,
        "windows": [_pair_json(pair) for pair in objective.pairs],
        **names_json(about),
        "values": {
            SPELLED[name]: _origin_json(name, origin, objective) for name, origin in origins(objective, about).items()
        },
    }


def override_json(override: Override, objective: Objective | None, *, why_inert: str | None = None) -> dict[str, Any]:
    """``objective`` is its own, if the file has it; ``why_inert``: it does nothing, and why."""
    found = {
        "objective": override.selector.objective,
        **names_json(override.selector),
        **values_json(override.values, objective),
        "note": override.note,
        "by": override.by,
        "updatedAt": rfc3339(override.at),
        "inForce": why_inert is None,
    }
    return found if why_inert is None else {**found, "because": why_inert}


def change_json(change: Change, objective: Objective | None) -> dict[str, Any]:
    return {
        "at": rfc3339(change.at),
        "by": change.by,
        "objective": change.selector.objective,
        **names_json(change.selector),
        "before": None if change.before is None else values_json(change.before, objective),
        "after": None if change.after is None else values_json(change.after, objective),
        "note": change.note,
    }


def values_json(values: Values, objective: Objective | None) -> dict[str, Any]:
    """Those that are given. A threshold has the bound beside it at which it is evaluated."""
    found = {SPELLED[name]: value for name, value in shown(values).items()}
    if values.threshold_ms is not None and objective is not None and objective.sli.bounds_ms:
        found["evaluatedThresholdMs"] = next_bound(values.threshold_ms, objective.sli.bounds_ms)
    return found


def names_json(selector: Selector) -> dict[str, Any]:
    """null: all of them."""
    return {"client": selector.client, "provider": selector.provider, "model": selector.model}


def proposal_json(proposal: Proposal, objective: Objective) -> dict[str, Any]:
    return {"values": values_json(proposal.values, objective), "because": list(proposal.because)}


def rehearsed_json(rehearsed: Rehearsed) -> dict[str, Any]:
    """What the last seven days would have fired."""
    return {
        "since": rfc3339(rehearsed.since),
        "until": rfc3339(rehearsed.until),
        "everyMinuteSince": rfc3339(rehearsed.fine_from),
        "pages": rehearsed.pages,
        "tickets": rehearsed.tickets,
        "firingSeconds": rehearsed.firing_s,
        "dimensionsLeftOut": rehearsed.left_out,
        "dimensions": [
            {
                "client": dimension.client or EVERY,
                "provider": dimension.provider or EVERY,
                "model": dimension.model or EVERY,
                "pages": [_period_json(period, rehearsed) for period in one.pages],
                "tickets": [_period_json(period, rehearsed) for period in one.tickets],
            }
            for dimension, one in rehearsed.of
        ],
    }


def _origin_json(name: str, origin: Origin, objective: Objective) -> dict[str, Any]:
    override = origin.override
    value = f"{origin.value:f}" if name in ("target", "confidence") and origin.value is not None else origin.value
    found = {"value": value, "from": "file" if override is None else "override"}
    if name == "threshold_ms":
        found["evaluatedMs"] = next_bound(origin.value, objective.sli.bounds_ms)
    if override is not None:
        selected = names_json(override.selector)
        found |= {"by": override.by, "updatedAt": rfc3339(override.at), "selector": selected}
    return found


def _pair_json(pair: WindowPair) -> dict[str, Any]:
    return {
        "severity": pair.severity.value,
        "longWindowS": pair.long_s,
        "shortWindowS": pair.short_s,
        "burnRate": f"{pair.burn_rate:f}",
    }


def _period_json(period: Period, rehearsed: Rehearsed) -> dict[str, Any]:
    zone = rehearsed.since.tzinfo
    start, end = (datetime.fromtimestamp(second, zone) for second in (period.start_s, period.end_s))
    return {"start": rfc3339(start), "end": rfc3339(end), "firingSeconds": period.firing_s}
