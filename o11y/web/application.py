"""The dashboard as routes: those of its pages, sign-in, the files, and an answer for whatever is none of them."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from o11y.http.body import Room
from o11y.http.ingest_answer import ClientGone
from o11y.web import words
from o11y.web.assets import PATH as STATIC
from o11y.web.assets import Assets
from o11y.web.door import Door
from o11y.web.frame import SIGN_IN, Frame, raw_path
from o11y.web.house import House
from o11y.web.page import Change, Page, Refusal
from o11y.web.paths import PathPattern
from o11y.web.rendering import FOLDER, Rendering
from o11y.web.sign_in import SIGN_OUT, SignIn
from o11y.web.throttle import Throttle

__all__ = ["House", "web_routes"]

log = logging.getLogger(__name__)

#: who asks below these is a program
API_PREFIXES = ("/api/", "/alerting/", "/ingest/", "/slack/")
_MAX_BYTES_UNDER_WAY = 4 * 1024 * 1024

Respond = Callable[[Request], Awaitable[Response]]


def web_routes(house: House, parts: Sequence[Page | Change], *, folders: Sequence[Path] = (FOLDER,)) -> list[BaseRoute]:
    """To be the last routes of all: what they do not know is answered here too, in words.

    A path without names goes before one with them, otherwise they keep their order. Raises ``ValueError`` for two
    pages, or two changes, of one path.
    """
    assets, room = Assets(), Room(_MAX_BYTES_UNDER_WAY)
    rendering = Rendering(assets, version=house.version, folders=folders)
    pages = [PathPattern(part.path) for part in parts if isinstance(part, Page) and not part.data]
    frame = Frame(house, rendering, assets, pages=pages)
    sign_in = SignIn(frame, Throttle(house.monotonic), room)
    routes: list[BaseRoute] = [
        _Exact(SIGN_IN, _Plain(frame, {"GET": sign_in.shown, "POST": sign_in.signed_in})),
        _Exact(SIGN_OUT, _Plain(frame, {"POST": sign_in.signed_out})),
    ]
    paths = sorted(dict.fromkeys(part.path for part in parts), key=lambda path: "{" in path)
    routes += [_Exact(path, _door(path, frame, parts, room)) for path in paths]
    return [*routes, _Under(STATIC, _Static(frame)), _Under("/", _Unknown(frame))]


def _door(path: str, frame: Frame, parts: Sequence[Page | Change], room: Room) -> Door:
    pages = [part for part in parts if isinstance(part, Page) and part.path == path]
    changes = [part for part in parts if isinstance(part, Change) and part.path == path]
    if len(pages) > 1 or len(changes) > 1:
        raise ValueError(f"{path} has {len(pages)} pages and {len(changes)} changes; at most one of each is possible")
    return Door(path, frame, page=next(iter(pages), None), change=next(iter(changes), None), room=room)


class _Exact(BaseRoute):
    """A path as ``PathPattern`` reads it."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        self.path = path
        self._pattern = PathPattern(path)
        self._app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found = self._pattern.match(raw_path(scope)) if scope["type"] == "http" else None
        return (Match.NONE, {}) if found is None else (Match.FULL, {"path_params": found})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class _Under(BaseRoute):
    """Every path that begins so."""

    def __init__(self, prefix: str, app: ASGIApp) -> None:
        self.path = prefix
        self._app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        under = scope["type"] == "http" and scope["path"].startswith(self.path)
        return (Match.FULL, {}) if under else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class _Plain:
    """A path that is open to everybody."""

    def __init__(self, frame: Frame, by_method: Mapping[str, Respond]) -> None:
        self._frame = frame
        self._by_method = by_method

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._response(request)
        except ClientGone:
            return
        except Refusal as refusal:
            response = self._frame.error(request, refusal.status, refusal.words)
        except Exception:  # the loop's edge: whoever asks gets an answer in words
            log.exception("page failed", extra={"path": scope["path"]})
            response = self._frame.error(request, 500, words.FAULT)
        await self._frame.send(response, scope, receive, send)

    async def _response(self, request: Request) -> Response:
        respond = self._by_method.get("GET" if request.method == "HEAD" else request.method)
        if respond is not None:
            return await respond(request)
        response = self._frame.error(request, 405, words.UNKNOWN_PAGE)
        response.headers["allow"] = ", ".join(self._by_method)
        return response


class _Static:
    """Files need no session: they tell nothing."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = self._frame.assets.answer(request) if request.method in ("GET", "HEAD") else None
        if response is None:
            response = self._frame.error(request, 404, words.UNKNOWN_PAGE)
        await self._frame.send(response, scope, receive, send)


class _Unknown:
    """404: JSON for a program, a page for a person."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if f"{scope['path']}/".startswith(API_PREFIXES):
            response = self._frame.error(request, 404, "Not found", json=True)
        else:
            response = self._frame.error(request, 404, words.UNKNOWN_PAGE)
        await self._frame.send(response, scope, receive, send)
