"""How connections end when hypercorn is told to stop. No time of its own ends them here: all are an hour."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from o11y.http import hypercorn_server
from o11y.http.limits import Limits
from o11y.http.servers import listen, serve

HOUR_S = 3600.0
ASKED = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hypercorn_server, "GRACE_S", HOUR_S)


class _Slow:
    """Answers when it may."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        await self.may.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def test_an_idle_connection_ends_at_once() -> None:
    async def scenario() -> None:
        app, stop, listener = _Slow(), asyncio.Event(), listen("127.0.0.1", 0)
        app.may.set()
        serving = asyncio.create_task(serve(app, listener, stop=stop, limits=Limits(head_s=HOUR_S)))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(ASKED)
        await reader.readuntil(b"\r\n\r\n")  # answered, and kept
        stop.set()
        assert await reader.read() == b""
        writer.close()
        await asyncio.wait_for(serving, 30)

    asyncio.run(scenario())


def test_a_request_in_flight_is_answered_before_its_connection_ends() -> None:
    async def scenario() -> None:
        app, stop, listener = _Slow(), asyncio.Event(), listen("127.0.0.1", 0)
        serving = asyncio.create_task(serve(app, listener, stop=stop, limits=Limits(head_s=HOUR_S)))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(ASKED)
        await app.asked.wait()
        stop.set()
        await asyncio.sleep(0)  # the server has its turn
        app.may.set()
        assert (await reader.read()).startswith(b"HTTP/1.1 204")
        writer.close()
        await asyncio.wait_for(serving, 30)

    asyncio.run(scenario())
