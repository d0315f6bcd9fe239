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
    return [*([block["text"]] if "text" in block else []), *block.get("fields", []), *block.get("elements", [])]


def _plain(escaped: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": cut(escaped, limit), "emoji": True}


def _mrkdwn(text: str, limit: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": cut(text, limit)}
