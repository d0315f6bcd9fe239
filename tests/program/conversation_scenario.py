"""An outage told in a Slack channel, answered by its buttons, and over: every part real but Slack and the clock.

A process of its own, since an engine folder belongs to one: prints what it saw as JSON.
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from o11y.app import Worker, assemble, objectives_of
from o11y.http.client_secrets import ClientSecrets
from o11y.http.ingest import BATCH_PATH, IngestDoor
from o11y.http.servers import listen, serve
from o11y.http.service import service
from o11y.http.slack_actions import ACTIONS_PATH, SlackActions
from o11y.http.slack_signature import SlackSignature
from o11y.metrics import Metrics
from o11y.receivers import notifiers_of
from o11y.settings import load_settings
from o11y.stores import open_stores
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.ingest import Ingest
from o11y.worker.ports import NoSink
from o11y.worker.ports.responses import ACKNOWLEDGE
from tests.fakes import SteppingClock
from tests.program.page_scenario import post
from tests.program.program import CLIENT, SECRET
from tests.slack_press import SIGNING_SECRET, press
from tests.slack_stand_in import SlackStandIn
from tests.slack_workspace import PAGES, TICKETS, TOKEN

#: the latter at most: until it is resolved, two hours after the pair for quiet dimensions fired last
MINUTES_BAD, MINUTES_WELL = 3, 150
HISTORY = "SELECT transition, severity, reason FROM alert_history ORDER BY recorded_at, transition"


@dataclass
class Stage:
    worker: Worker
    clock: SteppingClock
    slack: SlackStandIn
    port: int

    async def minute(self, status: int) -> None:
        started = self.clock.now
        self.clock.now = started + timedelta(minutes=1)
        await asyncio.to_thread(post, self.port, minute=started, status=status)
        await self.worker.shipper.drain()
        await self.worker.ticker.tick(self.clock.now)
        await self.deliver()

    async def deliver(self) -> None:
        while await self.worker.delivery.retry_due():
            pass

    async def press(self, action_id: str, *, user: str = "ann", resent: int = 0) -> int:
        root = self.slack.workspace.roots[0]
        at = self.clock.now.timestamp()
        url = f"http://127.0.0.1:{self.port}"
        seen = await asyncio.to_thread(press, url, root, action_id, user=user, at=at, resent=resent)
        await self.deliver()
        return seen.status

    def shown(self) -> list[dict[str, Any]]:
        return [
            {"now": message.now, "edits": message.edits, "reply": message.thread_ts is not None}
            for message in self.slack.workspace.messages
        ]


async def play(stage: Stage) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for _ in range(MINUTES_BAD):
        await stage.minute(500)
    seen["fired"] = stage.shown()
    seen["acknowledge"] = await stage.press(ACKNOWLEDGE, resent=1)
    seen["acknowledged"] = stage.shown()
    seen["silence"] = [await stage.press("o11y_silence_1h", user=user) for user in ("bob", "ann")]
    seen["silenced"] = stage.shown()
    seen["silences"] = [[s.author, s.comment] for s in await stage.worker.silencing.listed()]
    for _ in range(MINUTES_WELL):
        await stage.minute(200)
        if "RESOLVED" in stage.slack.workspace.roots[0].text:
            break
    seen["resolved"] = stage.shown()
    return seen


async def _ready() -> dict[str, str | None]:
    return {}


async def main(folder: Path) -> None:
    clock = SteppingClock(datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2))
    with SlackStandIn() as slack:
        settings = load_settings(
            data_dir=folder,
            slack_bot_token=TOKEN,
            slack_signing_secret=SIGNING_SECRET,
            slack_page_channel=PAGES,
            slack_ticket_channel=TICKETS,
            slack_base_url=slack.api_url,
        )
        async with open_stores(settings) as stores:
            worker = assemble(
                settings,
                stores,
                objectives=objectives_of(settings),
                notifiers=notifiers_of(settings),
                clock=clock,
                metrics=Metrics(),
                simulated=True,
            )
            ingest = Ingest(stores.spool, clock=clock)
            clients = ClientSecrets({CLIENT: [SECRET]})
            door = IngestDoor(clients, ingest, sink=NoSink(), limit=DimensionLimit(), clock=clock)
            actions = SlackActions(SlackSignature(SIGNING_SECRET, clock=clock), worker.responses)
            app = service({BATCH_PATH: door, ACTIONS_PATH: actions}, readiness=_ready, registry=CollectorRegistry())
            listener, stop = listen("127.0.0.1", 0), asyncio.Event()
            serving = asyncio.create_task(serve(app, listener, stop=stop))
            seen = await play(Stage(worker, clock, slack, listener.getsockname()[1]))
            stop.set()
            await serving
            await ingest.close()
            await worker.shipper.drain()
            history = await stores.clickhouse.query(HISTORY)
        seen |= {"history": list(history.rows), "refusals": slack.refusals, "error": worker.ticker.health.last_error}
    print(json.dumps(seen, default=str))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
