"""``/``: what fires now, and every objective in every dimension, the worst first."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from o11y.web.incidents import ACKNOWLEDGE, acknowledging, shown
from o11y.web.overview_query import SEVERITIES, OverviewQuery
from o11y.web.page import Change, Page, View, Visit
from o11y.web.standing import standing
from o11y.worker.open_incidents import OpenIncidents
from o11y.worker.overview import Overview
from o11y.worker.ports import StoreError
from o11y.worker.ports.responses import Responses
from o11y.worker.snapshot import Order, Snapshot, State

log = logging.getLogger(__name__)

ROWS_A_PAGE = 50
_MOST_INCIDENTS = 12
_MOST_SUGGESTIONS = 200

#: the columns that can be sorted by, with their heads and what they say
HEADS = (
    (Order.NAME, "Dimension and objective", "", False),
    (
        Order.TROUBLE,
        "State and burn rates",
        "each pair of windows against its threshold, the mark in the middle",
        False,
    ),
    (Order.REQUESTS, "Requests", "1 h", True),
    (Order.BAD, "Bad", "1 h", True),
    (Order.P50, "p50", "1 h", True),
    (Order.P90, "p90", "1 h", True),
    (Order.TTFB, "TTFB p90", "1 h", True),
    (Order.BUDGET, "Budget left", "30 d, and its change in 24 h", False),
)


def overview_pages(
    overview: Overview,
    open_incidents: OpenIncidents,
    responses: Responses,
    *,
    any_event: Callable[[], Awaitable[bool]],
    address: Callable[[], str],
) -> Sequence[Page | Change]:
    """``any_event``: whether one has ever come; ``address``: where gateways reach this worker."""

    async def page(visit: Visit) -> View:
        query = OverviewQuery.of(visit.query)
        snapshot = await overview.look()
        known = await open_incidents.look()
        incidents = shown(known.book)
        empty = (snapshot is None or not len(snapshot)) and not incidents and not await _has_come(any_event)
        return View(
            "overview.html",
            {
                "query": query,
                "known": known,
                "incidents": incidents[:_MOST_INCIDENTS],
                "incidents_more": max(0, len(incidents) - _MOST_INCIDENTS),
                "acknowledge": ACKNOWLEDGE,
                "severities": [(value, words) for value, (words, _) in SEVERITIES.items()],
                "snapshot": snapshot,
                "failure": overview.failure,
                "states": State,
                "empty": empty,
                "address": address() if empty else "",
                **(await asyncio.to_thread(_table, snapshot, query) if snapshot is not None else {"table": None}),
            },
        )

    return [Page("/", page), acknowledging(responses, open_incidents)]


async def _has_come(any_event: Callable[[], Awaitable[bool]]) -> bool:
    """Where ClickHouse does not say, it is not told that none has."""
    try:
        return await any_event()
    except StoreError as error:
        log.info("whether any event has come is not known", extra={"error": str(error)})
        return True


def _table(snapshot: Snapshot, query: OverviewQuery) -> dict[str, Any]:
    """In a thread: the first to sort by a column looks at tens of thousands of rows."""
    places = snapshot.places(query.wanted, order=query.sort, reverse=query.reverse)
    last = max(1, -(-len(places) // ROWS_A_PAGE))
    page = min(query.page, last)
    rows = snapshot.rows(places[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE])
    return {
        "table": [standing(row) for row in rows],
        "number": len(places),
        "page": page,
        "last": last,
        "hrefs": {
            "previous": query.on_page(page - 1).href if page > 1 else None,
            "next": query.on_page(page + 1).href if page < last else None,
        },
        "heads": [
            {
                "title": title,
                "note": note,
                "num": num,
                "href": query.sorted_by(order).href,
                "sorted": _sorted(query) if order is query.sort else None,
            }
            for order, title, note, num in HEADS
        ],
        "suggestions": {
            "client": snapshot.clients[:_MOST_SUGGESTIONS],
            "provider": snapshot.providers[:_MOST_SUGGESTIONS],
            "model": snapshot.models[:_MOST_SUGGESTIONS],
        },
        "objectives": snapshot.objectives,
    }


def _sorted(query: OverviewQuery) -> str:
    """Of what is on top, as ``aria-sort`` has it."""
    return "descending" if query.sort.highest_first is not query.reverse else "ascending"
