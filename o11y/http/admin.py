"""The doors of those who administer: who may pass, and what every such door answers alike.

A feature lists its ``Endpoint``s; ``admin_routes`` makes routes of those of all features. In order: no or an unknown
token is a 401, a method that the path does not have a 405, a role that may not a 403. Only then is the body read.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from o11y.event_json import NotJson, decode
from o11y.events import Issue
from o11y.http.admin_tokens import Admin, AdminTokens, Role
from o11y.http.bearer import secret_in
from o11y.http.body import Room, Share, check_content_type, read_body
from o11y.http.ingest_answer import Answer, ClientGone, Refused, failure, invalid, json_answer, not_a_body
from o11y.worker.ports import MemoryLost, StoreError

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024
_MAX_BYTES_UNDER_WAY = 16 * 1024 * 1024
_READ_TIMEOUT_S = 30.0
_LONGEST_QUERY = 4_096
_PRIVATE = (b"cache-control", b"no-store")

_UNAUTHORIZED = failure(401, "Unauthorized", (b"www-authenticate", b"Bearer"))


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """``body`` is the decoded JSON of a request that brings one. ``in_path``: the names in braces of the path.

    ``query`` has the last of each name; ``repeated`` are the names that it was given more than once.
    """

    admin: Admin
    in_path: Mapping[str, str]
    query: Mapping[str, str]
    body: object = None
    repeated: tuple[str, ...] = ()


#: what it returns is the answer's JSON; raise ``Refused`` for another answer
Handler = Callable[[AdminRequest], Awaitable["Reply"]]


@dataclass(frozen=True, slots=True)
class Reply:
    """``content`` beside ``"success": true``."""

    content: Mapping[str, Any]
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``path`` may have parts in braces. A POST, PUT or PATCH brings a JSON body, and so may what ``may_have_body``."""

    method: str
    path: str
    needs: Role
    handler: Handler
    may_have_body: bool = False


def admin_routes(tokens: AdminTokens, endpoints: Sequence[Endpoint]) -> list[BaseRoute]:
    """In the order of the endpoints; all share one bound on the bodies under way."""
    room = Room(_MAX_BYTES_UNDER_WAY)
    paths = dict.fromkeys(endpoint.path for endpoint in endpoints)
    return [Route(path, _Door(path, tokens, [e for e in endpoints if e.path == path], room)) for path in paths]


class _Door:
    """One path, as a raw ASGI application. The log names it as it is declared, whatever was asked for."""

    def __init__(self, path: str, tokens: AdminTokens, endpoints: Sequence[Endpoint], room: Room) -> None:
        self._path = path
        self._tokens = tokens
        self._by_method = {endpoint.method: endpoint for endpoint in endpoints}
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._room.share() as share:
                answer = await self._answer(scope, receive, share)
        except Refused as refused:
            answer = refused.answer
        except ClientGone:
            return
        except (MemoryLost, StoreError) as error:
            log.warning("admin request not answered", extra={"path": self._path, "error": str(error)})
            answer = failure(503, "The store does not answer at the moment; try again", (b"retry-after", b"5"))
        except Exception:  # the loop's edge: whoever asks gets an answer in words
            log.exception("admin request failed", extra={"path": self._path})
            answer = failure(500, "Internal error; the log says more")
        await Answer(answer.status, answer.body, [*answer.headers, _PRIVATE]).send(send)

    async def _answer(self, scope: Scope, receive: Receive, share: Share) -> Answer:
        headers = dict(scope["headers"])
        token = secret_in(headers)
        admin = self._tokens.admin_of(token) if token is not None else None
        if admin is None:
            raise Refused(_UNAUTHORIZED)
        endpoint = self._by_method.get(scope["method"])
        if endpoint is None:
            allowed = ", ".join(self._by_method)
            raise Refused(failure(405, f"Method not allowed: use {allowed}", (b"allow", allowed.encode())))
        if not admin.role.may(endpoint.needs):
            raise Refused(failure(403, f"The token of {admin.name!r} may only read; this needs an {endpoint.needs}"))
        body: object = None
        brings_body = endpoint.method in ("POST", "PUT", "PATCH")
        if brings_body:
            check_content_type(headers.get(b"content-type"), ("application/json",))
        if brings_body or endpoint.may_have_body:
            raw = await read_body(
                headers, receive, share=share, max_bytes=MAX_BODY_BYTES, read_timeout_s=_READ_TIMEOUT_S
            )
            body = _decoded(raw) if raw or brings_body else None
        pairs = _query(scope)
        repeated = tuple(name for name, number in Counter(name for name, _ in pairs).items() if number > 1)
        reply = await endpoint.handler(AdminRequest(admin, scope["path_params"], dict(pairs), body, repeated))
        return json_answer(reply.status, {"success": True, **reply.content}, *reply.headers)


def refuse(*issues: tuple[Sequence[str | int], str]) -> Refused:
    """400, with where and what would be accepted of each."""
    listed: list[Issue] = [{"path": list(path), "message": message} for path, message in issues]
    return Refused(invalid(listed))


def _decoded(body: bytes) -> object:
    try:
        return decode(body)
    except NotJson as error:
        raise Refused(not_a_body(str(error))) from None


def _query(scope: Scope) -> list[tuple[str, str]]:
    raw = scope.get("query_string", b"")
    if len(raw) > _LONGEST_QUERY:
        raise Refused(failure(414, f"The query must be at most {_LONGEST_QUERY:,} bytes"))
    return parse_qsl(raw.decode("latin-1"), keep_blank_values=True)
