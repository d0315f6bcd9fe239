import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o11y.event_schema import ACCEPTED, WireEvent
from o11y.events import InvalidEvent, normalise_model, validate
from tests.builders import NOW
from tests.wire_events import SECRET, wire_event, wire_json

LONG = "x" * 1024
TEXT_FIELDS = ("kiloUserId", "organizationId", "mode", "provider", "requestedModel", "resolvedModel")
BOOLS = ("isAnonymous", "isStreaming", "userByok")
MILLISECONDS = ("ttfbMs", "completeRequestMs")
TOKENS = ("inputTokens", "outputTokens", "cacheWriteTokens", "cacheHitTokens", "totalTokens")
REQUIRED = sorted(WireEvent.__required_keys__)
OPTIONAL = sorted(WireEvent.__optional_keys__)
NOW_MS = int(NOW.timestamp() * 1000)

ACCEPT = [
    *[(name, value) for name in TEXT_FIELDS for value in ("a", " ", LONG, "日本", "<!channel>", "a\x00b")],
    *[(name, value) for name in BOOLS for value in (True, False)],
    *[(name, value) for name in MILLISECONDS for value in (0, 45, 45.0, -0.0, 2**31 - 1)],
    *[("statusCode", value) for value in (100, 200, 499, 599, 200.0)],
    *[("inferenceProvider", value) for value in ("", "vendor", LONG)],
    *[(name, value) for name in ("toolsAvailable", "toolsUsed") for value in ([], ["x"], ["x" * 256], ["x"] * 1000)],
    *[("ipAddress", value) for value in ("1.2.3.4", "255.255.255.255", "::1", "2001:DB8::1", "::ffff:1.2.3.4")],
    *[("tokens", {name: value}) for name in TOKENS for value in (0, 7, 7.0, 2**53 - 1)],
    ("tokens", {}),
    ("tokens", {"reasoningTokens": "whatever"}),
    *[
        ("eventId", value)
        for value in (
            "00000000-0000-0000-0000-000000000000",
            "0190a8f0-0000-7000-8000-000000000001",
            "F47AC10B-58CC-4372-A567-0E02B2C3D479",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        )
    ],
    *[
        ("timestamp", value)
        for value in (
            NOW_MS,
            float(NOW_MS),
            NOW_MS + 300_000,
            NOW_MS - 7 * 86_400_000,
            "2026-11-21T12:00:00Z",
            "2026-11-21t12:00:00.123456789z",
            "2026-11-21T13:30:00.5+01:30",
            "2026-11-20T23:59:60Z",
        )
    ],
    *[("clientSecret", value) for value in ("", " padded ", LONG)],
    *[("unknownField", value) for value in (None, 1e300, {"deep": [1]}, "\ud800", 10**400)],
]

REFUSE = [
    *[
        (name, value, [name])
        for name in TEXT_FIELDS
        for value in ("", LONG + "x", 1, True, ["a"], {}, "\ud800", "a\udfffb")
    ],
    *[(name, value, [name]) for name in BOOLS for value in (0, 1, "true", "false", [])],
    *[
        (name, value, [name])
        for name in MILLISECONDS
        for value in (-1, "45", True, 45.5, 2**31, 2.0**31, 1e300, 10**400, float("nan"), float("inf"), [], {})
    ],
    *[("statusCode", value, ["statusCode"]) for value in (99, 600, 0, -200, "200", True, 200.5)],
    *[("inferenceProvider", value, ["inferenceProvider"]) for value in (1, LONG + "x", "\udc00")],
    *[
        (name, value, path)
        for name in ("toolsAvailable", "toolsUsed")
        for value, path in (
            ("x", [name]),
            ({}, [name]),
            (["x"] * 1001, [name]),
            ([""], [name, 0]),
            (["a", 1], [name, 1]),
            (["a", None], [name, 1]),
            (["x" * 257], [name, 0]),
            (["\ud800"], [name, 0]),
        )
    ],
    *[
        ("ipAddress", value, ["ipAddress"])
        for value in ("", "localhost", "1.2.3", "01.2.3.4", "256.1.1.1", "1.2.3.4 ", "fe80::1%eth0", "::g", "::\0", 1)
    ],
    *[
        ("tokens", {name: value}, ["tokens", name])
        for name in TOKENS
        for value in (-1, "7", True, 7.5, 2**53, None, float("nan"))
    ],
    *[("tokens", value, ["tokens"]) for value in ([], "x", 1)],
    *[
        ("eventId", value, ["eventId"])
        for value in ("", "x", "0190a8f000007000800000000000001", "{0190a8f0-0000-7000-8000-000000000001}", 1,
                      "0190a8f0-0000-7000-8000-000000000001\n", "0190a8f0-0000-7000-8000-00000000000g")
    ],
    *[
        ("timestamp", value, ["timestamp"])
        for value in (
            NOW_MS + 300_001, NOW_MS - 7 * 86_400_000 - 1, NOW_MS // 1000, 0, -1, 10**30, 1e300, NOW_MS + 0.5, True,
            "", "yesterday", str(NOW_MS), "2026-11-21", "2026-11-21T12:00:00", "2026-11-21T25:00:00Z",
            "2026-02-30T00:00:00Z", "20261121T120000Z", "2026-11-21T12:00:00+25:00", "0001-01-01T00:00:00+14:00",
            "2026-11-21T12:05:01Z", "2026-W47-6T12:00:00Z",
        )
    ],
    *[("clientSecret", value, ["clientSecret"]) for value in (1, LONG + "x", "\ud800")],
]  # fmt: skip


