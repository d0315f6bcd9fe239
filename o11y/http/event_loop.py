"""Which event loop a server runs best on."""

import asyncio
from collections.abc import Callable


def loop_factory(server: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop for uvicorn, where it is installed: a tenth less CPU a request. ``None``: asyncio's own.

    Under hypercorn it saves as much, but with some hundreds of connections the slowest answers take longer.
    """
    if server != "uvicorn":
        return None
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
