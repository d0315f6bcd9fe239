"""uvicorn without what a stranger could use against it.

By itself it waits for ever for the head of a request, takes one of any size, and has no bound on connections but one
that answers in its own words.
"""

import asyncio
import logging
import socket
import ssl
from asyncio import TimerHandle, Transport
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from o11y.http.limits import BACKLOG, Limits

#: how long requests in flight may take after the door is closed
GRACE_S = 3


async def run(
    app: ASGIApp, listener: socket.socket, *, stop: asyncio.Event, limits: Limits, tls: ssl.SSLContext | None
) -> None:
    """Until ``stop``; requests in flight then have ``GRACE_S``."""
    config = uvicorn.Config(
        app,
        http=partial(GuardedProtocol, limits=limits),  # type: ignore[arg-type]  # it is only ever called
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="off",
        backlog=BACKLOG,
        server_header=False,
        proxy_headers=False,  # nobody here asks who called, and each request would pay for the answer
        timeout_keep_alive=limits.head_s,  # type: ignore[arg-type]  # it only ever waits for it
        timeout_graceful_shutdown=GRACE_S,
    )
    # Its warnings are about what a stranger sent, one for each request: a way to fill the disk.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    config.load()
    config.ssl = tls
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))  # serve() would take the process's signal handlers
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
    await serving


class GuardedProtocol(HttpToolsProtocol):
    """A connection with bounds: on how many there are, and on the time and the size of a request's head."""

    def __init__(self, *arguments: Any, limits: Limits, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._limits = limits
        self._head_due: TimerHandle | None = None
        self._barren = 0  # bytes since the last complete head or part of a body
        self._fruit = 0  # complete heads and parts of bodies

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            transport.abort()
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self._fruit
        super().data_received(data)
        self._barren = 0 if self._fruit != before else self._barren + len(data)
        if self.transport.is_closing():
            return
        if self._barren > self._limits.head_bytes:
            self.send_400_response("The head of the request is too long.")
        elif self._head_due is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_head()  # of the next request, or the end of a body that was answered before it was there

    def on_headers_complete(self) -> None:
        self._fruit += 1
        self._head_came()
        super().on_headers_complete()
        self.headers = []  # for trailers, which would else be headers of the request: a proxy lets them pass unseen

    def on_body(self, body: bytes) -> None:
        self._fruit += 1
        super().on_body(body)

    def _expect_head(self) -> None:
        self._head_due = self.loop.call_later(self._limits.head_s, self.transport.close)

    def _head_came(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None
