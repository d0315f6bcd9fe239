"""The one statement of a tick, built from the windows and indicators that the objectives ask for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from o11y.adapters.clickhouse.bands import Band, Grain, bands
from o11y.adapters.clickhouse.measures import bad_of_rollup, valid_of_rollup
from o11y.adapters.clickhouse.statements import statement
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Sli


@dataclass(frozen=True, slots=True)
class Cell:
    """Where the counts of one SLI are: positions in the answer's columns, after dim_id and window_s."""

    sli: Sli
    valid: int
    bad: int


@dataclass(frozen=True, slots=True)
class TickQuery:
    sql: str
    parameters: dict[str, Any]
    cells: tuple[Cell, ...]


def tick_query(
    slis: Collection[Sli],
    windows_s: Collection[int],
    *,
    until: datetime,
    only: Dimension | None = None,
    scope: str = "",
) -> TickQuery:
    """SQL from enums and latency bounds alone; times and names are bound. ``only`` is client x provider x model.

    ``scope``: a condition of our own on ``dim_id``, whose parameters are the caller's.
    """
    byok_needed = not all(sli.exclude_user_byok for sli in slis)
    measures = _Numbered()
    cells = tuple(
        Cell(
            sli,
            2 + measures.number(_measure(valid_of_rollup(sli), sli, byok_needed=byok_needed)),
            2 + measures.number(_measure(bad_of_rollup(sli), sli, byok_needed=byok_needed)),
        )
        for sli in slis
    )
    cut = bands(windows_s, until=until)
    where = [f"dim_id = {statement('dim_id')}" if only else "", scope, "" if byok_needed else "NOT user_byok"]
    narrowed = "".join(f" AND {condition}" for condition in where if condition)
    sql = statement(
        "tick",
        {
            "sums": ", ".join(f"sum(m{number})" for number in range(len(measures.texts))),
            "windows_of_bands": str([sorted(band.windows) for band in cut]),
            "grains": "\n    UNION ALL\n    ".join(
                _grain_sql(grain, cut, measures.texts, narrowed) for grain in Grain if _of(grain, cut)
            ),
        },
    )
    return TickQuery(sql, _parameters(cut, only), cells)


class _Numbered:
    """Distinct texts in order of arrival: SLIs that share an expression share its column."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def number(self, text: str) -> int:
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text)


def _measure(expression: str, sli: Sli, *, byok_needed: bool) -> str:
    if byok_needed and sli.exclude_user_byok:
        return f"sumIf({expression}, NOT user_byok)"
    return f"sum({expression})"


def _of(grain: Grain, cut: tuple[Band, ...]) -> list[int]:
    return [number for number, band in enumerate(cut) if band.grain is grain]


def _grain_sql(grain: Grain, cut: tuple[Band, ...], measures: list[str], narrowed: str) -> str:
    """One pass over one rollup, grouped by band: quicker than a pass a band, and than a sumIf a window."""
    *numbers, last = _of(grain, cut)
    edges = [f"bucket < {{to_{number}:DateTime('UTC')}}, {number}" for number in numbers]
    return statement(
        "tick_grain",
        {
            "band": f"multiIf({', '.join(edges)}, {last})" if edges else str(last),
            "measures": ", ".join(f"toInt64({text}) AS m{index}" for index, text in enumerate(measures)),
            "rollup": grain.rollup,
            "stretches": " OR ".join(
                f"(bucket >= {{from_{first}:DateTime('UTC')}} AND bucket < {{to_{end}:DateTime('UTC')}})"
                for first, end in _joined((*numbers, last), cut)
            ),
            "narrowed": narrowed,
        },
    )


def _joined(numbers: Sequence[int], cut: tuple[Band, ...]) -> list[tuple[int, int]]:
    """The first and the last band of every stretch without a gap."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and cut[found[-1][1]].end == cut[number].start:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _parameters(cut: tuple[Band, ...], only: Dimension | None) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for number, band in enumerate(cut):
        parameters[f"from_{number}"] = f"{band.start:%Y-%m-%d %H:%M:%S}"
        parameters[f"to_{number}"] = f"{band.end:%Y-%m-%d %H:%M:%S}"
    if only is not None:
        parameters |= {"client": only.client, "provider": only.provider, "model": only.model}
    return parameters
