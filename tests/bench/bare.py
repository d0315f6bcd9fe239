"""The same HTTP server, the same way of starting it, and less behind it: ``bare SERVER PORT [validating]``.

Without a third word the application reads the body and answers 204. With it, it is the ingest door as the worker opens
it, which finds out who is posting and judges the event, in front of a spool that keeps nothing.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Sequence

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


async def main(app: ASGIApp, server: str, port: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    await serve(app, listen("127.0.0.1", port), stop=stop, server=server)


if __name__ == "__main__":
    _, chosen, port, *what = sys.argv
    with asyncio.Runner(loop_factory=loop_factory(chosen)) as runner:
        runner.run(main(validating() if what else answer, chosen, int(port)))
