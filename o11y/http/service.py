"""The public face: ingest doors first, then health, metrics and what is administered.

A dispatcher instead of a router on the hot path: the doors are raw ASGI applications.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

#: name -> None when well, else what is wrong in words
Readiness = Callable[[], Awaitable[dict[str, str | None]]]

READINESS_DEADLINE_S = 3


def service(
    doors: dict[str, ASGIApp],
    *,
    readiness: Readiness,
    registry: CollectorRegistry,
    routes: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """``doors`` maps an exact path to its application; every other path is the Starlette application's, with
    ``routes`` of its own.
    """
    pages = Starlette(routes=[*_routes(readiness, registry), *routes])
    pages.router.redirect_slashes = False  # a redirect would repeat whatever Host the request named

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        door = doors.get(scope["path"]) if scope["type"] == "http" else None
        await (door or pages)(scope, receive, send)

    return dispatch


def _routes(readiness: Readiness, registry: CollectorRegistry) -> list[Route]:
    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        try:
            async with asyncio.timeout(READINESS_DEADLINE_S):
                checks: dict[str, Any] = dict(await readiness())
        except TimeoutError:
            checks = {"readiness": f"no answer within {READINESS_DEADLINE_S} s"}
        well = all(problem is None for problem in checks.values())
        body = {"ready": well, "checks": {name: problem or "ok" for name, problem in checks.items()}}
        return JSONResponse(body, status_code=200 if well else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
