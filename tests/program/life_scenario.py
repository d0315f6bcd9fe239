"""An outage from its first page over its reminder to its end, told by a webhook: every part real but Slack and the
clock.

A process of its own, since an engine folder belongs to one: prints what it saw as JSON.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from o11y.app import assemble, objectives_of
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
from tests.program.conversation_scenario import Stage
from tests.program.program import CLIENT, SECRET
from tests.slack_stand_in import SlackStandIn

#: one pair alone, so that every message is to be expected to the minute
OBJECTIVES = Path(__file__).parent.parent / "chaos" / "objectives.yaml"
#: (status, minutes) in turn
SPANS = ((500, 18), (200, 8), (500, 2), (200, 8))
HISTORY = "SELECT transition, count() FROM alert_history WHERE severity = 'page' GROUP BY transition"


async def lived(settings: Settings, stores: Stores, slack: SlackStandIn) -> dict[str, Any]:
    clock = SteppingClock(datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2))
    worker = assemble(
        settings,
        stores,
        objectives=objectives_of(settings),
        notifiers=notifiers_of(settings),
        clock=clock,
        metrics=Metrics(),
        simulated=True,
    )
    ingest, clients = Ingest(stores.spool, clock=clock), ClientSecrets({CLIENT: [SECRET]})
    door = IngestDoor(clients, ingest, sink=NoSink(), limit=DimensionLimit(), clock=clock)
    app = service({BATCH_PATH: door}, readiness=_ready, registry=CollectorRegistry())
    listener, stop = listen("127.0.0.1", 0), asyncio.Event()
    serving = asyncio.create_task(serve(app, listener, stop=stop))
    stage, told_at, minute = Stage(worker, clock, slack, listener.getsockname()[1]), [], 0
    for status, minutes in SPANS:
        for _ in range(minutes):
            minute += 1
            await stage.minute(status)
            told_at += [minute] * (len(slack.messages) - len(told_at))
    stop.set()
    await serving
    await ingest.close()
    await worker.shipper.drain()
    history = await stores.clickhouse.query(HISTORY)
    return {"told_at": told_at, "history": dict(history.rows), "error": worker.ticker.health.last_error}


async def _ready() -> dict[str, str | None]:
    return {}


async def main(folder: Path) -> None:
    with SlackStandIn() as slack:
        webhooks = dict.fromkeys(("slack_page_webhook_url", "slack_ticket_webhook_url"), slack.webhook_url)
        settings = load_settings(data_dir=folder, objectives_file=str(OBJECTIVES), **webhooks)
        async with open_stores(settings) as stores:
            seen = await lived(settings, stores, slack)
        seen |= {"texts": [message["text"] for message in slack.messages], "refusals": slack.refusals}
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
