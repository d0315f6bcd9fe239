"""The doors, called without a socket."""

import asyncio
import gzip
import json
import zlib
from typing import Any

import pytest
from backports import zstd

from o11y.http.ingest import BATCH_PATH, Answered
from o11y.worker.ports import SpoolFull
from tests.http.ingest_house import JSON, House, Reply
from tests.wire_events import SECRET, wire_event, wire_json

BEARER = {**JSON, "authorization": f"Bearer {SECRET}"}
NDJSON = {**BEARER, "content-type": "application/x-ndjson"}
UNAUTHORIZED = b'{"success":false,"error":"Unauthorized"}'


def post(house: House, body: Any = b"", headers: dict[str, str] | None = None, **options: Any) -> Reply:
    reply = asyncio.run(house.post(body, headers, **options))
    assert reply is not None
    return reply


def post_batch(house: House, body: Any, headers: dict[str, str] = BEARER) -> Reply:
    return post(house, body, headers, path=BATCH_PATH)


def chunks(*parts: bytes) -> list[dict[str, Any]]:
    last = len(parts) - 1
    return [{"type": "http.request", "body": part, "more_body": n < last} for n, part in enumerate(parts)]


# ------------------------------------------------------------ one event


def test_an_event_is_answered_with_an_empty_204_and_is_kept() -> None:
    house = House()
    reply = post(house, wire_json())
    assert (reply.status, reply.headers, reply.body) == (204, {}, b"")
    (row,) = house.rows
    assert (row["client_name"], row["resolved_model"]) == ("gateway", "vendor/model")
    assert house.observed == [Answered("/ingest/api-metrics", 204, 1, 0)]


def test_the_answer_waits_for_the_commit() -> None:
    async def scenario() -> None:
        house = House()
        house.spool.gate.clear()
        request = asyncio.create_task(house.post(wire_json()))
        assert await asyncio.to_thread(house.spool.entered.wait, 20)
        assert not request.done()
        assert house.sink.captured == []
        house.spool.gate.set()
        reply = await request
        assert reply is not None
        assert reply.status == 204

    asyncio.run(scenario())


def test_an_accepted_event_goes_to_the_sink_with_its_client() -> None:
    house = House()
    post(house, wire_json(ipAddress="192.0.2.1"))
    ((client, event),) = house.sink.captured
    assert (client, event.fields["ipAddress"]) == ("gateway", "192.0.2.1")


def test_an_invalid_event_is_a_400_that_names_the_field() -> None:
    house = House()
    reply = post(house, wire_json(ttfbMs="45"))
    assert (reply.status, reply.headers["content-type"]) == (400, "application/json")
    assert reply.json == {
        "success": False,
        "error": "Invalid request body",
        "issues": [{"path": ["ttfbMs"], "message": "must be an integer from 0 to 2147483647"}],
    }
    assert house.rows == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'{"a": NaN}', b"[" * 100_000, b'{"a":' * 30_000, b"\xff\xfe", b"\xef\xbb\xbf{}",
        wire_json(ttfbMs=31337).replace(b"31337", b"1e400"), wire_json(ttfbMs=31337).replace(b"31337", b"9" * 5000),
        wire_json(provider="@@").replace(b"@@", b"\\udfff"), wire_json()[:-1], wire_json() + wire_json(),
    ],
    ids=range(14),
)  # fmt: skip
def test_a_malformed_body_is_a_clear_400(body: bytes) -> None:
    house = House()
    reply = post(house, body)
    assert (reply.status, reply.json["error"]) == (400, "Invalid request body")
    assert reply.json["issues"][0]["message"]
    assert house.rows == []


# ------------------------------------------------------------ who is posting


@pytest.mark.parametrize(
    "headers",
    [
        BEARER,
        {**JSON, "authorization": f"bearer   {SECRET} "},
        {**JSON, "x-o11y-admin-token": f" {SECRET} "},
        {**JSON, "authorization": "Basic abc", "x-o11y-admin-token": "next"},
        {**JSON, "authorization": "Bearer next", "x-o11y-admin-token": "wrong"},
    ],
)
def test_a_secret_may_come_in_a_header(headers: dict[str, str]) -> None:
    assert post(House(), wire_json(clientSecret=...), headers).status == 204


