"""A Slack message as text: what a reader sees, in the order in which Slack shows it."""

import html
import re
from collections.abc import Iterator
from typing import Any

from o11y.adapters.slack.message import Message


def slack_text(message: Message) -> str:
    lines = [line for block in message.blocks for line in _block(block)]
    for attachment in message.attachments:
        inside = [line for block in attachment["blocks"] for line in _block(block)]
        lines += [f"┃ {line}".rstrip() for line in [f"(edge {attachment['color']})", *inside]]
    return "\n".join([*lines, f"preview: {_read(message.text)}"])


def _block(block: dict[str, Any]) -> Iterator[str]:
    match block:
        case {"type": "header", "text": {"text": text}}:
            yield f"# {_read(text)}"
        case {"type": "section", "fields": fields}:
            for field in fields:
                label, _, value = field["text"].partition("\n")
                yield f"{_read(label)} {' | '.join(_read(value).splitlines())}"
        case {"type": "section", "text": {"text": text}}:
            yield from _read(text).splitlines()
        case {"type": "context", "elements": elements}:
            yield from (f"({_read(element['text'])})" for element in elements)
        case {"type": "actions", "elements": elements}:
            yield " ".join(_button(element) for element in elements)
        case _:
            raise AssertionError(f"a block that nobody reads: {block}")


def _button(element: dict[str, Any]) -> str:
    label = element["text"]["text"]
    return f"[{label} → {element['url']}]" if "url" in element else f"[{label}: {element['action_id']}]"


def _read(escaped: str) -> str:
    """Links spelled out, then Slack's three entities as what they stand for."""
    return html.unescape(re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r"\2 → \1", escaped))
