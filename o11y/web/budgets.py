"""``/budgets``: every error budget, the most spent first, and which incidents spent it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from o11y.slo.budget import PERIOD_S
from o11y.slo.budget_report import BudgetReport, Standing
from o11y.web.page import Answer, Change, Page, View, Visit
from o11y.web.query import page_in, text_in
from o11y.worker.budgets import NOBODY, Budgets, Spenders, Wanted, key_of, rows_of
from o11y.worker.ports import StoreError

PATH = "/budgets"
ROWS_A_PAGE = 25
#: what is left from here on is told without alarm
_ENOUGH = 0.25
_FIELDS = ("client", "provider", "model", "objective")


def budgets_pages(budgets: Budgets) -> Sequence[Page | Change]:
    async def listed(visit: Visit) -> Answer:
        asked = {name: text_in(visit.query, name) for name in _FIELDS}
        report = await budgets.look()
        if report is None:
            page_in(visit.query, 1)
            return View("budgets.html", {"report": None, "asked": asked})
        rows = rows_of(report, Wanted(**asked))
        last = max(1, -(-len(rows) // ROWS_A_PAGE))
        page = page_in(visit.query, last)
        shown = [report.standing(row) for row in rows[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]]
        spenders, known = await _spenders(budgets, shown, report)
        context = {
            "report": report,
            "period_s": PERIOD_S,
            "asked": asked,
            "filtered": any(asked.values()),
            "rows": [_row(standing, spenders.get(key_of(standing), NOBODY)) for standing in shown],
            "spenders_known": known,
            "number": len(rows),
            "overspent": report.overspent(rows),
            "totals": report.totals if not any(asked.values()) and page == 1 else [],
            "objectives": sorted(total.name for total in report.totals),
            "page": page,
            "last": last,
            "hrefs": {"previous": _href(asked, page - 1, last), "next": _href(asked, page + 1, last)},
        }
        return View("budgets.html", context)

    return [Page(PATH, listed)]


async def _spenders(
    budgets: Budgets, shown: Sequence[Standing], report: BudgetReport
) -> tuple[dict[str, Spenders], bool]:
    """The page is worth showing without them."""
    try:
        return dict(await budgets.spenders(shown, until=report.until)), True
    except StoreError:
        return {}, False


def _row(standing: Standing, spenders: Spenders) -> dict[str, Any]:
    left = standing.left
    return {
        "standing": standing,
        "tone": "page" if left <= 0 else "ticket" if left < _ENOUGH else "ok",
        "hour_ends_s": standing.ends_s(standing.hour_rate),
        "day_ends_s": standing.ends_s(standing.day_rate),
        "spenders": [
            {"spender": one, "share": None if one.counted is None else standing.share_of(one.counted.bad)}
            for one in spenders.told
        ],
        "more": spenders.more,
        "more_href": f"/alerts?{urlencode(_names(standing))}",
    }


def _names(standing: Standing) -> dict[str, str]:
    dimension = standing.dimension
    names = {"client": dimension.client, "provider": dimension.provider, "model": dimension.model}
    return {"objective": standing.objective.name, **{kind: name for kind, name in names.items() if name}}


def _href(asked: dict[str, str], page: int, last: int) -> str | None:
    if not 1 <= page <= last:
        return None
    query = {name: text for name, text in asked.items() if text} | ({"page": str(page)} if page > 1 else {})
    return f"{PATH}?{urlencode(query)}" if query else PATH
