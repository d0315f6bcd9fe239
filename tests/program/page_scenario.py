"""A worker put together as ``o11y serve`` does it, on real embedded stores, minute after minute of a stepping clock.

A process of its own, since an engine folder belongs to one: prints what it saw as JSON. An outage of one model is
posted through the door over a socket; Slack refuses the first attempt; then the outage ends.
"""

import asyncio
import http.client
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
from tests.fakes import SteppingClock
from tests.program.program import CLIENT, SECRET
from tests.slack_stand_in import SERVER_ERROR, SlackStandIn
from tests.wire_events import wire_event

MINUTES_BAD, MINUTES_AFTER = 3, 2  # fewer events than an aggregate takes as evidence
HISTORY = "SELECT transition, severity, objective, client, model FROM alert_history ORDER BY recorded_at, transition"


def post(port: int, *, minute: datetime, status: int) -> int:
    """Ten requests a minute, one every six seconds, as one batch; returns how many were accepted."""
    events = [
        wire_event(clientSecret=..., statusCode=status, timestamp=(minute + timedelta(seconds=second)).isoformat())
        for second in range(0, 60, 6)
    ]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
    connection.request("POST", BATCH_PATH, json.dumps(events), headers)
    accepted: int = json.loads(connection.getresponse().read())["accepted"]
    connection.close()
    return accepted


async def minutes(worker: Worker, clock: SteppingClock, port: int, slack: SlackStandIn) -> list[dict[str, Any]]:
    seen = []
    for number in range(MINUTES_BAD + MINUTES_AFTER):
        minute = clock.now
        clock.now = minute + timedelta(minutes=1)
        accepted = await asyncio.to_thread(post, port, minute=minute, status=500 if number < MINUTES_BAD else 200)
        await worker.shipper.drain()
        await worker.ticker.tick(clock.now)
        clock.advance(5)
        retried = await worker.delivery.retry_due()
        seen.append({"accepted": accepted, "attempts": len(slack.requests), "retried": retried})
        clock.advance(-5)
    await worker.shipper.drain()
    return seen


async def opened(settings: Settings, stores: Stores, clock: SteppingClock, slack: SlackStandIn) -> dict[str, Any]:
    metrics = Metrics()
    worker = assemble(
        settings,
        stores,
        objectives=objectives_of(settings),
        notifiers=notifiers_of(settings),
        clock=clock,
        metrics=metrics,
        simulated=True,
    )
    ingest = Ingest(stores.spool, clock=clock)
    door = IngestDoor(ClientSecrets({CLIENT: [SECRET]}), ingest, sink=NoSink(), limit=DimensionLimit(), clock=clock)
    app = service({BATCH_PATH: door}, readiness=_ready, registry=CollectorRegistry())
    listener, stop = listen("127.0.0.1", 0), asyncio.Event()
    port = listener.getsockname()[1]
    serving = asyncio.create_task(serve(app, listener, stop=stop))
    seen = await minutes(worker, clock, port, slack)
    stop.set()
    await serving
    await ingest.close()
    history = await stores.clickhouse.query(HISTORY)
    return {"minutes": seen, "history": list(history.rows), "error": worker.ticker.health.last_error}


async def _ready() -> dict[str, str | None]:
    return {}


async def main(folder: Path) -> None:
    clock = SteppingClock(datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30))
    with SlackStandIn(SERVER_ERROR) as slack:
        settings = load_settings(
            data_dir=folder, slack_page_webhook_url=slack.webhook_url, slack_ticket_webhook_url=slack.webhook_url
        )
        async with open_stores(settings) as stores:
            found = await opened(settings, stores, clock, slack)
        found["messages"], found["refusals"] = slack.messages, slack.refusals
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
