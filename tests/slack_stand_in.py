"""Slack's incoming webhook on a real socket: refuses what Slack documents as refused, and fails on command.

Limits: https://docs.slack.dev/reference/block-kit/blocks/ and
https://docs.slack.dev/messaging/formatting-message-text/
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.http_stand_in import Answer, HttpStandIn, Request

PATH = "/services/T000/B000/s3cretS3cret"
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_MARKUP = re.compile(r"<(?:https?://[^<>|\s]+\|[^<>|]+)>")

OK = Answer(body=b"ok", headers={"Content-Type": "text/html"})
NO_SERVICE = Answer(404, b"no_service")
INVALID_TOKEN = Answer(403, b"invalid_token")
ARCHIVED = Answer(410, b"channel_is_archived")
INVALID_PAYLOAD = Answer(400, b"invalid_payload")
SERVER_ERROR = Answer(500, b"rollup_error")
CUT = Answer(cut=True)
HANG = Answer(hang=True)


def rate_limited(retry_after: str | None = None) -> Answer:
    return Answer(429, b"rate_limited", {} if retry_after is None else {"Retry-After": retry_after})


class SlackStandIn(HttpStandIn):
    """``failures`` are given in turn, before the judgement of the message; ``messages`` are those delivered.

    A message whose connection is ``CUT`` was delivered.
    """

    def __init__(self, *failures: Answer) -> None:
        super().__init__(self._judge)
        self.failures = list(failures)
        self.messages: list[dict[str, Any]] = []
        self.refusals: list[str] = []

    @property
    def webhook_url(self) -> str:
        return self.url + PATH

    def _judge(self, request: Request) -> Answer:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None and not failure.cut:
            return failure
        if request.method != "POST" or request.path != PATH:
            return NO_SERVICE
        if problems := list(problems_of(request.body)):
            self.refusals.extend(problems)
            return INVALID_PAYLOAD
        self.messages.append(json.loads(request.body))
        return failure or OK


def problems_of(body: bytes) -> Iterator[str]:
    """Why Slack would refuse (or misread) this payload; nothing when it would not."""
    try:
        payload = json.loads(body.decode())
    except ValueError:
        yield "not JSON"
        return
    text = payload.get("text")
    if not isinstance(text, str) or not text.strip():
        yield "no_text"
    else:
        yield from _text_problems("text", text, 4_000)
    blocks = payload.get("blocks", [])
    if len(blocks) > 50:
        yield f"{len(blocks)} blocks"
    for block in blocks:
        yield from _block_problems(block)
    total = sum(len(found["text"]) for found in _texts(blocks))
    if total > 13_000:
        yield f"{total} characters in all"


def _block_problems(block: dict[str, Any]) -> Iterator[str]:
    match block:
        case {"type": "header", "text": {"type": "plain_text", "text": text}}:
            yield from _text_problems("header", text, 150)
        case {"type": "section", "fields": list(listed)}:
            if not 1 <= len(listed) <= 10:
                yield f"{len(listed)} fields"
            for field in listed:
                yield from _text_problems("field", field["text"], 2_000)
        case {"type": "section", "text": {"type": "plain_text", "text": text}}:
            yield from _text_problems("plain section", text, 3_000)
        case {"type": "section", "text": {"type": "mrkdwn", "text": text}}:
            yield from _text_problems("section", text, 3_000)
        case {"type": "context", "elements": list(elements)}:
            if not 1 <= len(elements) <= 10:
                yield f"{len(elements)} elements"
            for element in elements:
                yield from _text_problems("context", element["text"], 3_000)
        case {"type": "divider"}:
            return
        case _:
            yield f"unknown block {block.get('type')}"


def _text_problems(where: str, text: str, limit: int) -> Iterator[str]:
    units = len(text.encode("utf-16-le")) // 2
    if not 1 <= units <= limit:
        yield f"{where}: {units} characters"
    bare = _MARKUP.sub("", text)
    if "<" in bare or ">" in bare:
        yield f"{where}: an unescaped < or >"
    if "&" in _ENTITY.sub("", bare):
        yield f"{where}: an unescaped &, or half an entity"
    if bare.count("`") % 2 and where not in ("header", "plain section"):
        yield f"{where}: an open code span"


def _texts(found: object) -> Iterator[dict[str, str]]:
    if isinstance(found, dict):
        if isinstance(found.get("text"), str):
            yield found
        for value in found.values():
            yield from _texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from _texts(value)
