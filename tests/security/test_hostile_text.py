"""Hostile text in every text field, from the door to Slack: stored as sent, counted, told, and nowhere alive."""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from o11y.alerting.foreign_text import END_ISOLATE, ISOLATE
from o11y.model_id import normalise_model
from tests.hostile_text import HOSTILE

Seen = dict[str, Any]
_CODE = re.compile(r"`[^`]*`")
_JOINERS = "\u200c\u200d"
#: parts of the texts that no sentence of ours has
_BAIT = ("channel", "here", "subteam", "x.example", "bold", "italic", "gone", "quoted", "DROP", "drop", "fire")


def test_every_event_is_accepted(seen: Seen) -> None:
    assert seen["statuses"] == [200] * len(HOSTILE)
    assert seen["error"] == ""


def test_every_text_field_is_stored_as_it_was_sent(seen: Seen) -> None:
    def row(text: str) -> list[Any]:
        tools = [text[:256]]
        return [text, text, text, text, text, text, *normalise_model(text), tools, tools]

    assert sorted(seen["stored"]) == sorted(row(text) for text in HOSTILE.values())


def test_every_outage_is_counted_told_and_explained_under_its_own_name(seen: Seen) -> None:
    assert seen["explained"] == [True] * len(HOSTILE)
    assert {provider for (provider,) in seen["told"]} >= set(HOSTILE.values())


def test_every_message_is_one_that_slack_takes_as_text(seen: Seen) -> None:
    assert seen["refusals"] == [], "unescaped markup, open code spans, or over a limit"
    assert len(seen["messages"]) >= len(HOSTILE)


def test_no_markup_from_outside_is_alive_in_a_message(seen: Seen) -> None:
    """Slack interprets what is outside of code spans; ``<`` and ``>`` it interprets everywhere."""
    for message in seen["messages"]:
        for text in _marked_up(message):
            assert not re.search(r"<[!@#]", text)
            bare = _CODE.sub("", text)
            assert not any(bait in bare for bait in _BAIT), text


def test_no_character_of_a_message_is_invisible_or_turns_the_line_around(seen: Seen) -> None:
    for message in seen["messages"]:
        for character in json.dumps(message, ensure_ascii=False):
            invisible = unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs")
            assert not invisible or character in (*_JOINERS, ISOLATE, END_ISOLATE), repr(character)
        assert _isolates_are_closed(message)


@pytest.mark.parametrize("where", ["shown", "log"])
def test_nothing_from_outside_moves_the_cursor_of_a_terminal(seen: Seen, where: str) -> None:
    assert set(re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", seen[where])) == set()


def test_every_line_of_the_log_is_one_object(seen: Seen) -> None:
    for line in seen["log"].splitlines():
        assert isinstance(json.loads(line), dict)


def _marked_up(found: object) -> Iterator[str]:
    """Every text that Slack takes for mrkdwn: those of type mrkdwn, and the fallback."""
    if isinstance(found, dict):
        if isinstance(found.get("text"), str) and found.get("type") in (None, "mrkdwn"):
            yield found["text"]
        for value in found.values():
            yield from _marked_up(value)
    elif isinstance(found, list):
        for value in found:
            yield from _marked_up(value)


def _isolates_are_closed(message: object) -> bool:
    text = json.dumps(message, ensure_ascii=False)
    return text.count(ISOLATE) == text.count(END_ISOLATE)
