"""The road between a worker and its servers does what a network's faults do."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.http_stand_in import closed_url
from tests.program.relay import Relay


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        yield listener


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def connect(road: Relay) -> socket.socket:
    parts = urlsplit(road.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def test_what_is_sent_over_a_frozen_road_arrives_after_the_thaw(server: socket.socket) -> None:
    with Relay(url_of(server)) as road, connect(road) as near:
        far, _ = server.accept()
        with far:
            far.settimeout(10)
            near.sendall(b"before")
            assert far.recv(100) == b"before"
            road.freeze()
            near.sendall(b"after")
            far.settimeout(0.05)
            with pytest.raises(TimeoutError):
                far.recv(100)
            far.settimeout(10)
            road.thaw()
            assert far.recv(100) == b"after"


def test_a_closed_road_cuts_and_refuses_and_opens_again_at_the_same_place(server: socket.socket) -> None:
    with Relay(url_of(server)) as road:
        url = road.url
        with connect(road) as near:
            far, _ = server.accept()
            road.close()
            assert near.recv(100) == b""
            far.close()
        with pytest.raises(ConnectionRefusedError):
            connect(road)
        road.open()
        assert road.url == url
        with connect(road) as near:
            far, _ = server.accept()
            near.sendall(b"again")
            assert far.recv(100) == b"again"
            far.close()


def test_a_frozen_road_can_be_closed(server: socket.socket) -> None:
    with Relay(url_of(server)) as road, connect(road) as near:
        far, _ = server.accept()
        with far:
            road.freeze()
            near.sendall(b"never")
            road.close()
            assert far.recv(100) == b""


def test_a_server_that_is_away_ends_the_connection_and_not_the_road(server: socket.socket) -> None:
    with Relay(closed_url()) as road:
        for _ in range(2):
            with connect(road) as near:
                assert near.recv(100) == b""


def test_a_road_leads_to_a_unix_socket_too(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with Relay(f"unix://{path}") as road, connect(road) as near:
            assert road.url.startswith("redis://127.0.0.1:")
            far, _ = server.accept()
            with far:
                near.sendall(b"ping")
                assert far.recv(100) == b"ping"
