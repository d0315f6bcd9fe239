"""Block Kit, as much of it as a message needs; each maker keeps its documented limit by construction.

https://docs.slack.dev/reference/block-kit/blocks/
"""

from collections.abc import Sequence
from typing import Any

from o11y.adapters.slack.mrkdwn import cut, size

Block = dict[str, Any]

HEADER_LIMIT = 150
SECTION_LIMIT = 3_000
FIELD_LIMIT = 2_000
FIELDS_LIMIT = 10
BLOCKS_LIMIT = 50
BUTTONS_LIMIT = 5
BUTTON_TEXT_LIMIT = 75
BUTTON_VALUE_LIMIT = 2_000
BUTTON_URL_LIMIT = 3_000
#: of all texts of a message together; Slack refuses more at about 13,000
MESSAGE_LIMIT = 12_000


def header(escaped: str) -> Block:
    return {"type": "header", "text": _plain(escaped, HEADER_LIMIT)}


def section(mrkdwn: str) -> Block:
    return {"type": "section", "text": _mrkdwn(mrkdwn, SECTION_LIMIT)}


def plain_section(escaped: str) -> Block:
    """Text in which nothing is formatting."""
    return {"type": "section", "text": _plain(escaped, SECTION_LIMIT)}


def fields(named: Sequence[tuple[str, str]]) -> Block:
    """Label and mrkdwn value, two columns wide; the first ten."""
    return {
        "type": "section",
        "fields": [_mrkdwn(f"*{label}*\n{value}", FIELD_LIMIT) for label, value in named[:FIELDS_LIMIT]],
    }


def context(mrkdwn: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [_mrkdwn(mrkdwn, FIELD_LIMIT)]}


def actions(buttons: Sequence[Block]) -> Block:
    """A row of buttons, the first five; there must be one."""
    return {"type": "actions", "elements": list(buttons[:BUTTONS_LIMIT])}


def button(label: str, action_id: str, *, value: str, primary: bool = False) -> Block:
    """``value`` comes back with the press; one that is too long for it is a mistake of ours."""
    if size(value) > BUTTON_VALUE_LIMIT:
        raise ValueError(f"value: a button takes {BUTTON_VALUE_LIMIT} characters, not {size(value)}")
    style = {"style": "primary"} if primary else {}
    return {"type": "button", "action_id": action_id, "text": _label(label), "value": value, **style}


def link_button(label: str, action_id: str, *, url: str) -> Block:
    """Opens ``url``, an ``web_address`` of at most ``BUTTON_URL_LIMIT`` characters."""
    return {"type": "button", "action_id": action_id, "text": _label(label), "url": url}


def fitting(blocks: Sequence[Block]) -> list[Block]:
    """As many of the first blocks as one message may hold."""
    kept: list[Block] = []
    total = 0
    for block in blocks[:BLOCKS_LIMIT]:
        total += sum(size(text["text"]) for text in _texts(block))
        if total > MESSAGE_LIMIT:
            break
        kept.append(block)
    return kept


def _texts(block: Block) -> list[dict[str, Any]]:
    elements = [element["text"] if element["type"] == "button" else element for element in block.get("elements", [])]
    return [*([block["text"]] if "text" in block else []), *block.get("fields", []), *elements]


def _label(text: str) -> dict[str, Any]:
    return _plain(text, BUTTON_TEXT_LIMIT)


def _plain(escaped: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": cut(escaped, limit), "emoji": True}


def _mrkdwn(text: str, limit: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": cut(text, limit)}
