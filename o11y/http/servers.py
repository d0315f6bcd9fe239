"""An ASGI application on a socket, in this process, until told to stop: hypercorn, or uvicorn where it is installed."""

import asyncio
import socket
from pathlib import Path

from starlette.types import ASGIApp

#: how long requests in flight may take after the door is closed
GRACE_S = 3
BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening TCP socket; ``OSError`` names the trouble before anything else is started. Port 0: any free."""
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
    config.bind = [f"fd://{listener.fileno()}"]
    config.backlog = BACKLOG
    config.graceful_timeout = GRACE_S
    config.keep_alive_max_requests = 1_000_000
    config.include_server_header = False
    config.accesslog = None
    await hypercorn_serve(app, config, shutdown_trigger=stop.wait, mode="asgi")  # type: ignore[arg-type]


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
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    await task
