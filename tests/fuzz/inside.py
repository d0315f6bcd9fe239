"""Every door in this process, on a real spool: no socket, so that a hundred thousand inputs take minutes."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from o11y.adapters.spool.sqlite_spool import SqliteSpool
from o11y.http.client_secrets import ClientSecrets
from o11y.http.ingest import BATCH_PATH, EVENT_PATH, IngestDoor
from o11y.http.service import service
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.ingest import Ingest
from o11y.worker.ports import StoredEvent
from tests.builders import NOW
from tests.fuzz.oracle import Acknowledged, judge
from tests.fuzz.shot import Shot
from tests.http.ingest_house import FakeSink
from tests.wire_events import SECRET


class WatchedSpool(SqliteSpool):
    """``appended``: what the latest request brought here, repeats included."""

    appended: tuple[StoredEvent, ...] = ()

    def append(self, events: Sequence[StoredEvent], *, now: datetime) -> int:
        self.appended += tuple(events)
        return super().append(events, now=now)


class Inside:
    """``fire`` sends one shot, judges its answer, and compares what it acknowledges with what went to the spool."""

    def __init__(self, folder: Path) -> None:
        self._spool = WatchedSpool.open(folder / "spool.sqlite", max_bytes=8 * 1024**3, now=NOW)
        self._ingest = Ingest(self._spool, clock=lambda: NOW)
        self._sink = FakeSink()
        door = IngestDoor(
            ClientSecrets({"gateway": [SECRET]}),
            self._ingest,
            sink=self._sink,
            limit=DimensionLimit(2_000),
            clock=lambda: NOW,
        )

        async def ready() -> dict[str, str | None]:
            return {"spool": None}

        doors: dict[str, Any] = {EVENT_PATH: door, BATCH_PATH: door}
        self._app = service(doors, readiness=ready, registry=CollectorRegistry())

    async def fire(self, shot: Shot) -> tuple[int, Acknowledged]:
        """The status, and what was acknowledged. ``AssertionError`` where a promise broke."""
        self._spool.appended = ()
        self._sink.captured.clear()
        status, headers, body = await self._call(shot)
        acknowledged = judge(shot, status, headers, body)
        appended = self._spool.appended
        assert len(appended) == acknowledged.count, f"{acknowledged.count} acknowledged, {len(appended)} stored"
        assert len(self._sink.captured) == acknowledged.count
        for event, stored in zip(acknowledged.events or (), appended, strict=False):
            assert event.event_id in (None, str(stored.event_id)), "another event was stored"
        return status, acknowledged

    async def _call(self, shot: Shot) -> tuple[int, dict[str, str], bytes]:
        sent: list[dict[str, Any]] = []
        pieces = shot.pieces()
        messages = [
            {"type": "http.request", "body": piece, "more_body": index < len(pieces) - 1}
            for index, piece in enumerate(pieces)
        ]
        path, _, query = shot.path.partition("?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": shot.method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in shot.headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }

        async def receive() -> dict[str, Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        start, *bodies = sent
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return start["status"], headers, b"".join(part.get("body", b"") for part in bodies)

    async def close(self) -> Counter[str]:
        """What is in the spool: event id -> how often."""
        await self._ingest.close()
        self._spool.seal_all()
        found: Counter[str] = Counter()
        while batch := self._spool.next_batch(now=NOW + timedelta(minutes=1)):
            found.update(json.loads(line)["event_id"] for line in batch.rows.splitlines())
            self._spool.shipped(batch.batch_id)
        self._spool.close()
        return found
