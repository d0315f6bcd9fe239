"""The dashboard of this worker: which pages it has, and what each is given."""

import time
from collections.abc import Awaitable, Callable, Sequence

from starlette.routing import BaseRoute

from o11y.app import Worker
from o11y.commands.clock import utc_now
from o11y.commands.reload import Live
from o11y.web.alerts import alerts_pages
from o11y.web.application import House, web_routes
from o11y.web.budgets import budgets_pages
from o11y.web.dimension import DimensionPages
from o11y.web.objectives import objectives_pages
from o11y.web.overview import overview_pages
from o11y.web.page import Change, Page
from o11y.web.status import status_pages
from o11y.worker.condition import Condition


def dashboard_routes(live: Live, worker: Worker, *, condition: Callable[[], Awaitable[Condition]]) -> list[BaseRoute]:
    """To be the last routes of all."""
    house = House(
        tokens=live.admins,
        clock=utc_now,
        monotonic=time.monotonic,
        tls=live.tls is not None,
        public_url=live.settings.public_url,
    )
    return web_routes(house, _pages(live, worker, condition))


def _pages(live: Live, worker: Worker, condition: Callable[[], Awaitable[Condition]]) -> Sequence[Page | Change]:
    async def any_event() -> bool:
        return bool(await worker.dimensions.known_dimensions(1))

    dimension = DimensionPages(
        worker.series,
        overview=worker.overview,
        open_incidents=worker.open_incidents,
        speaking=worker.speaking,
        clock=utc_now,
        lag_s=live.settings.ingest_lag_s,
    )
    return [
        *overview_pages(
            worker.overview,
            worker.open_incidents,
            worker.responses,
            any_event=any_event,
            address=lambda: _address(live),
        ),
        *dimension.pages,
        *alerts_pages(worker.alert_log, worker.in_force, clock=utc_now),
        *budgets_pages(worker.budgets),
        *objectives_pages(worker.in_force, worker.overrides, worker.suggestions),
        *status_pages(condition),
    ]


def _address(live: Live) -> str:
    """Where gateways reach this worker, as far as its settings say."""
    settings = live.settings
    if settings.public_url is not None:
        return str(settings.public_url).rstrip("/")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{'http' if live.tls is None else 'https'}://{host}:{settings.port}"
