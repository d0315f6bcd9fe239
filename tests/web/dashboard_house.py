"""The dashboard without a socket: pages behind the real routes, and a browser's part of asking them."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

from prometheus_client import CollectorRegistry

from o11y.http.admin_tokens import AdminTokens
from o11y.http.service import service
from o11y.web.application import House, web_routes
from o11y.web.page import Change, Page
from o11y.web.rendering import FOLDER

EDITOR, VIEWER = "token-of-the-editor", "token-of-the-viewer"
TOKENS = {"ann": (EDITOR, "editor"), "board": (VIEWER, "viewer")}
NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
_FIELD = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@dataclass
class Reply:
    status: int
    headers: dict[str, str]  # the last of each name
    body: bytes
    set_cookies: list[str]

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def csrf(self) -> str:
        """Of the form on the page."""
        found = _FIELD.search(self.text)
        assert found, f"no form on this page (status {self.status})"
        return found[1]


class DashboardHouse:
    """The house of some pages; ``clock`` stands still until it is moved."""

    def __init__(
        self,
        parts: Sequence[Page | Change],
        *,
        tokens: Mapping[str, tuple[str, str]] = TOKENS,
        templates: Path | None = None,
        tls: bool = False,
        public_url: str | None = None,
    ) -> None:
        self.now = NOW
        self.tokens = AdminTokens(tokens)
        house = House(
            tokens=self.tokens,
            clock=lambda: self.now,
            monotonic=lambda: self.now.timestamp(),
            tls=tls,
            public_url=public_url,
        )
        folders = [FOLDER] if templates is None else [FOLDER, templates]
        self.routes = web_routes(house, parts, folders=folders)
        self.application = service({}, readiness=_ready, registry=CollectorRegistry(), routes=self.routes)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def browser(self, *, address: str = "192.0.2.7", scheme: str = "http") -> "Browser":
        """Of a stranger."""
        return Browser(self, address, scheme)

    def signed_in(self, token: str = EDITOR, **kind: Any) -> "Browser":
        browser = self.browser(**kind)
        reply = browser.sign_in(token)
        assert reply.status == 303, reply.text
        return browser

    def get(self, path: str, *, token: str = EDITOR, headers: Mapping[str, str] | None = None) -> Reply:
        """Signed in as ``ann`` the editor, or as whose token it is."""
        return self.signed_in(token).get(path, headers=headers)

    def post(self, path: str, form: Mapping[str, str], *, token: str = EDITOR) -> Reply:
        """With the CSRF token of the session."""
        return self.signed_in(token).post(path, form)


class Browser:
    """Keeps cookies, and follows nothing by itself."""

    def __init__(self, house: DashboardHouse, address: str, scheme: str) -> None:
        self._house = house
        self._address = address
        self._scheme = scheme
        self.cookies: dict[str, str] = {}

    def sign_in(self, token: str, *, next: str = "/", headers: Mapping[str, str] | None = None) -> Reply:
        form = self.get("/sign-in")
        return self.send("POST", "/sign-in", {"token": token, "next": next, "csrf": form.csrf}, headers=headers)

    def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> Reply:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> Reply:
        """With the token that every page of the session has in its sign-out form."""
        csrf = self.get("/no-such-page").csrf
        return self.send("POST", path, {"csrf": csrf, **form}, headers=headers)

    def send(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        usual = {"host": "o11y.test", "accept": "text/html"}
        body = b""
        if form is not None:
            usual["content-type"] = "application/x-www-form-urlencoded"
            body = form if isinstance(form, bytes) else urlencode(form).encode()
        if self.cookies:
            usual["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        reply = asyncio.run(self._send(method, path, body, usual | dict(headers or {})))
        self._keep(reply.set_cookies)
        return reply

    def _keep(self, set_cookies: Sequence[str]) -> None:
        for line in set_cookies:
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value

    async def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        sent: list[Any] = []
        arrived = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
        raw, _, query = path.partition("?")

        async def receive() -> Any:
            return arrived.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "scheme": self._scheme,
            "path": unquote(raw),
            "raw_path": raw.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "client": (self._address, 50_000),
            "server": ("o11y.test", 80),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        }
        await self._house.application(scope, receive, send)
        start, *rest = sent
        pairs = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
        cookies = [value for name, value in pairs if name == "set-cookie"]
        return Reply(start["status"], dict(pairs), b"".join(part.get("body", b"") for part in rest), cookies)


async def _ready() -> dict[str, str | None]:
    return {}
