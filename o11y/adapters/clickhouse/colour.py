"""What the message says beyond the decision: bounded queries for one alert, after it was decided."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from o11y.adapters.clickhouse.bands import bands
from o11y.adapters.clickhouse.client import ClickHouse, Table
from o11y.adapters.clickhouse.measures import bad_event, bad_of_rollup, latency_column, valid_event, valid_of_rollup
from o11y.adapters.clickhouse.statements import statement
from o11y.alerting.alert import Alert
from o11y.alerting.notification import NO_FACTS, Facts
from o11y.slo.counts import NOTHING, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.sli import Indicator
from o11y.worker.ports import StoreError

DEADLINE_S = 2.0
BUDGET_PERIOD = timedelta(days=30)
_MOST_MEMORY = 1_000_000_000


class ClickHouseColour:
    """Implements ``ColourStore``."""

    def __init__(self, ch: ClickHouse) -> None:
        self._ch = ch

    async def colour(self, alert: Alert, *, until: datetime) -> Facts:
        """Facts over the long window of the alert, and its budget. At most 2 s in all; raises ``StoreError``.

        Requests that did not come have none.
        """
        if alert.objective.sli.indicator is Indicator.TRAFFIC:
            return NO_FACTS
        try:
            async with asyncio.timeout(DEADLINE_S):
                bad, budget, quantile = await asyncio.gather(
                    self._bad_events(alert, until), self._budget(alert, until), self._quantile(alert, until)
                )
        except TimeoutError as error:
            raise StoreError(f"the facts of {alert.dimension} took longer than {DEADLINE_S:g} s") from error
        budget_valid, budget_bad = budget
        return Facts(
            status_codes=bad["codes"],
            inference_providers=bad["providers"],
            budget_bad=budget_bad,
            budget_valid=budget_valid,
            quantile_ms=quantile,
        )

    async def bad_between(self, alert: Alert, *, since: datetime, until: datetime) -> Ratio:
        """Bad and valid events of the alert's dimension in [since, until), on the grain of the rollups.

        Nothing of requests that did not come: what is usual is known of windows alone.
        """
        if alert.objective.sli.indicator is Indicator.TRAFFIC:
            return NOTHING
        seconds = max(10, int((until - since).total_seconds()) // 10 * 10)
        valid, bad = await self._summed(alert, seconds, until)
        return Ratio(min(bad, valid), valid)

    async def _bad_events(self, alert: Alert, until: datetime) -> Mapping[str, tuple[tuple[str, int], ...]]:
        sli = alert.objective.sli
        parts = {"scope": _event_scope(alert.dimension), "valid": valid_event(sli), "bad": bad_event(sli)}
        table = await self._ask(statement("bad_events", parts), _window(alert, until))
        rows = list(table.rows)
        return {
            "codes": tuple((name, events) for by_provider, name, events in rows if not by_provider),
            "providers": tuple((name, events) for by_provider, name, events in rows if by_provider and name),
        }

    async def _budget(self, alert: Alert, until: datetime) -> tuple[int, int]:
        return await self._summed(alert, int(BUDGET_PERIOD.total_seconds()), until)

    async def _summed(self, alert: Alert, seconds: int, until: datetime) -> tuple[int, int]:
        """Valid and bad events of [until - seconds, until)."""
        sli = alert.objective.sli
        parts = {
            "valid_events": valid_of_rollup(sli),
            "bad_events": bad_of_rollup(sli),
            "scope": _rollup_scope(alert.dimension),
            "narrowed": " AND NOT user_byok" if sli.exclude_user_byok else "",
        }
        stretches = bands([seconds], until=until)
        sql = "\n    UNION ALL\n    ".join(
            statement("budget_stretch", {**parts, "rollup": stretch.grain.rollup, "number": str(number)})
            for number, stretch in enumerate(stretches)
        )
        bounds = {f"from_{number}": _second(stretch.start) for number, stretch in enumerate(stretches)}
        bounds |= {f"to_{number}": _second(stretch.end) for number, stretch in enumerate(stretches)}
        table = await self._ask(statement("budget", {"stretches": sql}), {**bounds, **_names(alert.dimension)})
        valid, bad = (int(column[0]) for column in table.columns)
        return valid, bad

    async def _quantile(self, alert: Alert, until: datetime) -> float | None:
        objective = alert.objective
        if objective.sli.indicator is Indicator.ERROR_RATE:
            return None
        parts = {
            "latency": latency_column(objective.sli),
            "scope": _event_scope(alert.dimension),
            "valid": valid_event(objective.sli),
        }
        parameters = {**_window(alert, until), "level": float(objective.target)}
        table = await self._ask(statement("quantile", parts), parameters)
        return float(table.columns[0][0]) if table.columns else None

    async def _ask(self, sql: str, parameters: Mapping[str, Any]) -> Table:
        return await self._ch.query(sql, parameters, settings={"max_memory_usage": _MOST_MEMORY}, timeout_s=DEADLINE_S)


def _event_scope(dimension: Dimension) -> str:
    match dimension.scope:
        case Scope.MODEL:
            return "client_name = {client:String} AND provider = {provider:String} AND resolved_model = {model:String}"
        case Scope.PROVIDER:
            return "provider = {provider:String}"
        case Scope.CLIENT:
            return "client_name = {client:String}"
        case Scope.ALL:
            return "true"


def _rollup_scope(dimension: Dimension) -> str:
    match dimension.scope:
        case Scope.MODEL:
            return f"dim_id = {statement('dim_id')}"
        case Scope.PROVIDER:
            return "dim_id IN (SELECT d.dim_id FROM dimensions AS d WHERE d.provider = {provider:String})"
        case Scope.CLIENT:
            return "dim_id IN (SELECT d.dim_id FROM dimensions AS d WHERE d.client = {client:String})"
        case Scope.ALL:
            return "true"


def _names(dimension: Dimension) -> dict[str, str]:
    names = {"client": dimension.client, "provider": dimension.provider, "model": dimension.model}
    return {kind: name for kind, name in names.items() if name is not None}


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _window(alert: Alert, until: datetime) -> dict[str, str]:
    start = until - timedelta(seconds=alert.pair.long_s)
    bounds = {"from": start, "until": until}
    return {
        **{name: f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3] for name, moment in bounds.items()},
        **_names(alert.dimension),
    }
