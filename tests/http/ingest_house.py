"""An ingest door with everything behind it but the disk, and a way to call it without a socket."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from o11y.events import AcceptedEvent
from o11y.http.client_secrets import ClientSecrets
from o11y.http.ingest import EVENT_PATH, Answered, IngestDoor
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.ingest import Ingest
from tests.builders import NOW
from tests.fakes_spool import FakeSpool
from tests.wire_events import SECRET

JSON = {"content-type": "application/json"}


@dataclass
class FakeSink:
    captured: list[tuple[str, AcceptedEvent]] = field(default_factory=list)

    def capture(self, client: str, event: AcceptedEvent) -> None:
        self.captured.append((client, event))

    async def close(self) -> None:
        pass


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class House:
    """``rows`` are what is durable; options go to the door."""

    def __init__(self, *, max_dimensions: int = 2000, **options: Any) -> None:
        self.spool = FakeSpool()
        self.sink = FakeSink()
        self.observed: list[Answered] = []
        self.ingest = Ingest(self.spool, clock=lambda: NOW)
        self.door = IngestDoor(
            ClientSecrets({"gateway": [SECRET, "next"], "second": ["other-secret"]}),
            self.ingest,
            sink=self.sink,
            limit=DimensionLimit(max_dimensions),
            clock=lambda: NOW,
            observe=self.observed.append,
            **options,
        )

    @property
    def rows(self) -> list[dict[str, Any]]:
        self.spool.seal_all()
        found: list[dict[str, Any]] = []
        while batch := self.spool.next_batch(now=NOW):
            found += [json.loads(line) for line in batch.rows.splitlines()]
            self.spool.shipped(batch.batch_id)
        return found

    async def post(
        self,
        body: bytes | Iterable[dict[str, Any]] = b"",
        headers: dict[str, str] | None = None,
        *,
        path: str = EVENT_PATH,
        method: str = "POST",
    ) -> Reply | None:
        """``body`` may be the ASGI messages themselves. ``None``: the door gave no answer."""
        sent: list[dict[str, Any]] = []
        messages = iter([{"type": "http.request", "body": body}] if isinstance(body, bytes) else body)

        async def receive() -> dict[str, Any]:
            message = next(messages)
            if message["type"] == "silence":
                await asyncio.get_running_loop().create_future()
            return message

        async def send(message: Any) -> None:
            sent.append(message)

        raw = [(name.encode(), value.encode()) for name, value in (JSON if headers is None else headers).items()]
        scope = {"type": "http", "method": method, "path": path, "headers": raw}
        await self.door(scope, receive, send)
        if not sent:
            return None
        start, end = sent
        shown = {name.decode(): value.decode() for name, value in start["headers"]}
        return Reply(start["status"], shown, end["body"])
