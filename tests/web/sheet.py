"""A page with one of everything that pages are put together from, under a name of choice."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from o11y.slo.dimension import Dimension
from o11y.web.page import Change, Data, Done, Page, View, Visit
from tests.web.dashboard_house import DashboardHouse

TEMPLATES = Path(__file__).parent / "templates"
_START = 1_795_250_000
_X = [_START + 60 * i for i in range(120)]
LATENCY: Mapping[str, Any] = {
    "unit": "ms",
    "x": _X,
    "series": [
        {"label": "p50", "values": [900 + 7 * i % 400 for i in range(120)]},
        {"label": "p90", "values": [4_000 + 90 * i % 3_000 for i in range(120)]},
    ],
    "thresholds": [{"label": "p90 within 15 s", "value": 15_000, "tone": "ticket"}],
}


def sheet_parts(name: str) -> Sequence[Page | Change]:
    async def sheet(_: Visit) -> View:
        return View("sheet.html", context_of(name))

    async def numbers(_: Visit) -> Data:
        return Data(LATENCY)

    async def change(visit: Visit) -> Done:
        return Done("/", f"{visit.admin.name} said {visit.form['word']}")

    return [Page("/", sheet), Page("/numbers", numbers, data=True), Change("/change", change)]


def context_of(name: str) -> Mapping[str, Any]:
    rates = [0.4 + (25.0 if 60 < i < 90 else 0.0) + i % 7 / 10 for i in range(120)]
    return {
        "name": name,
        "dimension": Dimension("kilo-gateway", "openrouter", name),
        "burn": {
            "unit": "burn",
            "x": _X,
            "series": [
                {"label": f"5 m {name}", "values": rates},
                {"label": "1 m", "values": [None if 20 < i < 30 else rate * 0.8 for i, rate in enumerate(rates)]},
            ],
            "thresholds": [{"label": f"page at 14.4× {name}", "value": 14.4, "tone": "page"}],
            "periods": [{"from": _X[64], "to": _X[92], "tone": "page", "label": name}],
        },
        "errors": {
            "unit": "percent",
            "x": _X,
            "series": [{"label": "5xx", "values": [i % 9 / 100 for i in range(120)], "kind": "area", "tone": 2}],
        },
    }


def sheet_house(name: str = "anthropic/claude-sonnet-4.5") -> DashboardHouse:
    return DashboardHouse(sheet_parts(name), templates=TEMPLATES)
