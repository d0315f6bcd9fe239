"""The story up to its present, in a data folder: posted through the door, evaluated minute after minute, told to Slack.

A process of its own, since an engine folder belongs to one: settings from the environment, as ``o11y`` itself, and
the story's present on stdout. ``--dimensions N``: N models instead, and nobody is told of them.
"""

import argparse
import asyncio
import http.client
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import chdb
from prometheus_client import CollectorRegistry

from o11y.app import Worker, assemble, objectives_of
from o11y.http.client_secrets import ClientSecrets
from o11y.http.ingest import BATCH_PATH, IngestDoor
from o11y.http.servers import listen, serve
from o11y.http.service import service
from o11y.metrics import Metrics
from o11y.receivers import notifiers_of
from o11y.settings import Settings, load_settings
from o11y.stores import Stores, open_stores
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.ingest import Ingest
from o11y.worker.ports import NoSink
from tests.browser.past_requests import fill_many, fill_past
from tests.browser.story import ACKNOWLEDGED_BY, CLIENTS, FIRING, MINUTE, PAST, SLOW, sent_in
from tests.fakes import SteppingClock

#: how long before the present the requests begin that are posted and looked at every minute
BEFORE = -SLOW.since + 2 * MINUTE
#: of an outage that is over: how long it is looked at after its end, until it was told that it is
AFTERWARDS = 8 * MINUTE

Step = Callable[[datetime], Awaitable[None]]


def post_all(port: int, by_client: Mapping[str, list[dict[str, Any]]]) -> None:
    """As batches, one of each client; every event is taken."""
    for client, events in by_client.items():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {CLIENTS[client]}"}
            connection.request("POST", BATCH_PATH, json.dumps(events), headers)
            answer = json.loads(connection.getresponse().read())
            assert answer["accepted"] == len(events), answer
        finally:
            connection.close()


def posts_between(start: datetime, end: datetime, *, present: datetime) -> Mapping[str, list[dict[str, Any]]]:
    """What each client has to post: the requests of the story that completed from ``start`` up to ``end``."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    minute = start.replace(second=0, microsecond=0)
    while minute < end:
        for client, at, event in sent_in(minute, present=present):
            if start <= at < end:
                found[client].append(event)
        minute += MINUTE
    return found


class Seeding:
    """``clock`` is the worker's, and is moved."""

    def __init__(self, worker: Worker, clock: SteppingClock, port: int, *, present: datetime) -> None:
        self._worker = worker
        self._clock = clock
        self._port = port
        self._present = present

    async def play(self) -> None:
        for outage in PAST:
            assert outage.until is not None, "an outage that is over"
            await self._look(outage.since, outage.until + AFTERWARDS, self._acknowledge_at(outage.since + 4 * MINUTE))
        await self._look(-BEFORE, timedelta(0), self._posted(self._acknowledge_at(SLOW.since + 11 * MINUTE)))

    async def _look(self, start: timedelta, end: timedelta, before: Step) -> None:
        """Evaluate every minute from ``start`` to ``end``, both counted from the present."""
        self._clock.now = self._present + start
        while self._clock.now < self._present + end:
            self._clock.now += MINUTE
            await before(self._clock.now)
            await self._worker.ticker.tick(self._clock.now)
            while await self._worker.delivery.retry_due():
                pass
            await self._worker.shipper.drain()

    def _acknowledge_at(self, moment: timedelta) -> Step:
        async def acknowledge(now: datetime) -> None:
            if now == self._present + moment:
                for incident in list(self._worker.ticker.incidents.book.open()):
                    await self._worker.responses.acknowledge(incident.incident_id, by=ACKNOWLEDGED_BY)

        return acknowledge

    def _posted(self, then: Step) -> Step:
        async def posted(now: datetime) -> None:
            posts = posts_between(now - MINUTE, now, present=self._present)
            await asyncio.to_thread(post_all, self._port, posts)
            await self._worker.shipper.drain()
            await then(now)

        return posted


@asynccontextmanager
async def door_of(stores: Stores, clock: SteppingClock) -> AsyncIterator[int]:
    """The port at which events are taken."""
    ingest = Ingest(stores.spool, clock=clock)
    clients = ClientSecrets({client: [secret] for client, secret in CLIENTS.items()})
    door = IngestDoor(clients, ingest, sink=NoSink(), limit=DimensionLimit(), clock=clock)
    app = service({BATCH_PATH: door}, readiness=_ready, registry=CollectorRegistry())
    listener, stop = listen("127.0.0.1", 0), asyncio.Event()
    serving = asyncio.create_task(serve(app, listener, stop=stop))
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        await serving
        await ingest.close()


async def _ready() -> dict[str, str | None]:
    return {}


async def seed(settings: Settings, *, present: datetime) -> None:
    clock = SteppingClock(present)
    async with open_stores(settings) as stores:
        with_engine(stores, lambda engine: fill_past(engine, until=present - BEFORE, present=present))
        worker = assemble(
            settings,
            stores,
            objectives=objectives_of(settings),
            notifiers=notifiers_of(settings),
            clock=clock,
            metrics=Metrics(),
            simulated=True,
        )
        async with door_of(stores, clock) as port:
            await Seeding(worker, clock, port, present=present).play()
        await worker.shipper.drain()
        assert worker.ticker.health.last_error == "", worker.ticker.health.last_error
        told = {member.dimension for incident in worker.ticker.incidents.book.open() for member in incident.members}
        assert {FIRING.of.dimension, SLOW.of.dimension} <= told, told


async def seed_many(settings: Settings, *, present: datetime, dimensions: int) -> None:
    async with open_stores(settings) as stores:
        with_engine(stores, lambda engine: fill_many(engine, until=present, dimensions=dimensions, each=20))


def with_engine(stores: Stores, act: Callable[[Any], None]) -> None:
    """A connection to the embedded engine beside the worker's."""
    engine = chdb.connect(str(stores.folder / "clickhouse"))
    try:
        engine.query(f"USE {stores.clickhouse.database}")
        act(engine)
    finally:
        engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dimensions", type=int)
    chosen = parser.parse_args()
    settings = load_settings(data_dir=chosen.folder)
    present = datetime.now(UTC).replace(second=0, microsecond=0)
    if chosen.dimensions is None:
        asyncio.run(seed(settings, present=present))
    else:
        asyncio.run(seed_many(settings, present=present, dimensions=chosen.dimensions))
    print(present.isoformat())


if __name__ == "__main__":
    main()
