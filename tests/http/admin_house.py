"""The admin doors without a socket: endpoints behind the real service, and a way to ask them."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry

from o11y.http.admin import Endpoint, admin_routes
from o11y.http.admin_tokens import AdminTokens
from o11y.http.service import service

EDITOR, VIEWER = "token-of-the-editor", "token-of-the-viewer"
TOKENS = {"ann": (EDITOR, "editor"), "board": (VIEWER, "viewer")}


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class AdminHouse:
    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        async def ready() -> dict[str, str | None]:
            return {}

        routes = admin_routes(AdminTokens(TOKENS), endpoints)
        self._application = service({}, readiness=ready, registry=CollectorRegistry(), routes=routes)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = EDITOR,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """``body``: bytes as they are, anything else as JSON. ``headers`` are added to, or replace, the usual ones."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        usual = {"content-type": "application/json"} | ({} if token is None else {"authorization": f"Bearer {token}"})
        return asyncio.run(self._ask(method, path, raw, usual | (headers or {})))

    async def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        sent: list[Any] = []
        arrived = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
        path, _, query = path.partition("?")

        async def receive() -> Any:
            return arrived.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("utf-8")) for name, value in headers.items()],
        }
        await self._application(scope, receive, send)
        start, *rest = sent
        shown = {name.decode(): value.decode() for name, value in start["headers"]}
        return Reply(start["status"], shown, b"".join(message.get("body", b"") for message in rest))
