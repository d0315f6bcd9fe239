"""What a page shows of one dimension: the statements, their answers, and their text with values written in."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from o11y.adapters.clickhouse.bands import Grain
from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.measures import bad_event, bad_of_rollup, valid_event, valid_of_rollup
from o11y.adapters.clickhouse.scopes import names_of, of_events, of_names, of_rollup
from o11y.adapters.clickhouse.statements import statement
from o11y.adapters.clickhouse.written_sql import written_in
from o11y.slo.dimension import Dimension
from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS
from o11y.slo.sli import Indicator, Sli
from o11y.slo.status_class import StatusClass
from o11y.worker.ports.series import (
    AlertsAsked,
    Asked,
    BreakdownAsked,
    CountsAsked,
    LastBadAsked,
    LatencyAsked,
    RequestsAsked,
    Rows,
    Seen,
    Stretch,
)

ANSWER_WITHIN_S = 2.0
_MOST_MEMORY = 1_000_000_000
_MOST_ROWS = 20_000
_MOST_ALERTS = 500
_MOST_OF_A_KIND = 8


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    parameters: dict[str, Any]


class ClickHouseSeries:
    """Implements ``SeriesStore``."""

    def __init__(self, ch: ClickHouse) -> None:
        self._ch = ch

    async def ask(self, asked: Asked) -> Rows:
        return await self._rows(statement_of(asked))

    def sql(self, asked: Asked) -> str:
        found = statement_of(asked)
        return written_in(found.sql, found.parameters)

    async def seen(self, dimension: Dimension) -> Seen | None:
        sql = statement("dimension_seen", {"scope": of_names(dimension)})
        ((dimensions, first, last),) = await self._rows(Statement(sql, names_of(dimension)))
        return Seen(dimensions, first, last) if dimensions else None

    async def _rows(self, asked: Statement) -> Rows:
        limits = {"max_memory_usage": _MOST_MEMORY}
        table = await self._ch.query(asked.sql, asked.parameters, settings=limits, timeout_s=ANSWER_WITHIN_S)
        return list(table.rows)


def statement_of(asked: Asked) -> Statement:
    match asked:
        case RequestsAsked():
            return _requests(asked)
        case LatencyAsked():
            return _latency(asked)
        case CountsAsked():
            return _counts(asked)
        case AlertsAsked():
            return _alerts(asked)
        case BreakdownAsked():
            sql = statement("bad_breakdown", _event_parts(asked.dimension, asked.sli))
            return Statement(sql, _event_bounds(asked) | {"most": _MOST_OF_A_KIND})
        case LastBadAsked():
            sql = statement("last_bad_events", _event_parts(asked.dimension, asked.sli))
            return Statement(sql, _event_bounds(asked) | {"most": asked.most})


def _requests(asked: RequestsAsked) -> Statement:
    classes = ",\n    ".join(f"sumIf({each.value}, NOT user_byok) AS {each.value}_events" for each in StatusClass)
    parts = {"classes": classes, "rollup": _rollup(asked.stretch), "scope": of_rollup(asked.dimension)}
    return Statement(statement("requests_series", parts), _bounds(asked.stretch) | names_of(asked.dimension))


def _latency(asked: LatencyAsked) -> Statement:
    ttfb = asked.indicator is Indicator.TTFB
    bounds, prefix = (TTFB_BOUNDS_MS, "ttfb_le_") if ttfb else (COMPLETE_BOUNDS_MS, "complete_le_")
    parts = {
        "quantiles": ", ".join(f"quantiles_ms[{n}] AS p{name}_ms" for n, name in ((1, 50), (2, 90), (3, 99))),
        "valid": "ttfb_valid" if ttfb else "ok",
        "at_most": sums(prefix, bounds),
        "edges": edges(bounds),
        "rollup": _rollup(asked.stretch),
        "scope": of_rollup(asked.dimension),
    }
    return Statement(statement("latency_series", parts), _bounds(asked.stretch) | names_of(asked.dimension))


def sums(prefix: str, bounds: tuple[int, ...]) -> str:
    """The columns of a latency in the order of its bounds."""
    return ", ".join(f"sum({prefix}{bound})" for bound in bounds)


def edges(bounds: tuple[int, ...]) -> str:
    return ", ".join(map(str, (0, *bounds)))


def _counts(asked: CountsAsked) -> Statement:
    parameters: dict[str, Any] = {"most": _MOST_ROWS, **names_of(asked.dimension)}
    texts = []
    for number, stretch in enumerate(asked.stretches):
        parts = {
            "number": str(number),
            "measures": ", ".join(_measured(place, sli) for place, sli in enumerate(asked.slis, start=1)),
            "rollup": _rollup(stretch),
            "scope": of_rollup(asked.dimension),
        }
        texts.append(statement("counts_stretch", parts))
        parameters |= {f"{name}_{number}": value for name, value in _bounds(stretch).items() if name != "most"}
        parameters[f"step_{number}"] = parameters.pop(f"step_s_{number}")
    return Statement(statement("counts_series", {"stretches": "\n    UNION ALL\n    ".join(texts)}), parameters)


def _measured(place: int, sli: Sli) -> str:
    narrowed = "NOT user_byok" if sli.exclude_user_byok else "true"
    return (
        f"toInt64(sumIf({bad_of_rollup(sli)}, {narrowed})) AS bad_{place}, "
        f"toInt64(sumIf({valid_of_rollup(sli)}, {narrowed})) AS valid_{place}"
    )


def _alerts(asked: AlertsAsked) -> Statement:
    dimension = asked.dimension
    names = {"client": dimension.client, "provider": dimension.provider, "model": dimension.model}
    bounds = {"from": _second(asked.since), "to": _second(asked.until), "most": _MOST_ALERTS}
    return Statement(statement("alert_periods"), bounds | {kind: name or "" for kind, name in names.items()})


def _event_parts(dimension: Dimension, sli: Sli) -> dict[str, str]:
    return {"scope": of_events(dimension), "valid": valid_event(sli), "bad": bad_event(sli)}


def _event_bounds(asked: BreakdownAsked | LastBadAsked) -> dict[str, Any]:
    times = {"from": asked.since, "to": asked.until}
    named = {name: f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3] for name, at in times.items()}
    return {**named, **names_of(asked.dimension)}


def _rollup(stretch: Stretch) -> str:
    return next(grain.rollup for grain in Grain if grain.seconds == stretch.grain_s)


def _bounds(stretch: Stretch) -> dict[str, Any]:
    times = {"from": _second(stretch.since), "to": _second(stretch.until)}
    return {**times, "step_s": stretch.step_s, "most": _MOST_ROWS}


def _second(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
