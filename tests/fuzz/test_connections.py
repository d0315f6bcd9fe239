"""Attacks on connections: those that say nothing, say it slowly, are too many, or do not read."""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import repeat

import pytest

from o11y.http.ingest import EVENT_PATH
from o11y.http.limits import Limits
from tests.fuzz.open_door import OpenDoor, open_door
from tests.fuzz.wire import answers, exchange
from tests.http.ingest_house import House
from tests.wire_events import wire_json

HURRIED = Limits(connections=1_200, head_s=0.3)
PATIENT = Limits(connections=1_200, head_s=60)
HEAD = f"POST {EVENT_PATH} HTTP/1.1\r\nHost: o11y\r\nContent-Type: application/json\r\n".encode()


@pytest.fixture(params=["hypercorn", "uvicorn"])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def hurried(server: str) -> Iterator[OpenDoor]:
    with open_door(server, limits=HURRIED, house=House(read_timeout_s=0.3)) as door:
        yield door


def event() -> bytes:
    body = wire_json()
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def served(door: OpenDoor) -> bool:
    with door.connect() as connection:
        connection.sendall(event())
        return connection.recv(100).startswith(b"HTTP/1.1 204")


def drip(connection: socket.socket, pieces: Iterator[bytes]) -> bytes:
    """One piece after the other, until the server closes; what it said."""
    received = b""
    try:
        for piece in pieces:
            connection.sendall(piece)
            if select.select([connection], [], [], 0.02)[0]:
                part = connection.recv(65_536)
                if not part:
                    return received
                received += part
    except (ConnectionResetError, BrokenPipeError):
        return received
    raise AssertionError("the server let all of it drip")


def test_a_connection_that_says_nothing_is_closed(hurried: OpenDoor) -> None:
    with hurried.connect() as connection:
        assert connection.recv(1) == b""


def test_a_head_that_drips_is_cut_though_no_byte_is_late(hurried: OpenDoor) -> None:
    with hurried.connect() as connection:
        assert b"HTTP/1.1 2" not in drip(connection, repeat(b"a", 3_000))
    assert served(hurried)


def test_the_head_of_the_second_request_has_no_more_time_than_the_first(hurried: OpenDoor) -> None:
    with hurried.connect() as connection:
        connection.sendall(event())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 204")
        assert b"HTTP/1.1 2" not in drip(connection, repeat(b"a", 3_000))


def test_a_body_that_drips_is_a_408(hurried: OpenDoor) -> None:
    with hurried.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
        assert drip(connection, repeat(b" ", 3_000)).startswith(b"HTTP/1.1 408")
    assert hurried.house.rows == []


def test_a_body_that_goes_on_after_its_answer_holds_no_connection(hurried: OpenDoor) -> None:
    with hurried.connect() as connection:
        connection.sendall(HEAD + b"Authorization: Bearer wrong\r\nContent-Length: 100000\r\n\r\n")
        assert drip(connection, repeat(b" ", 3_000)).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("path", [EVENT_PATH, "/healthz", "/nothing"])
def test_an_answer_before_the_end_of_a_body_in_many_chunks_ends_the_connection(hurried: OpenDoor, path: str) -> None:
    head = HEAD.replace(EVENT_PATH.encode(), path.encode()) + b"Authorization: Bearer wrong\r\n"
    with hurried.connect() as connection:
        received = exchange(connection, head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 500)
    assert [answer.status // 100 for answer in answers(received)] == [4]
    assert served(hurried)


def test_one_connection_more_than_allowed_is_closed_and_the_others_are_not(server: str) -> None:
    with open_door(server, limits=Limits(connections=3)) as door, ExitStack() as held:
        kept = [held.enter_context(door.connect()) for _ in range(3)]
        with door.connect() as refused:
            assert _ended(refused)
        for connection in kept:
            connection.sendall(event())
            assert connection.recv(100).startswith(b"HTTP/1.1 204")


def _ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_thousand_silent_connections_keep_nobody_from_being_served(server: str) -> None:
    with open_door(server, limits=PATIENT) as door, ExitStack() as held:
        silent = [held.enter_context(door.connect()) for _ in range(1_000)]
        assert served(door)
        silent[0].sendall(event())  # they were not refused either
        assert silent[0].recv(100).startswith(b"HTTP/1.1 204")


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the kernel has no such bound")
def test_a_peer_that_reads_no_answer_loses_its_connection(server: str, caplog: pytest.LogCaptureFixture) -> None:
    head = HEAD.replace(b"application/json", b"application/x-ndjson").replace(b"metrics", b"metrics/batch")
    refused = b"0\n" * 100_000  # 2.6 MB of answer
    with open_door(server, limits=Limits(unread_s=0.3)) as door, door.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.sendall((head + b"Content-Length: %d\r\n\r\n" % len(refused) + refused) * 3)
        connection.settimeout(0.05)
        with pytest.raises(ConnectionError):
            until_refused(connection)
        assert served(door)
        assert caplog.records == []


def until_refused(connection: socket.socket) -> None:
    """A peer that the kernel has given up is told so when it sends again."""
    for _ in range(1_000):
        with suppress(TimeoutError):  # the buffers are full on both sides
            connection.send(b" ")
            select.select([], [], [], 0.02)


def test_there_are_never_more_connections_than_file_descriptors_for_them() -> None:
    assert Limits(connections=10).within_descriptors().connections == 10
    assert Limits(connections=2**40).within_descriptors().connections < 2**40
