"""A worker as ``o11y serve`` puts it together, fed with hostile text and planted secrets; prints all it wrote, as JSON.

A process of its own, since an engine folder belongs to one. Each hostile text is an outage of its own minute, so each
becomes a page: in every text field of an event, through a socket, the spool, the tables, an evaluation with its facts,
and Slack. Slack and PostHog fail at first, and the log is at its most talkative.
"""

import asyncio
import http.client
import io
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import generate_latest

from o11y.adapters.posthog import PostHogSink
from o11y.adapters.slack.pace import Pace
from o11y.adapters.slack.webhook import SlackWebhook
from o11y.app import assemble, objectives_of
from o11y.commands import tables
from o11y.http.client_secrets import ClientSecrets
from o11y.http.ingest import BATCH_PATH, EVENT_PATH, IngestDoor
from o11y.http.servers import listen, serve
from o11y.http.service import service
from o11y.logs import start_logging
from o11y.metrics import Metrics
from o11y.model_id import normalise_model
from o11y.settings import Settings, load_settings
from o11y.slo.dimension import Dimension
from o11y.slo.windows import Severity
from o11y.stores import Stores, open_stores
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.ingest import Ingest
from tests.fakes import SteppingClock
from tests.hostile_text import HOSTILE
from tests.http_stand_in import Answer
from tests.posthog_stand_in import AWAY, PostHogStandIn
from tests.program.program import CLIENT
from tests.security.canary import (
    ADDRESSES,
    CLIENT_SECRET,
    IPV4,
    IPV6,
    MARKER,
    NEXT_SECRET,
    PEER,
    POSTHOG_KEY,
    SECRETS,
    WRONG_SECRET,
    files,
    leaks,
)
from tests.slack_stand_in import CUT, SERVER_ERROR, SlackStandIn
from tests.wire_events import wire_event

JSON = {"Content-Type": "application/json"}
EVENTS_A_MINUTE = 12
#: minutes between two outages, so that none is taken for a part of the one before
APART = 4
EVENTS = """
    SELECT DISTINCT kilo_user_id, organization_id, mode, provider, requested_model, inference_provider,
        resolved_model, model_variant, tools_available, tools_used
    FROM api_events WHERE status_code = 500
"""


def hostile_event(text: str, **changes: Any) -> dict[str, Any]:
    """The text in every field that takes text."""
    names = ("kiloUserId", "organizationId", "mode", "provider", "requestedModel", "resolvedModel", "inferenceProvider")
    tools = {"toolsAvailable": [text[:256]], "toolsUsed": [text[:256]]}
    return wire_event(**{**dict.fromkeys(names, text), **tools, "clientSecret": ..., "statusCode": 500, **changes})


