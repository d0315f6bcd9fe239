"""An ASGI application on a socket, in this process, until told to stop: hypercorn, or uvicorn where it is installed."""

import asyncio
import logging
import socket
from pathlib import Path

from starlette.types import ASGIApp

#: how long requests in flight may take after the door is closed
GRACE_S = 3
BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening TCP socket; ``OSError`` tells the trouble before anything else is started. Port 0: any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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


async def serve(app: ASGIApp, listener: socket.socket, *, stop: asyncio.Event, server: str = "hypercorn") -> None:
    """Answer on ``listener`` until ``stop``; then finish what is in flight within ``GRACE_S``. Closes the listener."""
    try:
        await (_uvicorn if server == "uvicorn" else _hypercorn)(app, listener, stop)
    finally:
        listener.close()


async def _hypercorn(app: ASGIApp, listener: socket.socket, stop: asyncio.Event) -> None:
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]  # hypercorn closes it, first thing when it stops
    config.backlog = BACKLOG
    config.graceful_timeout = GRACE_S
    config.keep_alive_max_requests = 1_000_000
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")  # or it writes lines of its own form to stderr
    config.errorlog.setLevel(logging.WARNING)
    serving = asyncio.create_task(hypercorn_serve(app, config, shutdown_trigger=stop.wait, mode="asgi"))  # type: ignore[arg-type]
    try:
        await _until_stop(serving, stop)
        # From Python 3.12 on its end waits for every connection, also for a gateway that never finishes its request.
        await asyncio.wait({serving}, timeout=GRACE_S + 0.5)
    finally:
        serving.cancel()
    await asyncio.wait({serving})
    if not serving.cancelled():
        serving.result()


async def _until_stop(serving: "asyncio.Task[None]", stop: asyncio.Event) -> None:
    """Or until the server ends by itself."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()


async def _uvicorn(app: ASGIApp, listener: socket.socket, stop: asyncio.Event) -> None:
    import uvicorn

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        backlog=BACKLOG,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))  # serve() would take the process's signal handlers
    await _until_stop(task, stop)
    server.should_exit = True
    await task
