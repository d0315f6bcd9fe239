"""``/alerting/config`` and its siblings: objectives of one model, as dashboards of the first gateway ask for them.

A configuration is an override of the error rate (or of the first byte) of one model, at all clients and providers: of
the objective per model that speaks for it. What it leaves out is as in the objectives file. A DELETE names its model in
the query, or else in a JSON body.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from o11y.alerting.record import rfc3339
from o11y.http.admin import AdminRequest, Endpoint, Reply, refuse
from o11y.http.admin_tokens import Role
from o11y.http.ingest_answer import Refused, failure
from o11y.http.objectives import Administration, kept_name_of, name_of, put, refuse_override
from o11y.http.query_names import check_names
from o11y.model_id import normalise_model
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.in_force import origins
from o11y.slo.latency_bounds import TTFB_BOUNDS_MS, next_bound
from o11y.slo.objective import Match, Objective
from o11y.slo.override import Override, Selector
from o11y.slo.sli import Indicator, Sli
from o11y.slo.sli_fields import DEFAULT_BAD, DEFAULT_EXCLUDED
from o11y.worker.override_request import BadOverride, asked
from o11y.worker.suggestions import DAY_S, P50, P95, P99

CONFIG_PATH, TTFB_CONFIG_PATH = "/alerting/config", "/alerting/ttfb-config"
BASELINE_PATH, TTFB_BASELINE_PATH = "/alerting/baseline", "/alerting/ttfb-baseline"

_DAYS = (1, 3, 7)
_NO_OBJECTIVE = {
    Indicator.ERROR_RATE: "The objectives file has no objective per model of the error rate for this model",
    Indicator.TTFB: "The objectives file has no objective per model of the time to the first byte for this model",
}
#: what a baseline counts where the file has no objective for the model; its threshold decides nothing
_DEFAULT = {
    Indicator.ERROR_RATE: Sli(Indicator.ERROR_RATE, bad=DEFAULT_BAD, excluded=DEFAULT_EXCLUDED),
    Indicator.TTFB: Sli(Indicator.TTFB, threshold_ms=TTFB_BOUNDS_MS[0]),
}


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the two configurations: its indicator, and how its fields spell the values of an override."""

    indicator: Indicator
    spelled: Mapping[str, str]


_ERROR_RATE = _Kind(
    Indicator.ERROR_RATE,
    {"enabled": "enabled", "target": "errorRateSlo", "min_requests": "minRequestsPerWindow"},
)
_TTFB = _Kind(
    Indicator.TTFB,
    {
        "enabled": "enabled",
        "threshold_ms": "ttfbThresholdMs",
        "target": "ttfbSlo",
        "min_requests": "minRequestsPerWindow",
    },
)


def alerting_config_endpoints(parts: Administration) -> list[Endpoint]:
    """Reading for viewers, changing for editors."""
    found = []
    for path, kind in ((CONFIG_PATH, _ERROR_RATE), (TTFB_CONFIG_PATH, _TTFB)):
        configs = _Configs(parts, kind)
        found += [
            Endpoint("GET", path, Role.VIEWER, configs.listed),
            Endpoint("PUT", path, Role.EDITOR, configs.put),
            Endpoint("DELETE", path, Role.EDITOR, configs.removed, may_have_body=True),
        ]
    baselines = _Baselines(parts)
    return [
        *found,
        Endpoint("GET", BASELINE_PATH, Role.VIEWER, baselines.error_rate),
        Endpoint("GET", TTFB_BASELINE_PATH, Role.VIEWER, baselines.ttfb),
    ]


