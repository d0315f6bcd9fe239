"""Why Slack would refuse, or misread, a message.

https://docs.slack.dev/reference/block-kit/blocks/, https://docs.slack.dev/messaging/formatting-message-text/ and
https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments/
"""

import json
import re
from collections.abc import Iterator
from typing import Any

_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_MARKUP = re.compile(r"<(?:https?://[^<>|\s]+\|[^<>|]+)>")


def problems_of(body: bytes) -> Iterator[str]:
    """Of a webhook's payload; nothing where there are none."""
    try:
        payload = json.loads(body.decode())
    except ValueError:
        yield "not JSON"
        return
    yield from content_problems(payload)


def content_problems(payload: dict[str, Any]) -> Iterator[str]:
    """Of what a message says: its text, blocks and attachments."""
    text = payload.get("text")
    if not isinstance(text, str) or not text.strip():
        yield "no_text"
    else:
        yield from _text_problems("text", text, 4_000)
    blocks, attachments = payload.get("blocks", []), payload.get("attachments", [])
    yield from _blocks_problems(blocks)
    if len(attachments) > 20:
        yield f"{len(attachments)} attachments"
    for attachment in attachments:
        if unknown := set(attachment) - {"color", "blocks", "fallback"}:
            yield f"attachment: {sorted(unknown)}"
        if not re.fullmatch(r"#[0-9a-fA-F]{6}|good|warning|danger", attachment.get("color", "good")):
            yield f"attachment: color {attachment['color']}"
        yield from _blocks_problems(attachment.get("blocks", []))
    total = sum(_units(found["text"]) for found in _texts([blocks, attachments]))
    if total > 13_000:
        yield f"{total} characters in all"


def buttons(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every button of a message, in its order."""
    blocks = [*payload.get("blocks", [])]
    for attachment in payload.get("attachments", []):
        blocks += attachment.get("blocks", [])
    for block in blocks:
        if block["type"] == "actions":
            yield from block["elements"]


def _blocks_problems(blocks: list[dict[str, Any]]) -> Iterator[str]:
    if len(blocks) > 50:
        yield f"{len(blocks)} blocks"
    for block in blocks:
        yield from _block_problems(block)


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
        case {"type": "actions", "elements": list(elements)}:
            yield from _actions_problems(elements)
        case {"type": "divider"}:
            return
        case _:
            yield f"unknown block {block.get('type')}"


def _actions_problems(elements: list[dict[str, Any]]) -> Iterator[str]:
    if not 1 <= len(elements) <= 25:
        yield f"{len(elements)} actions"
    names = [element.get("action_id") for element in elements]
    if len(set(names)) != len(names):
        yield "actions: an action_id twice"
    for element in elements:
        match element:
            case {"type": "button", "text": {"type": "plain_text", "text": str(label)}, "action_id": str(name)}:
                yield from _text_problems("button", label, 75)
                if not 1 <= len(name) <= 255:
                    yield "button: action_id"
            case _:
                yield f"unknown element {element.get('type')}"
                continue
        if _units(element.get("value", "")) > 2_000:
            yield "button: value"
        if "url" in element and not re.fullmatch(r"https?://\S{1,2990}", element["url"]):
            yield "button: url"
        if element.get("style", "primary") not in ("primary", "danger"):
            yield "button: style"


def _text_problems(where: str, text: str, limit: int) -> Iterator[str]:
    if not 1 <= _units(text) <= limit:
        yield f"{where}: {_units(text)} characters"
    bare = _MARKUP.sub("", text)
    if "<" in bare or ">" in bare:
        yield f"{where}: an unescaped < or >"
    if "&" in _ENTITY.sub("", bare):
        yield f"{where}: an unescaped &, or half an entity"
    if bare.count("`") % 2 and where not in ("header", "plain section", "button"):
        yield f"{where}: an open code span"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _texts(found: object) -> Iterator[dict[str, str]]:
    if isinstance(found, dict):
        if isinstance(found.get("text"), str):
            yield found
        for value in found.values():
            yield from _texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from _texts(value)
