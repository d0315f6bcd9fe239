"""A heartbeat URL: a GET after each good tick, for a dead man's switch such as healthchecks.io.

The URL may carry a token and is in no error, log or repr.
"""

import asyncio
import http.client
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from o11y import __version__
from o11y.adapters.detached import detached
from o11y.worker.ports import HeartbeatError

TIMEOUT_S = 5.0


class HeartbeatUrl:
    """``timeout_s`` bounds the whole call. A redirect is followed on the same host alone: its path is the secret."""

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("heartbeat: a URL starting with https://, without user and password, is accepted")
        self._url = url
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_SameHost)

    def __repr__(self) -> str:
        return "HeartbeatUrl(…)"

    async def beat(self) -> None:
        """See the port ``Heartbeat``."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await detached(self._get, name="heartbeat")
        except TimeoutError:
            raise HeartbeatError(f"no answer within {self._timeout_s:g} s") from None
        except (OSError, http.client.HTTPException, ValueError) as error:  # without its text, which may carry the URL
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise HeartbeatError(_said(reason)) from None

    def _get(self) -> None:
        request = urllib.request.Request(self._url, headers={"User-Agent": f"o11y/{__version__}"})  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._timeout_s):
                return
        except urllib.error.HTTPError as error:
            error.close()
            raise HeartbeatError(f"answered {error.code}") from None


class _SameHost(urllib.request.HTTPRedirectHandler):
    """To the same address and scheme; anything else is answered as the redirect that it is."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if (old.scheme, old.netloc.lower()) != (new.scheme, new.netloc.lower()):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _said(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__
