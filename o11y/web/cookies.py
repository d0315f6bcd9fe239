"""The cookies: what each is for, and how a browser is to keep it."""

from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Cookie:
    """``name`` without its prefix. ``lasts``: None until the browser closes."""

    name: str
    lasts: timedelta | None = None


SESSION = Cookie("o11y_session", timedelta(hours=12))
#: binds the sign-in form to the browser that it was shown in
DOOR = Cookie("o11y_door", timedelta(hours=1))
#: words that the next page shows
SAID = Cookie("o11y_said", timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class Cookies:
    """``secure``: people come over TLS. The name's prefix then keeps others, such as a neighbouring subdomain's
    pages, from setting it (RFC 6265bis, 4.1.3.2).
    """

    secure: bool

    def read(self, request: Request, cookie: Cookie) -> str:
        return request.cookies.get(self._name(cookie), "")

    def write(self, response: Response, cookie: Cookie, value: str) -> None:
        """Not readable by scripts; sent along when a link elsewhere leads here, and with nothing else from there."""
        response.set_cookie(
            self._name(cookie),
            value,
            max_age=None if cookie.lasts is None else int(cookie.lasts.total_seconds()),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def remove(self, response: Response, cookie: Cookie) -> None:
        response.delete_cookie(self._name(cookie), path="/", secure=self.secure, httponly=True, samesite="lax")

    def _name(self, cookie: Cookie) -> str:
        return f"__Host-{cookie.name}" if self.secure else cookie.name
