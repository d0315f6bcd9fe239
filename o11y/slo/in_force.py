"""The objectives in force: those of the file, with the overrides that fit them, and where each value comes from."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from o11y.slo.dimension import Scope
from o11y.slo.evidence import HIGHEST_CONFIDENCE, LOWEST_CONFIDENCE
from o11y.slo.latency_bounds import next_bound
from o11y.slo.objective import Objective
from o11y.slo.override import VALUE_NAMES, Layers, Override, Selector, Values, layered
from o11y.slo.sli import Indicator
from o11y.slo.window_fields import never_fires

#: digits behind the point of a target, as in the file
_MOST_DECIMALS = 20
_MOST_REQUESTS = 10**12

#: what a scope keeps apart, and so what a selector can name
SELECTABLE: Mapping[Scope, tuple[str, ...]] = {
    Scope.MODEL: ("client", "provider", "model"),
    Scope.PROVIDER: ("provider",),
    Scope.CLIENT: ("client",),
    Scope.ALL: (),
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why an override cannot hold: which part of it (``""``: all of it), and what would be accepted.

    ``accepted``: values by name, which end the message.
    """

    part: str
    message: str
    accepted: tuple[str, ...] = ()

    def told(self, spelled: Mapping[str, str]) -> str:
        """The message, with the values as ``spelled``; those that are not in it are left out."""
        return self.message + ", ".join(spelled[name] for name in self.accepted if name in spelled)

    def __str__(self) -> str:
        message = self.message + ", ".join(self.accepted)
        return f"{self.part}: {message}" if self.part else message


@dataclass(frozen=True, slots=True)
class Inert:
    """An override that is kept and does nothing, as the file has changed since."""

    override: Override
    why: str


@dataclass(frozen=True, slots=True)
class InForce:
    """The objectives of the file in its order, each with its overrides as ``layers``; and those that fit none."""

    objectives: tuple[Objective, ...]
    inert: tuple[Inert, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """A value, and the override that says it; ``override`` is None where the file does."""

    value: Any
    override: Override | None


def in_force(file: Sequence[Objective], overrides: Sequence[Override]) -> InForce:
    """``overrides`` in the order in which they were made: of two for one selector the later counts."""
    named = {objective.name: objective for objective in file}
    layers: defaultdict[str, list[Override]] = defaultdict(list)
    inert: list[Inert] = []
    for override in overrides:
        objective = named.get(override.selector.objective)
        found = misfits(objective, override.selector, override.values) if objective is not None else _no_objective()
        if found:
            inert.append(Inert(override, "; ".join(map(str, found))))
        else:
            layers[override.selector.objective].append(override)
    objectives = tuple(
        replace(each, layers=Layers(layers[each.name])) if each.name in layers else each for each in file
    )
    return InForce(objectives, tuple(inert))


def origins(objective: Objective, selector: Selector) -> dict[str, Origin]:
    """Of each value that can be overridden: what it is where ``selector`` selects, and who says so.

    A value that means nothing for the indicator is absent; a threshold is the one that was asked for.
    """
    layers = objective.layers.of(*selector.names)
    there, said = objective.under(layers), layered(layers)
    values: dict[str, Any] = {
        "enabled": there.enabled,
        "target": there.target,
        "threshold_ms": there.sli.threshold_ms,
        "min_requests": there.evidence.min_requests,
        "confidence": there.evidence.confidence,
        "page_eligible": there.page_eligible,
    }
    if "threshold_ms" in said:
        values["threshold_ms"] = said["threshold_ms"].values.threshold_ms
    return {name: Origin(values[name], said.get(name)) for name in values_of(objective)}


def values_of(objective: Objective) -> tuple[str, ...]:
    """The names of the values that an override of it may replace."""
    if objective.sli.indicator is Indicator.TRAFFIC:
        return ("enabled", "page_eligible")
    return tuple(name for name in VALUE_NAMES if name != "threshold_ms" or objective.sli.bounds_ms)


def misfits(objective: Objective, selector: Selector, values: Values) -> list[Misfit]:
    """Everything that keeps these values from holding there; the words are those of the check of the file."""
    found = misfits_of_names(objective, selector)
    accepted = values_of(objective)
    for name in values.given:
        if name not in accepted:
            message = f"means nothing for {objective.sli.indicator}, refused; accepted: "
            found.append(Misfit(name, message, accepted))
    if not values.given:
        found.append(Misfit("", "replaces nothing; accepted: at least one of ", accepted))
    if values.target is not None and "target" in accepted:
        found += _target(objective, values.target)
    if values.threshold_ms is not None and objective.sli.bounds_ms:
        found += _threshold(objective, values.threshold_ms)
    return [*found, *_evidence(values)]


def misfits_of_names(objective: Objective, selector: Selector) -> list[Misfit]:
    """Every name that the objective cannot select, whatever the values."""
    return [*_names(objective, selector)]


def _no_objective() -> list[Misfit]:
    return [Misfit("objective", "the objectives file has none of this name")]


def _names(objective: Objective, selector: Selector) -> Iterator[Misfit]:
    selectable = SELECTABLE[objective.scope]
    globs = dict(zip(SELECTABLE[Scope.MODEL], objective.match.globs, strict=True))
    for kind, name in selector.named.items():
        if kind not in selectable:
            accepted = f"accepted: {', '.join(selectable)}" if selectable else "it selects nothing"
            yield Misfit(kind, f"'per: {objective.scope}' folds every {kind} together; {accepted}")
        elif not name:
            yield Misfit(kind, "is empty; leave it out for all of them")
        elif not fnmatchcase(name, globs[kind]):
            yield Misfit(kind, f"'{name}' is none that the objective covers; accepted: what fits {globs[kind]}")


def _target(objective: Objective, target: Decimal) -> Iterator[Misfit]:
    if not (target.is_finite() and 0 < target < 1):
        yield Misfit("target", f"{target} refused; accepted: a number between 0 and 1, both excluded")
    elif target != round(target, _MOST_DECIMALS):
        yield Misfit("target", f"{target} refused; accepted: at most {_MOST_DECIMALS} decimals")
    else:
        reasons = (never_fires(pair, target) for pair in objective.pairs)
        yield from (Misfit("target", reason) for reason in reasons if reason is not None)


def _threshold(objective: Objective, threshold_ms: int) -> Iterator[Misfit]:
    bounds = objective.sli.bounds_ms
    if threshold_ms < 1 or next_bound(threshold_ms, bounds) is None:
        yield Misfit("threshold_ms", f"{threshold_ms} refused; accepted: a whole number from 1 to {bounds[-1]}")


def _evidence(values: Values) -> Iterator[Misfit]:
    if values.min_requests is not None and not 1 <= values.min_requests <= _MOST_REQUESTS:
        yield Misfit("min_requests", f"{values.min_requests} refused; accepted: a whole number of at least 1")
    confidence = values.confidence
    if confidence is not None and not (
        confidence.is_finite() and LOWEST_CONFIDENCE <= confidence <= HIGHEST_CONFIDENCE
    ):
        accepted = f"a number from {LOWEST_CONFIDENCE} to {HIGHEST_CONFIDENCE}"
        yield Misfit("confidence", f"{confidence} refused; accepted: {accepted}")
