"""The doors behind real servers: what a gateway sees on the wire."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from hypercorn.asyncio import serve
from hypercorn.config import Config

from o11y.http.ingest import BATCH_PATH, EVENT_PATH
from tests.http.ingest_house import JSON, House
from tests.wire_events import SECRET, wire_json

TIMEOUT_S = 20


def run_hypercorn(app: Any, port: int) -> Callable[[], None]:
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.graceful_timeout = 1
    config.loglevel = "CRITICAL"
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(serve(app, config, shutdown_trigger=stop.wait)), daemon=True
    )
    thread.start()

    def end() -> None:
        loop.call_soon_threadsafe(stop.set)
        thread.join(TIMEOUT_S)
        loop.close()

    return end


def run_uvicorn(app: Any, port: int) -> Callable[[], None]:
    config = uvicorn.Config(app, port=port, log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()

    def end() -> None:
        server.should_exit = True
        thread.join(TIMEOUT_S)

    return end


class Server:
    def __init__(self, house: House, port: int) -> None:
        self.house = house
        self.port = port

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)

    def post(self, body: Any, headers: dict[str, str] = JSON, *, path: str = EVENT_PATH) -> tuple[int, bytes]:
        connection = self.connect()
        try:
            connection.request("POST", path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def raw(self, sent: bytes, *, half_close: bool = False) -> bytes:
        """Everything that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S) as connection:
            connection.sendall(sent)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            while part := connection.recv(65536):
                received += part
            return received


@pytest.fixture(params=[run_hypercorn, run_uvicorn], ids=["hypercorn", "uvicorn"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    house = House(read_timeout_s=0.3)
    ready = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await house.door(scope, receive, send)
            return
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.startup":
                ready.set()
            else:
                return

    end = request.param(app, port)
    try:
        assert ready.wait(TIMEOUT_S)
        _await_listening(port)
        yield Server(house, port)
    finally:
        end()


def _await_listening(port: int) -> None:
    """The socket is bound shortly after the start-up event."""
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S).close()
        except ConnectionRefusedError:
            threading.Event().wait(0.01)
        else:
            return
    raise AssertionError("the server does not listen")


def request(body: bytes, *, length: int | None = None) -> bytes:
    head = f"POST {EVENT_PATH} HTTP/1.1\r\nHost: o11y\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


def test_an_event_is_stored(server: Server) -> None:
    assert server.post(wire_json()) == (204, b"")
    assert len(server.house.rows) == 1


def test_one_connection_serves_many_events_good_and_bad(server: Server) -> None:
    connection = server.connect()
    statuses = []
    for body in (wire_json(), b"{", wire_json(), wire_json(clientSecret="wrong"), wire_json()):
        connection.request("POST", EVENT_PATH, body, JSON)
        reply = connection.getresponse()
        reply.read()
        statuses.append(reply.status)
    connection.close()
    assert statuses == [204, 400, 204, 403, 204]
    assert len(server.house.rows) == 3


def test_a_chunked_body_is_taken(server: Server) -> None:
    body = wire_json()
    assert server.post(iter([body[:100], body[100:]]))[0] == 204


def test_a_chunked_body_over_the_limit_is_a_413(server: Server) -> None:
    head = f"POST {EVENT_PATH} HTTP/1.1\r\nHost: o11y\r\nContent-Type: application/json\r\n"
    head += "Transfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(head.encode() + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 4 + b"1\r\n \r\n")
        assert b" 413 " in connection.recv(65536).partition(b"\r\n")[0]


def test_a_length_declared_over_the_limit_is_a_413_at_once(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(request(b"{", length=300_000))
        assert b" 413 " in connection.recv(65536).partition(b"\r\n")[0]


def test_a_length_longer_than_the_body_is_a_408_and_stores_nothing(server: Server) -> None:
    assert b" 408 " in server.raw(request(wire_json(), length=5_000)).partition(b"\r\n")[0]
    assert server.house.rows == []


def test_a_connection_cut_in_the_body_stores_nothing_and_harms_nobody(server: Server) -> None:
    received = server.raw(request(wire_json(), length=5_000), half_close=True)
    assert b" 204 " not in received
    assert b" 500 " not in received
    assert server.post(wire_json())[0] == 204
    assert len(server.house.rows) == 1


def test_a_length_shorter_than_the_body_is_a_400(server: Server) -> None:
    body = wire_json()
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(request(body, length=len(body) - 10))
        assert b" 400 " in connection.recv(65536).partition(b"\r\n")[0]
    assert server.house.rows == []


@pytest.mark.parametrize("length", [b"-1", b"abc", b"1, 2", b"0x10"])
def test_a_length_that_is_none_is_a_400_of_the_server(server: Server, length: bytes) -> None:
    received = server.raw(request(b"{}", length=0).replace(b"Length: 0", b"Length: " + length))
    assert b" 400 " in received.partition(b"\r\n")[0]


def test_many_gateways_at_once_are_each_answered(server: Server) -> None:
    statuses: list[int] = []

    def gateway() -> None:
        statuses.extend(server.post(wire_json())[0] for _ in range(5))

    threads = [threading.Thread(target=gateway) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [204] * 60
    assert len(server.house.rows) == 60


def test_a_batch_of_a_thousand_goes_through(server: Server) -> None:
    headers = {"content-type": "application/x-ndjson", "authorization": f"Bearer {SECRET}"}
    status, body = server.post(b"\n".join([wire_json()] * 1000), headers, path=BATCH_PATH)
    assert (status, json.loads(body)) == (200, {"accepted": 1000, "rejected": []})
    assert len(server.house.rows) == 1000


def test_a_method_that_is_not_post_is_a_405(server: Server) -> None:
    connection = server.connect()
    connection.request("GET", EVENT_PATH)
    reply = connection.getresponse()
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")
    connection.close()
