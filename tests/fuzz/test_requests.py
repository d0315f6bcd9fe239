"""Attacks by the bytes of requests: floods of headers, contradicting lengths, other protocols, many at once."""

from collections.abc import Iterator

import pytest

from o11y.http.ingest import EVENT_PATH
from o11y.http.limits import Limits
from tests.fuzz.open_door import OpenDoor, open_door
from tests.fuzz.wire import Answer, answers, exchange
from tests.http.ingest_house import House
from tests.wire_events import SECRET, wire_json

HEAD = f"POST {EVENT_PATH} HTTP/1.1\r\nHost: o11y\r\nContent-Type: application/json\r\n".encode()
BODY = wire_json()
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%s\r\n" % (len(BODY), BODY)
EVENT = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


@pytest.fixture(params=["hypercorn", "uvicorn"])
def door(request: pytest.FixtureRequest) -> Iterator[OpenDoor]:
    with open_door(request.param, limits=Limits(head_s=0.3), house=House(read_timeout_s=0.3)) as opened:
        yield opened


def ask(door: OpenDoor, sent: bytes) -> list[Answer]:
    """All answers until the server closes."""
    with door.connect() as connection:
        return answers(exchange(connection, sent))


def statuses(door: OpenDoor, sent: bytes) -> list[int]:
    return [answer.status for answer in ask(door, sent)]


def served(door: OpenDoor) -> bool:
    return statuses(door, EVENT) == [204]


@pytest.mark.parametrize(
    "flood",
    [
        HEAD + b"X: " + b"a" * 1_000_000 + b"\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"a: b\r\n" * 200_000 + b"Content-Length: 0\r\n\r\n",
        b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: o11y\r\n\r\n",
        HEAD + CHUNKED + b"0\r\n" + b"a: b\r\n" * 200_000 + b"\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"a" * 1_000_000 + b"\r\nhello\r\n0\r\n\r\n",
        b"\x16\x03\x01" + b"\xff" * 1_000_000,
    ],
    ids=["one long header", "many headers", "a long path", "many trailers", "a long chunk extension", "no HTTP at all"],
)
def test_a_flood_outside_of_bodies_is_refused_and_the_connection_closed(door: OpenDoor, flood: bytes) -> None:
    with door.connect() as connection:
        received = exchange(connection, flood)  # ends when the server closes; the answer may be lost with it
    assert all(answer.status in (400, 431) for answer in answers(received))
    assert door.house.rows == []
    assert served(door)


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 3\r\n" + CHUNKED + b"0\r\n\r\n",
        b"Content-Length: 3\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
        b"Content-Length: 3, %d\r\n\r\n" % len(BODY) + BODY,
        b"Content-Length: -1\r\n\r\n" + BODY,
        b"Content-Length: +5\r\n\r\n" + BODY,
        b"Content-Length: \xb2\r\n\r\n" + BODY,
        b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n" + BODY,
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: identity\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n",
        b"X: a\x00b\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
    ],
)
def test_a_body_whose_length_is_in_doubt_is_refused_and_nothing_behind_it_is_heard(
    door: OpenDoor, framing: bytes
) -> None:
    found = statuses(door, HEAD + framing + EVENT)
    assert len(found) == 1
    assert found[0] in (400, 501)
    assert door.house.rows == []


def test_pipelined_requests_are_answered_in_their_order(door: OpenDoor) -> None:
    bad = HEAD + b"Content-Length: 1\r\n\r\n{"
    wrong = HEAD + b"Authorization: Bearer wrong\r\nContent-Length: 0\r\n\r\n"
    page = b"GET /healthz HTTP/1.1\r\nHost: o11y\r\n\r\n"
    assert statuses(door, (EVENT + bad + page + wrong) * 25) == [204, 400, 200, 403] * 25
    assert len(door.house.rows) == 25


def test_a_secret_among_the_trailers_opens_no_door(door: OpenDoor) -> None:
    body = wire_json(clientSecret=...)
    sent = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n" % (len(body), body)
    assert statuses(door, HEAD + sent + b"Authorization: Bearer " + SECRET.encode() + b"\r\n\r\n") == [403]
    assert door.house.rows == []


def test_http_2_is_not_spoken(door: OpenDoor) -> None:
    with door.connect() as connection:
        settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
        received = exchange(connection, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings)
    assert all(answer.status in (400, 404) for answer in answers(received))


@pytest.mark.parametrize(
    "upgrade",
    [
        b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
        b"Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n",
    ],
)
def test_an_upgrade_to_another_protocol_is_answered_as_if_it_had_not_been_asked_for(
    door: OpenDoor, upgrade: bytes
) -> None:
    (answer,) = ask(door, b"GET /healthz HTTP/1.1\r\nHost: o11y\r\n" + upgrade + b"\r\n")
    assert (answer.status, answer.body) == (200, b"ok\n")


def test_a_redirect_never_repeats_the_host_that_was_asked_for(door: OpenDoor) -> None:
    (answer,) = ask(door, b"GET /healthz/ HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert answer.status == 404


def test_what_a_stranger_sends_is_not_a_line_in_the_log(door: OpenDoor, caplog: pytest.LogCaptureFixture) -> None:
    for sent in (b"\x00\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", HEAD + b"Content-Length: -1\r\n\r\n", EVENT[:-5]):
        ask(door, sent)
    assert served(door)
    assert caplog.records == []