class Poster:
    """Posts to the door, and keeps every answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.answers: list[tuple[int, bytes]] = []

    def post(self, body: object, headers: Mapping[str, str] | None = None, *, path: str = EVENT_PATH) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {name: value.encode() for name, value in {**JSON, "X-Forwarded-For": PEER, **(headers or {})}.items()}
        connection.request("POST", path, raw, given)
        response = connection.getresponse()
        answer = response.read() + repr(response.getheaders()).encode()
        connection.close()
        self.answers.append((response.status, answer))
        return response.status

    def outage(self, text: str, minute: datetime) -> int:
        """A minute of failing requests; the address with each, and the secret in a header."""
        events = [
            hostile_event(text, ipAddress=IPV4, timestamp=(minute + timedelta(seconds=5 * number)).isoformat())
            for number in range(EVENTS_A_MINUTE)
        ]
        return self.post(events, {"Authorization": f"Bearer {CLIENT_SECRET}"}, path=BATCH_PATH)

    def secrets_everywhere(self, now: datetime) -> list[int]:
        """Good requests, bad ones, and secrets where they do not belong."""
        when = {"timestamp": now.isoformat()}
        good = wire_event(clientSecret=CLIENT_SECRET, ipAddress=IPV6, organizationId=MARKER, **when)
        return [
            self.post(good),
            self.post({**good, "clientSecret": f"  {NEXT_SECRET} "}),
            self.post({**good, "clientSecret": ...} | {"clientSecret": WRONG_SECRET}),
            self.post(good, {"X-O11Y-ADMIN-TOKEN": NEXT_SECRET}),
            self.post(good, {"Authorization": f"Bearer {WRONG_SECRET}"}),
            self.post(good, {"Authorization": f"Basic {WRONG_SECRET}", "Cookie": f"secret={CLIENT_SECRET}"}),
            self.post(good, path=f"{EVENT_PATH}?clientSecret={CLIENT_SECRET}&ip={IPV4}"),
            self.post({**good, "secret": CLIENT_SECRET, CLIENT_SECRET: IPV4, "ip": IPV4}),
            self.post({**good, "clientSecret": [CLIENT_SECRET], "ipAddress": f"{IPV4} "}),
            self.post({**good, "statusCode": CLIENT_SECRET, "tokens": {CLIENT_SECRET: IPV6, "inputTokens": IPV4}}),
            self.post({**good, "isAnonymous": CLIENT_SECRET, "toolsUsed": [{"clientSecret": CLIENT_SECRET}]}),
            self.post(f'{{"clientSecret": "{CLIENT_SECRET}", "ipAddress": "{IPV4}"'.encode()),
            self.post(f"clientSecret={CLIENT_SECRET}&ip={IPV4}".encode(), {"Content-Type": f"text/{CLIENT_SECRET}"}),
            self.post(good, {"Content-Encoding": CLIENT_SECRET}),
            self.post(good, path=f"/{CLIENT_SECRET}/{IPV4}"),
            self.post([good, {**good, "clientSecret": WRONG_SECRET}, IPV4, CLIENT_SECRET], path=BATCH_PATH),
            self.post(b'{"clientSecret": "' + CLIENT_SECRET.encode() + b'"\n\xff\xfe', path=BATCH_PATH),
        ]


async def live(
    settings: Settings, stores: Stores, clock: SteppingClock, *, slack: SlackStandIn, sink: PostHogSink
) -> Any:
    metrics = Metrics()
    webhook = SlackWebhook(slack.webhook_url, pace=Pace(0))
    worker = assemble(
        settings,
        stores,
        objectives=objectives_of(settings),
        notifiers={Severity.PAGE: webhook, Severity.TICKET: webhook},
        clock=clock,
        metrics=metrics,
        simulated=True,
    )
    ingest = Ingest(stores.spool, clock=clock)
    secrets = ClientSecrets({CLIENT: [CLIENT_SECRET, NEXT_SECRET]})
    door = IngestDoor(secrets, ingest, sink=sink, limit=DimensionLimit(), clock=clock)
    app = service({EVENT_PATH: door, BATCH_PATH: door}, readiness=_ready, registry=metrics.registry)
    listener, stop = listen("127.0.0.1", 0), asyncio.Event()
    poster = Poster(listener.getsockname()[1])
    serving = asyncio.create_task(serve(app, listener, stop=stop))
    statuses = []
    for text in HOSTILE.values():
        minute = clock.now
        statuses.append(await asyncio.to_thread(poster.outage, text, minute))
        for _ in range(APART):
            clock.advance(60)
            await worker.shipper.drain()
            await worker.ticker.tick(clock.now)
        clock.advance(5)
        await worker.delivery.retry_due()
        clock.advance(-5)
    mixed = await asyncio.to_thread(poster.secrets_everywhere, clock.now)
    spooled = leaks(files(settings.data_dir), SECRETS | ADDRESSES | {"marker": MARKER})  # before it is shipped
    await worker.shipper.drain()
    shown, explained = io.StringIO(), []
    for text in HOSTILE.values():
        dimension = Dimension(CLIENT, text, normalise_model(text)[0])
        answer = await worker.questions.explain(dimension, clock.now)
        explained.append(bool(answer["traffic"]))
        tables.print_explanation(answer, shown)
    found = await worker.questions.dry_run(clock.now)
    tables.print_tick(found, shown)
    stop.set()
    await serving
    await ingest.close()
    await sink.close()
    return {
        "statuses": statuses,
        "mixed": mixed,
        "spooled": spooled,
        "explained": explained,
        "shown": shown.getvalue(),
        "fired": len(found["firing"]),
        "answers": [f"{status} {body.decode(errors='replace')}" for status, body in poster.answers],
        "metrics": generate_latest(metrics.registry).decode(),
        "stored": list((await stores.clickhouse.query(EVENTS)).rows),
        "told": list((await stores.clickhouse.query("SELECT DISTINCT provider FROM alert_history")).rows),
        "tables": await _dump(stores),
        "error": worker.ticker.health.last_error,
    }


async def _dump(stores: Stores) -> dict[str, str]:
    """Every column of every table, as text."""
    names = await stores.clickhouse.query("SELECT name FROM system.tables WHERE database = currentDatabase()")
    return {
        name: "\n".join(map(repr, (await stores.clickhouse.query(f"SELECT * FROM {name}")).rows))
        for (name,) in names.rows
    }


async def _ready() -> dict[str, str | None]:
    return {}


async def main(folder: Path) -> None:
    start_logging("debug")
    this_minute = datetime.now(UTC).replace(second=0, microsecond=0)
    clock = SteppingClock(this_minute - timedelta(minutes=APART * len(HOSTILE) + 10))
    refused = Answer(401, json.dumps({"detail": f"bad key {POSTHOG_KEY}"}).encode())
    with SlackStandIn(SERVER_ERROR, CUT) as slack, PostHogStandIn(AWAY, refused) as posthog:
        settings = load_settings(data_dir=folder, message_cap=1_000, page_cap=1_000)
        sink = PostHogSink(POSTHOG_KEY, host=posthog.url, retry_pauses_s=(0.01,), flush_interval_s=0.05)
        async with open_stores(settings) as stores:
            found = await live(settings, stores, clock, slack=slack, sink=sink)
        found["messages"], found["refusals"] = slack.messages, slack.refusals
        found["posthog"] = [{**batch, "api_key": None} for batch in posthog.batches]
    found["files"] = leaks(files(folder), SECRETS | ADDRESSES)
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
