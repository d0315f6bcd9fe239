"""Signing in with a token of the settings, and out again."""

import logging
import math
from collections.abc import Mapping
from secrets import token_urlsafe

from starlette.requests import Request
from starlette.responses import Response

from o11y.http.body import Room
from o11y.web import words
from o11y.web.cookies import DOOR, SAID, SESSION
from o11y.web.forgery import FIELD, form_token, is_foreign, is_token
from o11y.web.form import form_of, query_of
from o11y.web.frame import SIGN_IN, UNSENT, Frame
from o11y.web.page import Refusal, View
from o11y.web.paths import own_path
from o11y.web.rendering import hidden_field
from o11y.web.signing import derived, sign, verified
from o11y.web.throttle import Throttle

log = logging.getLogger(__name__)

SIGN_OUT = "/sign-out"
_LABEL = "o11y sign-in"
_UNKNOWN = "That token is not known."
_OLD = "The page had been open for long, or cookies are off. Here it is anew."
_INSECURE = " Cookies are kept for https only, as O11Y_PUBLIC_URL or the certificate asks for."


class SignIn:
    """``/sign-in`` and ``/sign-out``. Its form has a token too: nobody is to be signed in as somebody else."""

    def __init__(self, frame: Frame, throttle: Throttle, room: Room) -> None:
        self._frame = frame
        self._throttle = throttle
        self._room = room

    async def shown(self, request: Request) -> Response:
        query = query_of(request)
        wanted = _next(query)
        if self._frame.session(request) is not None:
            return self._frame.to(wanted)
        flag, value = UNSENT
        return self._form(request, wanted, problem=words.UNSENT if query.get(flag) == value else "")

    async def signed_in(self, request: Request) -> Response:
        """Between asking the throttle and telling it nothing is awaited, so that no two guesses share a place."""
        if is_foreign(request.headers, public_url=self._frame.house.public_url):
            raise Refusal(403, words.FOREIGN)
        form = await form_of(request, self._room)
        wanted = _next(form)
        if not self._is_ours(request, form):
            old = _OLD + (_INSECURE if self._frame.house.secure and request.scope["scheme"] == "http" else "")
            return self._form(request, wanted, problem=old, status=403)
        address = request.client.host if request.client else ""
        if wait_s := self._throttle.wait_s(address):
            return self._too_often(request, wanted, wait_s)
        admin = self._frame.house.tokens.admin_of(form.get("token", "").encode())
        if admin is None:
            self._throttle.failed(address)
            log.warning("sign-in refused: unknown token")
            return self._form(request, wanted, problem=_UNKNOWN, status=401)
        self._throttle.passed(address)
        log.info("signed in", extra={"by": admin.name})
        response = self._frame.to(wanted)
        self._frame.begin(response, self._frame.sessions.begin(admin, self._frame.house.clock()))
        self._frame.cookies.remove(response, DOOR)
        return response

    async def signed_out(self, request: Request) -> Response:
        session = self._frame.session(request)
        if session is not None:
            if is_foreign(request.headers, public_url=self._frame.house.public_url):
                raise Refusal(403, words.FOREIGN)
            form = await form_of(request, self._room)
            if not is_token(form.get(FIELD, ""), session.key, session.mark):
                raise Refusal(403, words.STALE_FORM)
            log.info("signed out", extra={"by": session.admin.name})
        response = self._frame.to(SIGN_IN)
        for cookie in (SESSION, SAID):
            self._frame.cookies.remove(response, cookie)
        return response

    def _form(
        self,
        request: Request,
        wanted: str,
        *,
        problem: str = "",
        status: int = 200,
    ) -> Response:
        key, mark = self._key(), token_urlsafe(16)
        context = {"next": wanted, "problem": problem, "field": hidden_field(form_token(key, mark))}
        response = self._frame.view(request, View("sign_in.html", context, status))
        self._frame.cookies.write(response, DOOR, sign(mark, key=key, purpose=DOOR.name))
        return response

    def _is_ours(self, request: Request, form: Mapping[str, str]) -> bool:
        key = self._key()
        mark = verified(self._frame.cookies.read(request, DOOR), key=key, purpose=DOOR.name)
        return isinstance(mark, str) and is_token(form.get(FIELD, ""), key, mark)

    def _too_often(self, request: Request, wanted: str, wait_s: float) -> Response:
        seconds = math.ceil(wait_s)
        when = f"{seconds} s" if seconds < 120 else f"{math.ceil(seconds / 60)} min"
        problem = f"Too many tokens were not known. Try again in {when}; who is signed in stays so."
        response = self._form(request, wanted, problem=problem, status=429)
        response.headers["retry-after"] = str(seconds)
        return response

    def _key(self) -> bytes:
        """The same on every replica, and of none of the tokens alone."""
        return derived(self._frame.house.tokens.digest, _LABEL)


def _next(given: Mapping[str, str]) -> str:
    """Where to go on: a page of ours, and not out again at once."""
    wanted = own_path(given.get("next", "/")) or "/"
    return "/" if wanted.partition("?")[0] in (SIGN_IN, SIGN_OUT) else wanted