@pytest.mark.parametrize("secret", [SECRET, "next", f"  {SECRET}\n"])
def test_a_secret_may_come_in_the_body(secret: str) -> None:
    assert post(House(), wire_json(clientSecret=secret)).status == 204


@pytest.mark.parametrize("secret", [..., "", " ", "wrong", "ünknown"])
def test_missing_and_unknown_secrets_get_the_same_403(secret: Any) -> None:
    house = House()
    reply = post(house, wire_json(clientSecret=secret))
    assert (reply.status, reply.body) == (403, UNAUTHORIZED)
    assert house.rows == []


def test_a_wrong_secret_in_a_header_is_refused_before_the_body_is_read() -> None:
    def unread() -> Any:
        raise AssertionError("the body was read")
        yield

    for wrong in ({"authorization": "Bearer wrong"}, {"x-o11y-admin-token": "wrong"}):
        reply = post(House(), unread(), wrong)
        assert (reply.status, reply.body) == (403, UNAUTHORIZED)


def test_an_invalid_body_with_a_wrong_secret_in_it_is_a_400() -> None:
    assert post(House(), wire_json(clientSecret="wrong", ttfbMs=-1)).status == 400


def test_of_header_and_body_the_header_decides() -> None:
    house = House()
    assert post(house, wire_json(clientSecret="other-secret"), BEARER).status == 204
    assert house.rows[0]["client_name"] == "gateway"
    assert post(house, wire_json(), {**JSON, "authorization": "Bearer wrong"}).status == 403


def test_an_answer_never_repeats_a_secret() -> None:
    reply = post(House(), wire_json(clientSecret="hush-hush", ttfbMs="hush-hush"))
    assert b"hush" not in reply.body


# ------------------------------------------------------------ the request around the event


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_a_405_that_allows_post(method: str) -> None:
    reply = post(House(), wire_json(), method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def test_another_path_is_a_404() -> None:
    assert post(House(), wire_json(), path="/ingest/api-metrics/").status == 404


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/json; v=1",
    ],
)
def test_json_in_utf_8_is_taken(content_type: str) -> None:
    assert post(House(), wire_json(), {"content-type": content_type}).status == 204


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-ndjson"},
        {"content-type": "application/json; charset=utf-16"},
        {**JSON, "content-encoding": "br"},
        {**JSON, "content-encoding": "gzip, gzip"},
    ],
)
def test_another_type_or_encoding_is_a_415(headers: dict[str, str]) -> None:
    reply = post(House(), wire_json(), headers)
    assert (reply.status, reply.json["success"]) == (415, False)


def test_a_body_may_arrive_in_pieces() -> None:
    body = wire_json()
    assert post(House(), chunks(body[:5], b"", body[5:9], body[9:])).status == 204


def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_a_413() -> None:
    body = wire_json()
    assert post(House(max_body_bytes=len(body)), body).status == 204
    assert post(House(max_body_bytes=len(body) - 1), body).status == 413


def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    def unread() -> Any:
        raise AssertionError("the body was read")
        yield

    for length in ("300000", "9" * 400):
        assert post(House(), unread(), {**JSON, "content-length": length}).status == 413


def test_reading_stops_where_the_limit_is_passed() -> None:
    def endless() -> Any:
        for _ in range(400):
            yield {"type": "http.request", "body": b" " * 1024, "more_body": True}
        raise AssertionError("read on beyond the limit")

    assert post(House(), endless()).status == 413


def test_a_gateway_that_goes_away_gets_no_answer_and_leaves_nothing() -> None:
    house = House()
    half = [*chunks(wire_json()[:50], b"")[:1], {"type": "http.disconnect"}]
    assert asyncio.run(house.post(half)) is None
    assert house.rows == []


def test_a_body_that_stops_arriving_is_a_408() -> None:
    house = House(read_timeout_s=0.01)
    reply = post(house, [*chunks(b"{", b"")[:1], {"type": "silence"}])
    assert (reply.status, house.rows) == (408, [])


