"""Events are judged in one pass over their text where that is possible; it must never be another judgement."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o11y.event_schema import ACCEPTED, check_array_text, check_text
from o11y.events import InvalidEvent, checked, parse, read, read_array
from tests.wire_events import wire_event, wire_json

#: JSON texts of values, and what only looks like JSON
VALUES = [
    "null", "true", "0", "-0", "-0.0", "45.0", "45.5", "1e2", "1e400", "-1", "2147483648", "9" * 30, "9" * 5000, "NaN",
    "Infinity", "-Infinity", '""', '"text"', '"NaN"', '"a\\u0000b"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\udfff"',
    '"a\tb"', '"\\x"', '"' + "x" * 1025 + '"', '"192.0.2.1"', '"F47AC10B-58CC-4372-A567-0E02B2C3D479"', "1795262400000",
    '"2026-11-21T12:00:00Z"', "[]", '["a", "b"]', '["\\ud800"]', "[NaN]", "{}", '{"inputTokens": 7.0}',
    '{"inputTokens": 1, "inputTokens": 2}',
    '{"unknown": [Infinity]}', "[" * 250 + "]" * 250, '{"a":' * 250 + "1" + "}" * 250,
    "01", "1.", "'x'", "", "[1,]",
]  # fmt: skip
NAMES = [*sorted(ACCEPTED), "unknown", "", "provider\\u0000", "\\u0070rovider", "\\ud800"]
members = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=3)


def text(extra: list[tuple[str, str]]) -> str:
    """A valid event with more members behind; of two with one name the last counts."""
    return wire_json().decode()[:-1] + "".join(f', "{name}": {value}' for name, value in extra) + "}"


def judged(judge: Any, raw: bytes) -> tuple[str, str]:
    try:
        return "accepted", repr(judge(raw))
    except InvalidEvent as error:
        return "refused", repr(error.issues)


@settings(deadline=None)
@given(members)
def test_an_event_is_judged_the_same_in_one_pass_and_in_two(extra: list[tuple[str, str]]) -> None:
    raw = text(extra).encode("utf-8")
    assert judged(read, raw) == judged(lambda raw: checked(parse(raw)), raw)


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(min_value=0))
def test_a_damaged_text_is_judged_the_same_in_one_pass_and_in_two(noise: bytes, at: int) -> None:
    whole = wire_json()
    raw = whole[: at % len(whole)] + noise + whole[at % len(whole) :]
    assert judged(read, raw) == judged(lambda raw: checked(parse(raw)), raw)


@settings(deadline=None)
@given(st.lists(members, max_size=3))
def test_an_array_is_taken_whole_only_when_each_event_alone_would_be_taken(events: list[list[tuple[str, str]]]) -> None:
    texts = [text(extra) for extra in events]
    alone = [judged(read, event.encode()) for event in texts]
    whole = read_array(f"[{','.join(texts)}]".encode())
    if whole is not None:
        assert [("accepted", repr(fields)) for fields in whole] == alone


def test_what_is_valid_is_taken_in_one_pass() -> None:
    assert check_text(wire_json()) == wire_event()
    assert check_array_text(b"[" + wire_json() + b"," + wire_json(ttfbMs=45.0) + b"]") == [
        wire_event(),
        wire_event(ttfbMs=45),
    ]
    assert check_array_text(b"[]") == []


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("place", ["{}", "[{}]", '{{"deep": [{}]}}'])
def test_constants_that_are_not_json_are_refused_where_nobody_looks_too(constant: str, place: str) -> None:
    raw = text([("unknown", place.format(constant))]).encode()
    assert check_text(raw) is None
    assert check_array_text(b"[" + raw + b"]") is None
    with pytest.raises(InvalidEvent, match="not valid JSON"):
        read(raw)


def test_of_a_million_bad_entries_one_is_looked_at() -> None:
    """A report of each would take a gigabyte."""
    assert check_array_text(json.dumps([0] * 1_000_000).encode()) is None
