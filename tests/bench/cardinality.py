"""One client invents a name for every request: models, providers, users, tools, all of them new each time.

Everything is real but the sockets: the door, the spool, the embedded engine, the tick. Measured before it, when that
client is at its limit of dimensions in an honest way, and after the flood; another client has an outage meanwhile.
``--json`` prints the findings alone.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from o11y.alerting.incident import Thread
from o11y.alerting.notification import Notice, Notification
from o11y.app import Worker, assemble, objectives_of
from o11y.http.client_secrets import ClientSecrets
from o11y.http.ingest import BATCH_PATH, IngestDoor
from o11y.metrics import Metrics
from o11y.settings import load_settings
from o11y.slo.windows import Severity
from o11y.stores import Stores, open_stores
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.ingest import Ingest
from o11y.worker.ports import NoSink
from tests.bench.measure import machine, print_table, ratio

CALM, FLOOD = "calm", "flood"
SECRETS = {CALM: "calm-secret", FLOOD: "flood-secret"}
BATCH = 1_000
CALM_MODELS = 40
TICKS = 9
CLIENTS_OF_ROLLUP = """
    SELECT d.client, uniqExact(r.dim_id), count() FROM rollup_10s AS r
    INNER JOIN dimensions AS d ON d.dim_id = r.dim_id GROUP BY d.client
"""
BYTES = """
    SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts
    WHERE active AND database = currentDatabase() AND table = 'api_events'
"""


@dataclass(slots=True)
class Stage:
    """The quickest of several evaluations in ms, since merges go on beside them; CPU of the door and the spool in us an
    event; the process's peak in MB; what ``api_events`` takes of the disk, in bytes an event."""

    events: int
    tick_ms: float
    dimensions: int
    rollup_dimensions: int
    rollup_rows: int
    cpu_us: float
    peak_mb: float
    disk_bytes: float


@dataclass(slots=True)
class Found:
    names: int
    limit: int
    before: Stage
    full: Stage
    after: Stage
    paged: list[str] = field(default_factory=list)
    folded: int = 0
    admitted_after_restart: int = 0


class Receiver:
    """Keeps whom it was told about."""

    threads = False

    def __init__(self) -> None:
        self.told: list[str] = []

    async def notify(self, message: Notification | Notice, *, thread: Thread | None = None) -> Thread | None:
        if isinstance(message, Notification):
            self.told += [f"{a.severity} {a.objective.name} {a.dimension}" for a in message.alerts]
        return None


def event(model: str, at: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "kiloUserId": "user-1",
        "isAnonymous": False,
        "isStreaming": True,
        "userByok": False,
        "provider": "openrouter",
        "requestedModel": model,
        "resolvedModel": model,
        "inferenceProvider": "datacentre",
        "toolsAvailable": ["read"],
        "toolsUsed": ["read"],
        "ttfbMs": 100,
        "completeRequestMs": 900,
        "statusCode": 200,
        "timestamp": at.isoformat(),
        **changes,
    }


def invented(number: int, at: datetime) -> dict[str, Any]:
    """Nothing in it was ever seen before."""
    name = f"{number:x}-{number * 2654435761 % 2**32:08x}"
    fields = ("kiloUserId", "organizationId", "provider", "requestedModel", "inferenceProvider", "mode")
    changes = {one: f"{one}/{name}" for one in fields}
    return event(f"model/{name}:{name}", at, **{**changes, "toolsUsed": [name], "toolsAvailable": [name]})


