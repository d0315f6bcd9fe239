"""The doors behind either real server, with bounds so small that an attack meets them at once."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry

from o11y.http.ingest import BATCH_PATH, EVENT_PATH
from o11y.http.limits import Limits
from o11y.http.servers import listen, serve
from o11y.http.service import service
from tests.fuzz.wire import SILENCE_S, connect
from tests.http.ingest_house import House


class OpenDoor:
    """``house.rows`` are the events that were stored."""

    def __init__(self, house: House, port: int) -> None:
        self.house = house
        self.port = port

    def connect(self) -> socket.socket:
        return connect(self.port)


@contextmanager
def open_door(server: str, *, limits: Limits = Limits(), house: House | None = None) -> Iterator[OpenDoor]:  # noqa: B008
    """Yields while it listens. The server runs in a thread of its own."""
    house = house or House()
    listener = listen("127.0.0.1", 0, limits=limits)
    port = listener.getsockname()[1]
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def ready() -> dict[str, str | None]:
        return {}

    app = service({EVENT_PATH: house.door, BATCH_PATH: house.door}, readiness=ready, registry=CollectorRegistry())
    running = serve(app, listener, stop=stop, server=server, limits=limits)
    thread = threading.Thread(target=lambda: loop.run_until_complete(running), daemon=True)
    thread.start()
    try:
        yield OpenDoor(house, port)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(SILENCE_S)
        assert not thread.is_alive(), "the server does not end"
        loop.close()
