"""hypercorn without what a stranger could use against it.

Its own ``serve()`` has no bound on connections, lets an HTTP/2 or WebSocket connection be silent for ever, and takes
a request whose two lengths contradict each other. So the accepting is done here, and each connection is hypercorn's
with HTTP/1.1 alone.
"""

import asyncio
import logging
import socket
import ssl
import time
from asyncio import StreamReader, StreamWriter

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from starlette.types import ASGIApp

from o11y.http.hypercorn_connection import Connection
from o11y.http.limits import BACKLOG, Limits

log = logging.getLogger(__name__)

#: how long requests in flight may take after the door is closed
GRACE_S = 3


async def run(
    app: ASGIApp, listener: socket.socket, *, stop: asyncio.Event, limits: Limits, tls: ssl.SSLContext | None
) -> None:
    """Until ``stop``; requests in flight then have ``GRACE_S``."""
    loop = asyncio.get_running_loop()
    config, context = _config(limits), WorkerContext(None)
    open_now: dict[asyncio.Task[None], Connection] = {}

    async def connected(reader: StreamReader, writer: StreamWriter) -> None:
        if len(open_now) >= limits.connections:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: asyncio runs this in a task
        open_now[task] = Connection(app, loop, config, context, {}, reader, writer)  # type: ignore[arg-type]
        try:
            await open_now[task]
        finally:
            del open_now[task]

    handshake_s = limits.head_s if tls else None
    server = await asyncio.start_server(
        connected, sock=listener, backlog=BACKLOG, ssl=tls, ssl_handshake_timeout=handshake_s
    )
    try:
        await stop.wait()
    finally:
        server.close()
        await context.terminated.set()  # connections in use end after their answer, and the others now
        for connection in open_now.values():
            connection.end_if_idle()
        if open_now:
            _, late = await asyncio.wait(set(open_now), timeout=GRACE_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=GRACE_S)


def _config(limits: Limits) -> Config:
    config = _Config()
    config.keep_alive_timeout = limits.head_s
    config.h11_max_incomplete_size = limits.head_bytes
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")  # or it writes lines of its own form to stderr
    config.errorlog.setLevel(logging.WARNING)
    return config


class _Config(Config):
    """With headers that are put together once a second, not for each answer."""

    _headers: list[tuple[bytes, bytes]] = []  # noqa: RUF012 - hypercorn's settings are the same
    _second = -1

    def response_headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        second = int(time.time())
        if second != self._second:
            self._second, self._headers = second, super().response_headers(protocol)
        return self._headers
