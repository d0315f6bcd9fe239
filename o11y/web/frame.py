"""What all pages share: who is signed in, the layout around them, errors in words, headers."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from o11y.web import words
from o11y.web.assets import Assets
from o11y.web.cookies import SAID, SESSION, Cookies
from o11y.web.headers import security_headers
from o11y.web.house import House
from o11y.web.page import View, Visit
from o11y.web.paths import PathPattern, own_path
from o11y.web.rendering import Place, Rendering
from o11y.web.session import Session, Sessions
from o11y.web.signing import sign, verified

SIGN_IN = "/sign-in"
#: of the query of ``SIGN_IN``: a form was sent by somebody who was not signed in any more
UNSENT = ("unsent", "form")
#: names the element that a page's script refreshes
FRAGMENT = "x-o11y-fragment"
_LONGEST_SAID = 500


class Frame:
    """Makes responses; ``send`` puts on every one of them what they all need. ``pages``: where people can be led."""

    def __init__(
        self, house: House, rendering: Rendering, assets: Assets, *, pages: Collection[PathPattern] = ()
    ) -> None:
        self.house = house
        self.assets = assets
        self.sessions = Sessions(house.tokens)
        self.cookies = Cookies(house.secure)
        self._rendering = rendering
        self._pages = pages
        self._headers = security_headers(secure=house.secure)

    def session(self, request: Request) -> Session | None:
        text = self.cookies.read(request, SESSION)
        return self.sessions.read(text, self.house.clock()) if text else None

    def begin(self, response: Response, session: Session) -> None:
        """From this response on they are signed in (again)."""
        self.cookies.write(response, SESSION, self.sessions.text(session))

    def view(
        self, request: Request, view: View, *, session: Session | None = None, visit: Visit | None = None
    ) -> Response:
        """HTML, with the words that are due."""
        now = self.house.clock()
        said = ""
        if session is not None and FRAGMENT not in request.headers:
            said = _words(verified(self.cookies.read(request, SAID), key=session.key, purpose=SAID.name))
        place = Place(request.scope["path"], now, session, visit, said)
        response = HTMLResponse(self._rendering.html(view.template, view.context, place), view.status)
        if said:
            self.cookies.remove(response, SAID)
        if session is not None and session.half_over(now):
            self.begin(response, self.sessions.renewed(session, now))
        return response

    def error(self, request: Request, status: int, text: str, *, json: bool = False) -> Response:
        """In words; of JSON when ``json`` or when the request asks for nothing else."""
        if json or request.headers.get("accept", "").startswith("application/json"):
            return JSONResponse({"success": False, "error": text}, status)
        session = self.session(request)
        visit = None if session is None else Visit(session.admin, {}, {})
        context = {"title": words.title(status), "words": text, "status": status}
        return self.view(request, View("error.html", context, status), session=session, visit=visit)

    def to(self, path: str, *, said: str = "", session: Session | None = None) -> Response:
        """303 to a path of our own, and to no other: raises ``ValueError``."""
        if own_path(path) is None:
            raise ValueError(f"{path!r} is no path of ours")
        response = RedirectResponse(path, 303)
        if said and session is not None:
            self.cookies.write(response, SAID, sign(said[:_LONGEST_SAID], key=session.key, purpose=SAID.name))
        return response

    def to_sign_in(self, request: Request) -> Response:
        """And back here afterwards, where that is a page; from a form back to the page that it was on."""
        given = []
        if request.method in ("GET", "HEAD"):
            query: str = request.scope["query_string"].decode("latin-1")
            wanted = raw_path(request.scope) + (f"?{query}" if query else "")
        else:
            given.append("=".join(UNSENT))
            wanted = self._page_of(request.headers.get("referer", ""))
        if wanted != "/" and own_path(wanted) is not None:
            given.append(f"next={quote(wanted)}")
        return self.to(f"{SIGN_IN}?{'&'.join(given)}" if given else SIGN_IN)

    def _page_of(self, address: str) -> str:
        """The page at this address, whatever its host, or the nearest one above."""
        try:
            found = urlsplit(address)
        except ValueError:
            return "/"
        wanted = found.path + (f"?{found.query}" if found.query else "")
        path = found.path if own_path(wanted) else ""
        while path and not any(page.match(path) is not None for page in self._pages):
            path, wanted = (path.rpartition("/")[0],) * 2
        return wanted if path else "/"

    async def send(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Headers of security; ``no-store``, unless the response says otherwise; of a HEAD the head alone."""
        _set_missing(response, {**self._headers, "cache-control": "no-store"})

        async def head_alone(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await response(scope, receive, head_alone if scope["method"] == "HEAD" else send)


def raw_path(scope: Scope) -> str:
    """As it was sent."""
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"]) if raw is None else raw.decode("latin-1")


def _words(content: Any) -> str:
    return content if isinstance(content, str) else ""


def _set_missing(response: Response, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        response.headers.setdefault(name, value)