class Site:
    """A worker with its door, on a clock that is moved from minute to minute."""

    def __init__(self, worker: Worker, stores: Stores, *, limit: int, now: datetime) -> None:
        self.worker, self.stores, self.now = worker, stores, now
        self.limit = DimensionLimit(limit)
        self.ingest = Ingest(stores.spool, clock=lambda: self.now)
        secrets = ClientSecrets({client: [secret] for client, secret in SECRETS.items()})
        self.door = IngestDoor(secrets, self.ingest, sink=NoSink(), limit=self.limit, clock=lambda: self.now)
        self.cpu_s = 0.0

    async def post(self, client: str, events: Sequence[dict[str, Any]]) -> None:
        for start in range(0, len(events), BATCH):
            body = json.dumps(events[start : start + BATCH]).encode()
            before = time.process_time()
            accepted = await self._call(client, body)
            self.cpu_s += time.process_time() - before
            assert accepted == len(events[start : start + BATCH]), "every event is good"

    async def _call(self, client: str, body: bytes) -> int:
        answer: list[bytes] = []
        headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {SECRETS[client]}".encode())]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            answer.append(message.get("body", b""))

        scope = {"type": "http", "method": "POST", "path": BATCH_PATH, "headers": headers, "query_string": b""}
        await self.door(scope, receive, send)
        return int(json.loads(b"".join(answer))["accepted"])

    async def minute(self, *, bad: bool = False) -> None:
        """A minute of the calm client, one of whose models may be down, and its tick."""
        start, self.now = self.now, self.now + timedelta(minutes=1)
        events = [
            event(f"vendor/model-{n % CALM_MODELS}", start + timedelta(seconds=n * 60 // 1200)) for n in range(1200)
        ]
        for one in events[::CALM_MODELS] if bad else ():
            one["statusCode"] = 500
        await self.post(CALM, events)
        await self.worker.shipper.drain()
        await self.worker.ticker.tick(self.now)

    async def stage(self, events: int) -> Stage:
        """What an evaluation costs now."""
        cpu_us = self.cpu_s / max(1, events) * 1e6
        times, dimensions = [], 0
        for _ in range(TICKS):
            started = time.perf_counter()
            dimensions = (await self.worker.ticker.evaluate(self.now)).dimensions
            times.append((time.perf_counter() - started) * 1000)
        table = await self.stores.clickhouse.query(CLIENTS_OF_ROLLUP)
        rows = {client: (dims, rows) for client, dims, rows in table.rows}
        flooded = rows.get(FLOOD, (0, 0))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.cpu_s = 0.0
        disk = float((await self.stores.clickhouse.query(BYTES)).columns[0][0])
        return Stage(events, min(times), dimensions, *flooded, cpu_us, peak, disk)


def honest(limit: int, at: datetime) -> Iterator[dict[str, Any]]:
    """As many models as a client may have, with traffic in every minute."""
    for number in range(limit * 3):
        yield event(f"vendor/known-{number % limit}", at + timedelta(seconds=number % 60))


async def flood(site: Site, names: int, *, limit: int, receiver: Receiver) -> Found:
    for _ in range(3):
        await site.minute()
    before = await site.stage(3 * 1200)
    known = list(honest(limit, site.now))
    await site.post(FLOOD, known)
    await site.minute()
    full = await site.stage(len(known) + 1200)
    minutes = 3
    for part in range(minutes):
        for start in range(part * names // minutes, (part + 1) * names // minutes, 10 * BATCH):
            end = min(start + 10 * BATCH, (part + 1) * names // minutes)
            await site.post(
                FLOOD, [invented(n, site.now + timedelta(seconds=n * 60 // names % 60)) for n in range(start, end)]
            )
            await site.worker.shipper.drain()
        await site.minute(bad=True)
    after = await site.stage(names + minutes * 1200)
    found = Found(names, limit, before, full, after, sorted(set(receiver.told)), site.limit.folded.get(FLOOD, 0))
    restarted = DimensionLimit(limit)
    restarted.seed(await site.worker.dimensions.known_dimensions(100_000), now=site.now)
    asked = [(f"new-provider-{n}", f"new-{n}") for n in range(1000)]
    found.admitted_after_restart = sum(restarted.admit(FLOOD, one, now=site.now) is one for one in asked)
    await site.ingest.close()
    return found


async def run(names: int, limit: int) -> Found:
    with tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder:
        settings = load_settings(data_dir=Path(folder), clickhouse_url=None, redis_url=None, objectives_file=None)
        now = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=20)
        receiver = Receiver()
        async with open_stores(settings) as stores:
            site: Site
            worker = assemble(
                settings,
                stores,
                objectives=objectives_of(settings),
                notifiers={Severity.PAGE: receiver, Severity.TICKET: receiver},
                clock=lambda: site.now,
                metrics=Metrics(),
                simulated=True,
            )
            site = Site(worker, stores, limit=limit, now=now)
            return await flood(site, names, limit=limit, receiver=receiver)


def show(found: Found) -> None:
    stages = (("before", found.before), ("at its limit", found.full), (f"after {found.names:,} names", found.after))
    rows = [
        (
            what,
            f"{stage.tick_ms:.0f}",
            ratio(stage.tick_ms, found.full.tick_ms),
            f"{stage.dimensions:,}",
            f"{stage.rollup_dimensions:,}",
            f"{stage.rollup_rows:,}",
            f"{stage.cpu_us:.0f}",
            f"{stage.peak_mb:,.0f}",
            f"{stage.disk_bytes:.0f}",
        )
        for what, stage in stages
    ]
    header = (
        "",
        "tick, ms",
        "of at its limit",
        "dimensions",
        "its own",
        "its rows",
        "CPU, us",
        "RSS, MB",
        "bytes an event",
    )
    print_table(f"One client with a limit of {found.limit:,} dimensions", header, rows)
    print(f"Folded into `other`: {found.folded:,} of {found.names:,}. Told: {'; '.join(found.paged) or 'nothing'}.")
    print(f"Of 1,000 more new names after a restart, admitted: {found.admitted_after_restart}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=50_000, metavar="N", help="default: 50,000")
    parser.add_argument("--limit", type=int, default=2_000, metavar="N", help="dimensions a client; default: 2,000")
    parser.add_argument("--long", action="store_true", help="a million names")
    parser.add_argument("--json", action="store_true", help="the findings alone")
    chosen = parser.parse_args()
    found = asyncio.run(run(1_000_000 if chosen.long else chosen.names, chosen.limit))
    if chosen.json:
        json.dump(asdict(found), sys.stdout)
        return
    print(f"# {machine()}")
    show(found)


if __name__ == "__main__":
    main()
