"""Objectives, their values and where those come from, in the words of the page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from o11y.slo.dimension import Scope
from o11y.slo.in_force import Origin, origins
from o11y.slo.latency_bounds import next_bound
from o11y.slo.objective import Objective
from o11y.slo.override import Layers, Names, Override, Selector, Values
from o11y.slo.sli import Indicator

LABELS: Mapping[str, str] = {
    "enabled": "Enabled",
    "target": "Target",
    "threshold_ms": "Threshold",
    "min_requests": "Minimum requests",
    "confidence": "Confidence",
    "page_eligible": "Pages",
}

_PER = {
    Scope.MODEL: "each client, provider and model",
    Scope.PROVIDER: "each provider",
    Scope.CLIENT: "each client",
    Scope.ALL: "all traffic together",
}
_INDICATOR = {
    Indicator.ERROR_RATE: "Error rate",
    Indicator.LATENCY: "Latency of whole requests",
    Indicator.TTFB: "Time to the first byte",
    Indicator.TRAFFIC: "Requests that do not come",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value as it is somewhere; ``override`` says it, or the file where that is None."""

    name: str
    label: str
    text: str
    override: Override | None


def meaning(objective: Objective) -> str:
    """``Error rate of each provider, of provider openai``"""
    kinds = zip(("client", "provider", "model"), objective.match.globs, strict=True)
    of = ", ".join(f"{kind} {glob}" for kind, glob in kinds if glob != "*")
    return f"{_INDICATOR[objective.sli.indicator]} of {_PER[objective.scope]}" + (f", {of}" if of else "")


def values_at(objective: Objective, selector: Selector) -> list[Value]:
    """Every value that an override may replace, as it is where ``selector`` selects."""
    found = origins(objective, selector)
    return [Value(name, LABELS[name], value_text(name, one, objective), one.override) for name, one in found.items()]


def value_text(name: str, origin: Origin, objective: Objective) -> str:
    return _text(name, origin.value, objective)


def values_text(values: Values | None, objective: Objective | None) -> str:
    """``target 0.99, threshold 4,000 ms evaluated at 5,000 ms``; or that there is no override."""
    if values is None:
        return "no override"
    return ", ".join(f"{LABELS[name].lower()} {_text(name, value, objective)}" for name, value in values.given.items())


def where(selector: Selector) -> str:
    """``model gpt-4o at client web``"""
    return ", ".join(f"{kind} {name}" for kind, name in selector.named.items()) or "everywhere"


def removed_text(removed: Override, objective: Objective | None) -> str:
    """What holds where an override was, from the next evaluation on; ``objective`` is its own, if the file has it."""
    if objective is None:
        return "It did nothing: the objectives file has none of this name."
    names = removed.selector.names
    left = Layers(each for each in objective.layers if each.selector != removed.selector)
    found = origins(replace(objective, layers=left), removed.selector)
    said = [
        f"{LABELS[name].lower()} {value_text(name, one, objective)} (override, {where(one.override.selector)})"
        for name, one in found.items()
        if one.override is not None
    ]
    parts = len([each for each in left if _meet(each.selector.names, names)]) - len(left.of(*names))
    but = f", but for {parts} {'overrides of parts' if parts > 1 else 'override of a part'} of it" if parts else ""
    if not said:
        return f"The file holds from the next evaluation on{but}."
    rest = "; all else as in the file" if len(said) < len(found) else ""
    return f"From the next evaluation on: {', '.join(said)}{rest}{but}."


def _meet(some: Names, others: Names) -> bool:
    """Whether there can be a dimension that both select."""
    return all(None in (one, other) or one == other for one, other in zip(some, others, strict=True))


def editing(selector: Selector) -> str:
    """The path of the form for a selector."""
    return f"/objectives/edit?{urlencode({'objective': selector.objective, **selector.named})}"


def _text(name: str, value: Any, objective: Objective | None) -> str:
    match name:
        case "enabled":
            return "on" if value else "off"
        case "page_eligible":
            return "pages" if value else "tickets only"
        case "threshold_ms":
            bound = next_bound(value, objective.sli.bounds_ms) if objective is not None else value
            return f"{value:,} ms" if bound in (value, None) else f"{value:,} ms, evaluated at {bound:,} ms"
        case "min_requests":
            return f"{value:,}"
    if value is None:
        return "not asked, the minimums alone"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
