"""What the ingest doors answer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.types import Send

from o11y.events import Issue

_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


class Refused(Exception):
    """The request ends here, with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class ClientGone(Exception):
    """The connection closed before the body was there. Nobody is left to answer."""


def json_answer(status: int, content: object, *headers: tuple[bytes, bytes]) -> Answer:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, [_JSON, (b"content-length", b"%d" % len(body)), *headers])


def failure(status: int, error: str, *headers: tuple[bytes, bytes]) -> Answer:
    return json_answer(status, {"success": False, "error": error}, *headers)


def invalid(issues: Sequence[Issue]) -> Answer:
    return json_answer(400, {"success": False, "error": "Invalid request body", "issues": issues})


def not_a_body(message: str) -> Answer:
    """The body as a whole cannot be understood."""
    return invalid([{"path": [], "message": message}])


STORED = Answer(204)
UNAUTHORIZED = failure(403, "Unauthorized")
NOT_FOUND = failure(404, "Not found")
METHOD_NOT_ALLOWED = failure(405, "Method not allowed: use POST", (b"allow", b"POST"))
TIMED_OUT = failure(408, "The request body stopped arriving", (b"connection", b"close"))
CROWDED = failure(
    503, "Too many bodies are under way; send it again", (b"retry-after", b"1"), (b"connection", b"close")
)
SPOOL_FULL = failure(503, "Events cannot be stored at the moment; send them again", (b"retry-after", b"5"))
