"""hypercorn without what a stranger could use against it.

Its own ``serve()`` has no bound on connections, lets an HTTP/2 or WebSocket connection be silent for ever, and takes
a request whose two lengths contradict each other. So the accepting is done here, and each connection is hypercorn's
with HTTP/1.1 alone.
"""

import asyncio
import logging
import socket
import ssl
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

import h11
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from o11y.http.limits import BACKLOG, Limits

log = logging.getLogger(__name__)

#: how long requests in flight may take after the door is closed
GRACE_S = 3
#: how long a connection that has been answered for the last time may still be sent to
LINGER_S = 2
#: hypercorn's way to say that a connection has no other end than the one that its peer or its idle time puts to it
_MANY_REQUESTS = 2**31


async def run(
    app: ASGIApp, listener: socket.socket, *, stop: asyncio.Event, limits: Limits, tls: ssl.SSLContext | None
) -> None:
    """Until ``stop``; requests in flight then have ``GRACE_S``."""
    loop = asyncio.get_running_loop()
    config, context = _config(limits), WorkerContext(None)
    wrapped = ASGIWrapper(_dropping_unread(app))  # type: ignore[arg-type]
    open_now: set[asyncio.Task[None]] = set()

    async def connected(reader: StreamReader, writer: StreamWriter) -> None:
        if len(open_now) >= limits.connections:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: asyncio runs this in a task
        open_now.add(task)
        try:
            await _Connection(wrapped, loop, config, context, {}, reader, writer)
        finally:
            open_now.discard(task)

    handshake_s = limits.head_s if tls else None
    server = await asyncio.start_server(
        connected, sock=listener, backlog=BACKLOG, ssl=tls, ssl_handshake_timeout=handshake_s
    )
    try:
        await stop.wait()
    finally:
        server.close()
        await context.terminated.set()  # idle connections end now, the others after their answer
        if open_now:
            _, late = await asyncio.wait(set(open_now), timeout=GRACE_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=GRACE_S)


def _config(limits: Limits) -> Config:
    config = Config()
    config.keep_alive_timeout = limits.head_s
    config.keep_alive_max_requests = _MANY_REQUESTS
    config.h11_max_incomplete_size = limits.head_bytes
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")  # or it writes lines of its own form to stderr
    config.errorlog.setLevel(logging.WARNING)
    return config


class _Connection(TCPServer):
    """hypercorn's connection, which begins and stays in HTTP/1.1."""

    _lingers = False

    async def run(self) -> None:
        peer = self.writer.get_extra_info("socket")
        try:
            async with TaskGroup(self.loop) as self._task_group:
                self.protocol = _Http11(  # type: ignore[assignment]  # the wrapper only chooses between protocols
                    self.app,
                    self.config,
                    self.context,
                    self._task_group,
                    ConnectionState(self.state),
                    self.writer.get_extra_info("ssl_object") is not None,
                    parse_socket_addr(peer.family, peer.getpeername()),
                    parse_socket_addr(peer.family, peer.getsockname()),
                    self.protocol_send,
                )
                await self.idle_task.restart(self._task_group, self._idle_timeout)
                await self._read_data()
        except OSError:
            pass  # it went away between two steps
        finally:
            with suppress(OSError):
                await self._close()

    async def protocol_send(self, event: Event) -> None:
        try:
            if isinstance(event, Closed) and self.writer.can_write_eof():
                await self._linger()
            else:
                await super().protocol_send(event)
        except OSError:  # such as a peer that reads nothing until the kernel gives it up
            await self.protocol.handle(Closed())

    async def _linger(self) -> None:
        """Say that there is no more, and close when the peer has: closing on bytes not yet read would be a reset,
        which takes the answer with it ("too large" above all comes while the peer still sends).
        """
        if not self._lingers and not self.writer.is_closing():
            self._lingers = True
            await self.idle_task.stop()
            self.writer.write_eof()
            self.loop.call_later(LINGER_S, self.writer.close)

    async def _read_data(self) -> None:
        while not self.reader.at_eof():
            try:
                data = await self.reader.read(MAX_RECV)
            except OSError:
                break
            if not self._lingers:
                await self.protocol.handle(RawData(data))
        await self.protocol.handle(Closed())


class _Http11(H11Protocol):
    async def _check_protocol(self, event: h11.Request) -> None:
        """Where hypercorn would change to HTTP/2."""

    async def _create_stream(self, request: h11.Request) -> None:
        names = {name for name, _ in request.headers}
        if b"transfer-encoding" in names and b"content-length" in names:
            # A proxy before us may have believed the other one: what follows could be a stranger's (RFC 9112, 6.3).
            await self._send_error_response(400)
            await self.send(Closed())
            return
        if b"upgrade" in names:  # where hypercorn would change to WebSocket
            kept = [(name, value) for name, value in request.headers if name != b"upgrade"]
            request = h11.Request(
                method=request.method, target=request.target, headers=kept, http_version=request.http_version
            )
        await super()._create_stream(request)


def _dropping_unread(app: ASGIApp) -> ASGIApp:
    """``app``, with the unread rest of a body dropped while its answer is sent.

    hypercorn queues ten parts of a body and then waits for the application to read one. An answer that comes before
    the body has been read would wait with it, for ever, and the connection stay.
    """

    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        unread = True

        async def read() -> Message:
            nonlocal unread
            message = await receive()
            unread = message.get("more_body", False)
            return message

        async def answer(message: Message) -> None:
            if not unread or message["type"] != "http.response.body" or message.get("more_body", False):
                await send(message)
                return
            dropping = asyncio.create_task(_drop(receive))
            try:
                await send(message)
            finally:
                dropping.cancel()

        await app(scope, read, answer)

    return reading


async def _drop(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