def test_a_full_spool_is_a_503_that_says_when_to_come_again() -> None:
    house = House()
    house.spool.fail = SpoolFull("disk")
    for reply in (post(house, wire_json()), post_batch(house, b"[" + wire_json() + b"]")):
        assert (reply.status, reply.headers["retry-after"], reply.json["success"]) == (503, "5", False)
    assert house.sink.captured == []


# ------------------------------------------------------------ compression


def packed(encoding: str, body: bytes) -> bytes:
    return gzip.compress(body) if encoding == "gzip" else zstd.compress(body)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_compressed_body_is_taken_whole_in_pieces_and_in_members(encoding: str) -> None:
    body, headers = wire_json(), {**JSON, "content-encoding": encoding}
    whole = packed(encoding, body)
    assert post(House(), whole, headers).status == 204
    assert post(House(), chunks(*[bytes([byte]) for byte in whole], b""), headers).status == 204
    assert post(House(), packed(encoding, body[:40]) + packed(encoding, body[40:]), headers).status == 204


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_truncated_or_corrupt_body_is_a_400(encoding: str) -> None:
    house, headers = House(), {**JSON, "content-encoding": encoding}
    whole = packed(encoding, wire_json())
    for broken in (b"", whole[:-1], whole[:10], b"plain", whole + b"rubbish", whole[:20] + b"\xff" * 9 + whole[29:]):
        reply = post(house, broken, headers)
        assert (reply.status, reply.json["error"]) == (400, "Invalid request body")
    assert house.rows == []


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_a_413_after_little_of_it(encoding: str) -> None:
    bomb = packed(encoding, b" " * 50_000_000)
    assert post(House(), bomb, {**JSON, "content-encoding": encoding}).status == 413


def test_a_zstd_frame_that_wants_much_memory_is_refused() -> None:
    frame = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    wide = frame.compress(b" " * 100) + frame.flush()
    assert post(House(), wide, {**JSON, "content-encoding": "zstd"}).status == 400


def test_raw_deflate_is_not_gzip() -> None:
    assert post(House(), zlib.compress(wire_json()), {**JSON, "content-encoding": "gzip"}).status == 400


# ------------------------------------------------------------ batches


def models(house: House) -> list[str]:
    return [row["resolved_model"] for row in house.rows]


def test_good_events_of_a_batch_are_kept_when_others_are_bad() -> None:
    house = House()
    events = [wire_event(resolvedModel="a"), wire_event(ttfbMs=-1), "text", None, wire_event(resolvedModel="b")]
    reply = post_batch(house, json.dumps(events).encode())
    assert (reply.status, reply.json["accepted"]) == (200, 2)
    assert [(r["index"], r["issues"][0]["path"]) for r in reply.json["rejected"]] == [(1, ["ttfbMs"]), (2, []), (3, [])]
    assert models(house) == ["a", "b"]
    assert [event.resolved_model for _, event in house.sink.captured] == ["a", "b"]
    assert house.observed == [Answered(BATCH_PATH, 200, 2, 3)]


def test_ndjson_is_one_event_a_line_and_blank_lines_are_none() -> None:
    house = House()
    lines = [wire_json(resolvedModel="a"), b"", b"  \r", b"{broken", wire_json(resolvedModel="b") + b"\r", b""]
    reply = post_batch(house, b"\n".join(lines), NDJSON)
    assert (reply.json["accepted"], [r["index"] for r in reply.json["rejected"]]) == (2, [1])
    assert models(house) == ["a", "b"]