def shown(value: object) -> str:
    return ascii(value)[:40]


@pytest.mark.parametrize(("name", "value"), ACCEPT, ids=shown)
def test_the_wire_table_accepts(name: str, value: Any) -> None:
    validate(wire_event(**{name: value}), now=NOW)


@pytest.mark.parametrize(("name", "value", "path"), REFUSE, ids=shown)
def test_the_wire_table_refuses_and_names_the_place(name: str, value: Any, path: list[str | int]) -> None:
    with pytest.raises(InvalidEvent) as refused:
        validate(wire_event(**{name: value}), now=NOW)
    assert [issue["path"] for issue in refused.value.issues] == [path]
    assert refused.value.issues[0]["message"].startswith("must be ")


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_field_must_be_there(name: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        validate(wire_event(**{name: ...}), now=NOW)
    assert refused.value.issues == [{"path": [name], "message": f"is required: {ACCEPTED[name]}"}]


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_optional_field_may_be_absent_but_not_null(name: str) -> None:
    validate(wire_event(**{name: ...}), now=NOW)
    with pytest.raises(InvalidEvent, match="null is not accepted"):
        validate(wire_event(**{name: None}), now=NOW)


def test_all_issues_are_told_at_once() -> None:
    with pytest.raises(InvalidEvent) as refused:
        validate(wire_event(ttfbMs="45", provider="", statusCode=...), now=NOW)
    assert sorted(str(issue["path"][0]) for issue in refused.value.issues) == ["provider", "statusCode", "ttfbMs"]


def test_issues_never_quote_what_was_sent() -> None:
    with pytest.raises(InvalidEvent) as refused:
        validate(wire_event(clientSecret=["hush-hush"], provider=["hush-hush"], ttfbMs="hush-hush"), now=NOW)
    assert "hush" not in str(refused.value) + repr(refused.value.issues)


def test_the_number_of_issues_is_bounded() -> None:
    with pytest.raises(InvalidEvent) as refused:
        validate(wire_event(toolsUsed=[""] * 1000), now=NOW)
    assert len(refused.value.issues) == 20


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not valid JSON at line 1"),
        (b"nul", "not valid JSON"),
        (b"{}x", "not valid JSON"),
        (b"{'a': 1}", "not valid JSON"),
        (b'{"a": 01}', "not valid JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": "\xff"}', "not valid UTF-8 at byte 7"),
        (b'{"a": "\x01"}', "not valid JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "byte order mark"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"a":' * 100_000, "nested deeper"),
        (b"[" * 300 + b"]" * 300, "nested deeper"),
        (b"[]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b"1e400", "must be a JSON object"),
    ],
    ids=shown,
)
def test_what_is_no_json_object_is_one_clear_issue(raw: bytes, words: str) -> None:
    with pytest.raises(InvalidEvent, match=words) as refused:
        validate(raw, now=NOW)
    assert [issue["path"] for issue in refused.value.issues] == [[]]


@pytest.mark.parametrize("number", [b"1e400", b"9" * 400, b"9" * 5000, b"-" + b"9" * 100_000])
def test_a_number_that_no_column_holds_is_an_issue_of_its_field(number: bytes) -> None:
    raw = wire_json(ttfbMs=31337).replace(b"31337", number)
    with pytest.raises(InvalidEvent) as refused:
        validate(raw, now=NOW)
    assert refused.value.issues == [{"path": ["ttfbMs"], "message": f"must be {ACCEPTED['ttfbMs']}"}]


@pytest.mark.parametrize("value", [b"1e400", b"9" * 5000, b'"\\ud800"', b"[[[[]]]]"])
def test_an_unknown_field_may_hold_any_json(value: bytes) -> None:
    raw = wire_json(extra=31337).replace(b"31337", value)
    assert "extra" not in validate(raw, now=NOW).fields


def test_an_escaped_lone_surrogate_is_an_issue_of_its_field() -> None:
    raw = wire_json(provider="@@").replace(b"@@", b"\\ud83d")
    with pytest.raises(InvalidEvent, match="provider must be valid Unicode"):
        validate(raw, now=NOW)


def test_of_two_equal_keys_the_last_counts() -> None:
    assert validate(wire_json()[:-1] + b', "provider": "second"}', now=NOW).fields["provider"] == "second"


def test_whole_numbers_become_integers_and_the_secret_is_gone() -> None:
    fields = validate(wire_event(ttfbMs=45.0, tokens={"inputTokens": 3.0}), now=NOW).fields
    assert json.dumps([fields["ttfbMs"], fields["tokens"]]) == '[45, {"inputTokens": 3}]'
    assert "clientSecret" not in fields
    assert SECRET not in repr(fields)


def test_the_input_is_left_as_it_was() -> None:
    event = wire_event()
    validate(event, now=NOW)
    assert event == wire_event()


def test_a_given_id_is_kept_and_a_missing_one_is_a_version_7_of_now() -> None:
    given_id = "F47AC10B-58CC-4372-A567-0E02B2C3D479"
    kept, made = validate(wire_event(eventId=given_id), now=NOW), validate(wire_event(), now=NOW)
    assert (kept.event_id, kept.given_id) == (given_id.lower(), True)
    made_id = UUID(made.event_id)
    assert (str(made_id), made.given_id) == (made.event_id, False)
    assert (made_id.version, made_id.variant, made_id.int >> 80) == (7, "specified in RFC 4122", NOW_MS)


@pytest.mark.parametrize(
    ("sent", "settled"),
    [
        (..., NOW),
        (NOW_MS - 1, NOW - timedelta(milliseconds=1)),
        ("2026-11-21T13:30:00.5+01:30", datetime(2026, 11, 21, 12, 0, 0, 500_000, UTC)),
        ("2026-11-21 11:59:59.123999Z", datetime(2026, 11, 21, 11, 59, 59, 123_000, UTC)),
        ("2026-11-21T11:59:60Z", NOW),
    ],
)
def test_the_time_is_utc_in_whole_milliseconds(sent: Any, settled: datetime) -> None:
    assert validate(wire_event(timestamp=sent), now=NOW).event_time == settled


def test_the_time_of_arrival_is_cut_to_milliseconds() -> None:
    assert validate(wire_event(), now=NOW + timedelta(microseconds=1999)).event_time == NOW + timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "model", "variant"),
    [
        ("Anthropic/Claude-Sonnet-4.5:free", "anthropic/claude-sonnet-4.5", "free"),
        ("anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5", ""),
        ("  Vendor/Model:Thinking ", "vendor/model", "thinking"),
        ("vendor/model : free", "vendor/model", "free"),
        ("ft:gpt-4o:acme", "ft:gpt-4o", "acme"),
        ("vendor/model:", "vendor/model", ""),
        ("vendor/model::", "vendor/model", ""),
        ("host:8080/llama", "host:8080/llama", ""),
        (":free", ":free", ""),
        (":", ":", ""),
        ("   ", "(blank)", ""),
    ],
)
def test_a_model_id_has_one_spelling(text: str, model: str, variant: str) -> None:
    assert normalise_model(text) == (model, variant)


@given(st.text(min_size=1, max_size=40))
def test_no_model_id_ends_empty(text: str) -> None:
    model, variant = normalise_model(text)
    assert model
    assert variant == variant.strip()


@given(st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
@settings(max_examples=200)
def test_nothing_but_invalid_event_is_ever_raised(raw: object) -> None:
    with pytest.raises(InvalidEvent):
        validate(raw, now=NOW)


def test_a_gateway_needs_pydantic_alone() -> None:
    server = ("orjson", "starlette", "redis", "o11y.worker", "o11y.slo")
    code = f"import sys, o11y.events; print([name for name in {server} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert out.stdout.strip() == "[]"
