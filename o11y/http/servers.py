"""An ASGI application on a socket, in this process, until told to stop: hypercorn, or uvicorn where it is installed."""

import asyncio
import socket
import ssl
from pathlib import Path

from starlette.types import ASGIApp

from o11y.http.limits import BACKLOG, Limits


def listen(host: str, port: int, *, limits: Limits = Limits()) -> socket.socket:  # noqa: B008 - frozen
    """A bound, listening TCP socket; ``OSError`` tells the trouble before anything else is started. Port 0: any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it. asyncio sets it on sockets that say they are TCP, which accepted ones do not; without it
    # the body of an answer waits for the acknowledgement of its head, 40 ms on a connection that is kept.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Connections inherit it: the kernel ends those whose peer reads nothing, which neither server would do.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(limits.unread_s * 1000))
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def listen_unix(path: Path) -> socket.socket:
    """A unix socket that only its owner may use; replaces one left behind (the data folder's lock says it is ours)."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(16)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


async def serve(
    app: ASGIApp,
    listener: socket.socket,
    *,
    stop: asyncio.Event,
    server: str = "hypercorn",
    limits: Limits = Limits(),  # noqa: B008 - frozen
    tls: ssl.SSLContext | None = None,
) -> None:
    """Answer on ``listener`` until ``stop``; then finish what is in flight within a few seconds. Closes the listener.

    HTTP/1.1 only: what o11y serves gains nothing from HTTP/2, and each protocol more is one more to defend.
    """
    limits = limits.within_descriptors()
    try:
        if server == "uvicorn":
            from o11y.http import uvicorn_server

            await uvicorn_server.run(app, listener, stop=stop, limits=limits, tls=tls)
        else:
            from o11y.http import hypercorn_server

            await hypercorn_server.run(app, listener, stop=stop, limits=limits, tls=tls)
    finally:
        listener.close()