class _Configs:
    def __init__(self, parts: Administration, kind: _Kind) -> None:
        self._in_force, self._overrides, self._kind = parts.in_force, parts.overrides, kind

    async def listed(self, request: AdminRequest) -> Reply:
        check_names(request)
        overrides = [override for objective in await self._in_force.renew() for override in objective.layers]
        shown = (self._shown(override) for override in overrides)
        return Reply({"configs": [config for config in shown if config is not None]})

    async def put(self, request: AdminRequest) -> Reply:
        check_names(request)
        model = name_of("model", _model_in(request.body))
        objective = objective_for(self._in_force.current(), self._kind.indicator, model)
        if objective is None:
            raise Refused(failure(409, _NO_OBJECTIVE[self._kind.indicator]))
        try:
            values, note = asked(request.body, spelled=self._kind.spelled, ignored=None)
        except BadOverride as error:
            raise refuse_override(error) from None
        by, spelled = request.admin.name, self._kind.spelled
        selector = Selector(objective.name, model=model)
        override = await put(self._overrides, selector, values, note, by=by, spelled=spelled)
        return Reply({"config": self._shown(override)})

    async def removed(self, request: AdminRequest) -> Reply:
        """Of every objective of the indicator: the file may have been given a more specific one meanwhile."""
        check_names(request, "model")
        await self._in_force.renew()
        written = kept_name_of("model", _model_in(request.query if "model" in request.query else request.body))
        for model in dict.fromkeys((written, normalise_model(written)[0])):
            of = [o.selector for o in self._in_force.overrides if self._is_config(o) and o.selector.model == model]
            if any([await self._overrides.remove(selector, by=request.admin.name) for selector in of]):
                return Reply({})
        raise Refused(failure(404, "There is no such configuration"))

    def _is_config(self, override: Override) -> bool:
        objective = self._in_force.named(override.selector.objective)
        of_kind = objective is not None and objective.sli.indicator is self._kind.indicator
        return of_kind and override.selector.named.keys() == {"model"}

    def _shown(self, override: Override) -> dict[str, Any] | None:
        """As it holds: values that the override leaves out are those of the file, or of wider overrides."""
        objective = self._in_force.named(override.selector.objective)
        if objective is None or not self._is_config(override):
            return None
        values = {name: origin.value for name, origin in origins(objective, override.selector).items()}
        shown = {field: _number(values[name]) for name, field in self._kind.spelled.items()}
        if "threshold_ms" in self._kind.spelled:
            shown["evaluatedThresholdMs"] = next_bound(values["threshold_ms"], objective.sli.bounds_ms)
        return {"model": override.selector.model, **shown, "updatedAt": rfc3339(override.at)}


class _Baselines:
    def __init__(self, parts: Administration) -> None:
        self._in_force, self._suggestions = parts.in_force, parts.suggestions

    async def error_rate(self, request: AdminRequest) -> Reply:
        """Of the requests that the SLI calls valid, over whole days until now; null without any in that time."""
        model, sli = self._asked(request, Indicator.ERROR_RATE)
        windows_s = [days * DAY_S for days in _DAYS]
        ratios = await self._suggestions.ratios(sli, (None, None, model), windows_s)
        if not any(ratio.valid for ratio in ratios):
            return Reply({"baseline": None})
        named = list(zip(_DAYS, ratios, strict=True))
        rates = {f"errorRate{days}d": _rate(ratio) for days, ratio in named}
        return Reply({"baseline": {"model": model, **rates, **{f"requests{days}d": r.valid for days, r in named}}})

    async def ttfb(self, request: AdminRequest) -> Reply:
        """Interpolated between the bounds of the rollups, so right to within one of their bands."""
        model, sli = self._asked(request, Indicator.TTFB)
        latencies = await self._suggestions.latencies(sli, (None, None, model))
        if not latencies.total:
            return Reply({"baseline": None})
        levels = {"p50": P50, "p95": P95, "p99": P99}
        quantiles = {f"{name}Ttfb3d": _ms(latencies.quantile_ms(level)) for name, level in levels.items()}
        return Reply({"baseline": {"model": model, **quantiles, "requests3d": latencies.total}})

    def _asked(self, request: AdminRequest, indicator: Indicator) -> tuple[str, Sli]:
        """The model, and what is counted of it: as its objective does, or by default."""
        check_names(request, "model")
        model = name_of("model", _model_in(request.query))
        objective = objective_for(self._in_force.current(), indicator, model)
        return model, _DEFAULT[indicator] if objective is None else objective.sli


def objective_for(objectives: Sequence[Objective], indicator: Indicator, model: str) -> Objective | None:
    """The one per model that speaks for a model whatever the client and provider: the most specific, or the first."""
    speaking = [
        each
        for each in objectives
        if each.scope is Scope.MODEL
        and each.sli.indicator is indicator
        and Match(model=each.match.model).covers(Dimension(None, None, model))
    ]
    return max(
        speaking,
        key=lambda each: (each.match.client == each.match.provider == "*", each.match.specificity),
        default=None,
    )


def _model_in(body: object) -> str:
    model = body.get("model") if isinstance(body, Mapping) else None
    if not isinstance(model, str):
        raise refuse((["model"], "must be the id of a model"))
    return model


def _rate(ratio: Ratio) -> float | None:
    return ratio.bad / ratio.valid if ratio.valid else None


def _ms(quantile: Fraction | None) -> float | None:
    return None if quantile is None else round(float(quantile), 1)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
