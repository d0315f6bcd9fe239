"""The dashboard behind the real servers: what a browser sees on the wire."""

import asyncio
import http.client
import threading
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from o11y.http.servers import listen, serve
from tests.web.dashboard_house import EDITOR
from tests.web.sheet import sheet_house

TIMEOUT_S = 20


@pytest.fixture(params=["hypercorn", "uvicorn"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    listener = listen("127.0.0.1", 0)
    port = int(listener.getsockname()[1])
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    serving = serve(sheet_house().application, listener, stop=stop, server=request.param)
    thread = threading.Thread(target=lambda: loop.run_until_complete(serving), daemon=True)
    thread.start()
    yield port
    loop.call_soon_threadsafe(stop.set)
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    loop.close()


class Wire:
    """One connection, with its cookies."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, None if form is None else urlencode(form), headers)
        reply = self._connection.getresponse()
        body = reply.read()
        for line in reply.headers.get_all("set-cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return reply, body

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def wire(port: int) -> Iterator[Wire]:
    wire = Wire(port)
    yield wire
    wire.close()


def csrf_of(body: bytes) -> str:
    return body.decode().partition('name="csrf" value="')[2].partition('"')[0]


def signed_in(wire: Wire) -> None:
    _, body = wire.ask("GET", "/sign-in")
    reply, _ = wire.ask("POST", "/sign-in", {"token": EDITOR, "next": "/", "csrf": csrf_of(body)})
    assert (reply.status, reply.headers["location"]) == (303, "/")


def test_one_connection_signs_in_looks_changes_and_signs_out(wire: Wire) -> None:
    assert wire.ask("GET", "/")[0].status == 303
    signed_in(wire)
    reply, body = wire.ask("GET", "/")
    assert reply.status == 200
    assert "default-src 'none'" in (reply.headers["content-security-policy"] or "")
    assert wire.ask("POST", "/change", {"word": "hello", "csrf": csrf_of(body)})[0].status == 303
    _, body = wire.ask("GET", "/")
    assert b"ann said hello" in body
    assert wire.ask("POST", "/sign-out", {"csrf": csrf_of(body)})[0].headers["location"] == "/sign-in"
    assert wire.ask("GET", "/")[0].status == 303


def test_a_path_arrives_as_it_was_sent(wire: Wire) -> None:
    reply, _ = wire.ask("GET", "/%2e%2e/%2F%2Fevil.test")
    assert reply.status == 404
    reply, _ = wire.ask("GET", "/numbers%2F")
    assert reply.status == 404


def test_a_head_has_no_body_and_leaves_the_connection_usable(wire: Wire) -> None:
    signed_in(wire)
    reply, body = wire.ask("HEAD", "/")
    assert (reply.status, body) == (200, b"")
    assert int(reply.headers["content-length"] or 0) > 1_000
    assert wire.ask("GET", "/")[0].status == 200


def test_a_file_comes_packed_to_who_takes_it(wire: Wire) -> None:
    reply, body = wire.ask("GET", "/static/x/o11y.js")
    assert (reply.status, int(reply.headers["content-length"] or 0)) == (200, len(body))