BROKEN = [
    b"NaN",
    b'{"a": NaN}',
    b'{"a": "\xff"}',
    b'{"a": "\x01"}',
    b"{'a': 1}",
    b"[" * 500 + b"]" * 500,
    b'{"a":' * 300 + b"1" + b"}" * 300,
    wire_json(provider="@@").replace(b"@@", b"\\ud800"),
    wire_json(ttfbMs=31337).replace(b"31337", b"1e400"),
    wire_json(ttfbMs=31337).replace(b"31337", b"9" * 5000),
]


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
@pytest.mark.parametrize("media", ["array", "ndjson"])
def test_a_malformed_event_costs_no_neighbour(broken: bytes, media: str) -> None:
    house = House()
    parts = [wire_json(resolvedModel="a,]}["), broken, wire_json(resolvedModel='b\\"')]
    body = b"[" + b" , ".join(parts) + b"]\n" if media == "array" else b"\n".join(parts)
    reply = post_batch(house, body, BEARER if media == "array" else NDJSON)
    assert (reply.status, reply.json["accepted"]) == (200, 2)
    assert [rejected["index"] for rejected in reply.json["rejected"]] == [1]
    assert models(house) == ["a,]}[", 'b\\"']


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"[", b"[" + wire_json(), b"[" + wire_json() + b"]x", b"[[[", b'["', b"]"]
)
def test_what_is_no_array_is_a_400_and_keeps_nothing(body: bytes) -> None:
    house = House()
    reply = post_batch(house, body)
    assert (reply.status, reply.json["issues"][0]["path"]) == (400, [])
    assert house.rows == []


@pytest.mark.parametrize(("body", "headers"), [(b"[]", BEARER), (b"", NDJSON), (b"\n\n", NDJSON)])
def test_an_empty_batch_is_accepted(body: bytes, headers: dict[str, str]) -> None:
    assert post_batch(House(), body, headers).json == {"accepted": 0, "rejected": []}


def test_without_a_header_each_event_shows_its_own_secret() -> None:
    house = House()
    secrets = [SECRET, "wrong", ..., "other-secret"]
    body = json.dumps([wire_event(clientSecret=secret) for secret in secrets]).encode()
    reply = post_batch(house, body, JSON)
    unauthorized = [{"path": ["clientSecret"], "message": "Unauthorized"}]
    assert reply.json["rejected"] == [{"index": 1, "issues": unauthorized}, {"index": 2, "issues": unauthorized}]
    assert [row["client_name"] for row in house.rows] == ["gateway", "second"]


def test_a_wrong_secret_in_the_header_refuses_the_batch() -> None:
    reply = post_batch(House(), b"[]", {**JSON, "authorization": "Bearer wrong"})
    assert (reply.status, reply.body) == (403, UNAUTHORIZED)


def test_a_repeat_counts_as_accepted_and_is_stored_once() -> None:
    house = House()
    event = wire_json(eventId="0190a8f0-0000-7000-8000-000000000001")
    assert post_batch(house, b"[" + event + b"," + event + b"]").json == {"accepted": 2, "rejected": []}
    assert post(house, event).status == 204
    assert len(house.rows) == 1


def test_every_rejected_event_is_named_and_the_issues_are_bounded() -> None:
    reply = post_batch(House(), b"[" + b",".join([b"{}"] * 500) + b"]")
    assert [rejected["index"] for rejected in reply.json["rejected"]] == list(range(500))
    assert sum(len(rejected["issues"]) for rejected in reply.json["rejected"]) == 1000


def test_a_batch_of_too_many_entries_is_a_413() -> None:
    assert post_batch(House(), b"[" + b"1," * 100_000 + b"1]").status == 413
    assert post_batch(House(), b"[" + b"x," * 100_001 + b"x]").status == 413


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_batch_may_be_compressed_and_is_measured_afterwards(encoding: str) -> None:
    body = b"[" + b",".join([wire_json()] * 50) + b"]"
    headers = {**BEARER, "content-encoding": encoding}
    assert post_batch(House(), packed(encoding, body), headers).json["accepted"] == 50
    assert post_batch(House(max_batch_bytes=len(body) - 1), packed(encoding, body), headers).status == 413


def test_beyond_the_limit_of_dimensions_events_are_kept_as_other() -> None:
    house = House(max_dimensions=2)
    body = json.dumps([wire_event(resolvedModel=f"model-{n}") for n in range(4)]).encode()
    assert post_batch(house, body).json["accepted"] == 4
    assert models(house) == ["model-0", "model-1", "other", "other"]
