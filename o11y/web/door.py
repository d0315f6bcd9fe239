"""One path of the dashboard: who may pass, and what becomes of what its page answers."""

import asyncio
import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from o11y.http.body import Room
from o11y.http.ingest_answer import ClientGone
from o11y.web import words
from o11y.web.forgery import FIELD, is_foreign, is_token
from o11y.web.form import form_of, query_of
from o11y.web.frame import FRAGMENT, Frame
from o11y.web.page import Answer, Change, Data, Done, Page, Refusal, View, Visit
from o11y.web.session import Session
from o11y.worker.ports import MemoryLost, StoreError

log = logging.getLogger(__name__)

DEADLINE_S = 10


class Door:
    """A raw ASGI application. Logs name the path as it is declared, whatever was asked for."""

    def __init__(self, path: str, frame: Frame, *, page: Page | None, change: Change | None, room: Room) -> None:
        self._path = path
        self._frame = frame
        self._by_method: dict[str, Page | Change] = {}
        if page is not None:
            self._by_method["GET"] = page
        if change is not None:
            self._by_method["POST"] = change
        self._json = page is not None and page.data
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._guarded(request)
        except ClientGone:
            return
        await self._frame.send(response, scope, receive, send)

    async def _guarded(self, request: Request) -> Response:
        """Whatever happens, an answer in words."""
        try:
            return await self._respond(request)
        except Refusal as refusal:
            return self._error(request, refusal.status, refusal.words)
        except TimeoutError:
            log.warning("page too slow", extra={"path": self._path, "deadline_s": DEADLINE_S})
            response = self._error(request, 503, words.TOO_SLOW)
        except (MemoryLost, StoreError) as error:
            log.warning("page not answered", extra={"path": self._path, "error": str(error)})
            response = self._error(request, 503, words.STORE_AWAY)
        except ClientGone:
            raise
        except Exception:  # the loop's edge: whoever asks gets an answer in words
            log.exception("page failed", extra={"path": self._path})
            return self._error(request, 500, words.FAULT)
        response.headers["retry-after"] = "5"
        return response

    async def _respond(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        part = self._by_method.get(method)
        if part is None:
            response = self._error(request, 405, words.UNKNOWN_PAGE)
            response.headers["allow"] = ", ".join(self._by_method)
            return response
        session = self._frame.session(request)
        if session is None:
            if self._json or FRAGMENT in request.headers:
                return self._frame.error(request, 401, words.title(401), json=True)
            return self._frame.to_sign_in(request)
        visit = await self._visit(request, part, session)
        async with asyncio.timeout(DEADLINE_S):
            answer = await (part.answer(visit) if isinstance(part, Page) else part.act(visit))
        return self._response(request, answer, session=session, visit=visit)

    async def _visit(self, request: Request, part: Page | Change, session: Session) -> Visit:
        """Raises ``Refusal`` for whoever may not, and for a form that is not of this session's pages."""
        admin, in_path = session.admin, request.path_params
        if not admin.role.may(part.needs):
            raise Refusal(403, f"{admin.name} signed in as a {admin.role}; this needs an {part.needs}.")
        query = query_of(request)
        if isinstance(part, Page):
            return Visit(admin, in_path, query)
        if is_foreign(request.headers, public_url=self._frame.house.public_url):
            raise Refusal(403, words.FOREIGN)
        form = dict(await form_of(request, self._room))
        if not is_token(form.pop(FIELD, ""), session.key, session.mark):
            raise Refusal(403, words.STALE_FORM)
        return Visit(admin, in_path, query, form)

    def _response(self, request: Request, answer: Answer, *, session: Session, visit: Visit) -> Response:
        match answer:
            case View():
                return self._frame.view(request, answer, session=session, visit=visit)
            case Data(content, status):
                return JSONResponse(content, status)
            case Done(to, said):
                return self._frame.to(to, said=said, session=session)

    def _error(self, request: Request, status: int, text: str) -> Response:
        return self._frame.error(request, status, text, json=self._json)
