"""hypercorn's connection, in HTTP/1.1 alone, which a stranger cannot keep."""

import asyncio
from contextlib import suppress

import h11
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Request
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr

from o11y.http.request_messages import Requests

#: how long a connection that has been answered for the last time may still be sent to
LINGER_S = 2


class Connection(TCPServer):
    """Begins and stays in HTTP/1.1, and ends when it has been idle for ``config.keep_alive_timeout`` seconds.

    hypercorn watches that in a task which it starts anew after each answer. Here it is one timer, which looks at the
    time when it rings.
    """

    _lingers = False
    _idle_since: float | None = None  # of the loop's clock; ``None`` during a request
    _timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        peer = self.writer.get_extra_info("socket")
        try:
            async with Requests(self.loop) as self._task_group:
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
                self._idle()
                await self._read_data()
        except OSError:
            pass  # it went away between two steps
        finally:
            self._stop_watching()
            with suppress(OSError):
                await self._close()

    async def protocol_send(self, event: Event) -> None:
        try:
            if isinstance(event, RawData):
                await self._write(event.data)
            elif isinstance(event, Updated):
                if event.idle:
                    self._idle()
                else:
                    self._idle_since = None
            elif isinstance(event, Closed) and self.writer.can_write_eof():
                self._linger()
            else:
                await super().protocol_send(event)
        except (OSError, RuntimeError):  # such as a peer that reads nothing until the kernel gives it up
            await self.protocol.handle(Closed())

    def end_if_idle(self) -> None:
        """The server ends; a request in flight is answered first."""
        if self._idle_since is not None:
            self.writer.close()

    async def _write(self, data: bytes) -> None:
        if data:  # the end of an answer whose length was told is none
            async with self.send_lock:
                self.writer.write(data)
                await self.writer.drain()

    def _idle(self) -> None:
        """From now on, until the head of a request is complete."""
        if self._lingers:
            return
        self._idle_since = self.loop.time()
        if self.context.terminated.is_set():
            self.end_if_idle()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.config.keep_alive_timeout, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        self._timer = None
        if self._idle_since is None:
            return  # the end of the request sets it again
        until = self._idle_since + self.config.keep_alive_timeout
        if until > self.loop.time():
            self._timer = self.loop.call_at(until, self._look_at_the_time)
        else:
            self.end_if_idle()

    def _stop_watching(self) -> None:
        self._idle_since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _linger(self) -> None:
        """Say that there is no more, and close when the peer has: closing on bytes not yet read would be a reset,
        which takes the answer with it ("too large" above all comes while the peer still sends).
        """
        if not self._lingers and not self.writer.is_closing():
            self._lingers = True
            self._stop_watching()
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
        """Where hypercorn would change to WebSocket, and count requests to end a connection after many."""
        headers = list(request.headers)  # once: h11 puts each together as it is asked for
        names = {name for name, _ in headers}
        if b"transfer-encoding" in names and b"content-length" in names:
            # A proxy before us may have believed the other one: what follows could be a stranger's (RFC 9112, 6.3).
            await self._send_error_response(400)
            await self.send(Closed())
            return
        self.stream = HTTPStream(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=headers,
                http_version=request.http_version.decode(),
                method=request.method.decode("ascii").upper(),
                raw_path=request.target,
                state=self.connection_state,
            )
        )
