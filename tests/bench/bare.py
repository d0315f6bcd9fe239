"""The same HTTP server and less behind it: ``bare SERVER PORT [stock|validating]``.

Without a third word the application reads the body and answers 204, and the server is started as the worker starts it.
``stock`` is the same application in hypercorn's own ``serve()``. ``validating`` is the ingest door as the worker opens
it, which finds out who is posting and judges the event, in front of a spool that keeps nothing.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Sequence

import hypercorn.asyncio
from hypercorn.config import Config
from starlette.types import ASGIApp, Receive, Scope, Send

from o11y.commands.clock import utc_now
from o11y.http.client_secrets import ClientSecrets
from o11y.http.event_loop import loop_factory
from o11y.http.ingest import EVENT_PATH, IngestDoor
from o11y.http.servers import listen, serve
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.ingest import Ingest
from o11y.worker.ports import NoSink, StoredEvent
from tests.bench.program import SECRET


class Nowhere(Ingest):
    """Takes every event and keeps none."""

    def __init__(self) -> None:
        """Neither a spool nor a thread."""

    async def accept(self, events: Sequence[StoredEvent]) -> None:
        return


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def validating() -> ASGIApp:
    door = IngestDoor(
        ClientSecrets({"bench": [SECRET]}), Nowhere(), sink=NoSink(), limit=DimensionLimit(), clock=utc_now
    )

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        posted = scope["type"] == "http" and scope["path"] == EVENT_PATH
        await (door if posted else answer)(scope, receive, send)

    return dispatch


async def stock(app: ASGIApp, port: int, stop: asyncio.Event) -> None:
    """hypercorn as it comes, but for the end that it puts to a connection after 1,000 requests."""
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.accesslog = None
    config.keep_alive_max_requests = sys.maxsize
    await hypercorn.asyncio.serve(app, config, shutdown_trigger=stop.wait)  # type: ignore[arg-type]


async def main(server: str, port: int, what: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    if what == "stock":
        await stock(answer, port, stop)
    else:
        app = validating() if what == "validating" else answer
        await serve(app, listen("127.0.0.1", port), stop=stop, server=server)


if __name__ == "__main__":
    _, chosen, chosen_port, *third = sys.argv
    what_for = third[0] if third else ""
    with asyncio.Runner(loop_factory=None if what_for == "stock" else loop_factory(chosen)) as runner:
        runner.run(main(chosen, int(chosen_port), what_for))
