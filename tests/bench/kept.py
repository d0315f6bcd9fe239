"""What incidents take in Redis: those of one alert each and those of many, while they wait to be told and once told.

The rules that a minute's alerts go through make the incidents and their messages; the real store and outbox keep them
in a Valkey of this bench's own. A message carries six status codes, three inference providers and its budget. The
figure is what the server says that every key takes with all that is in it (``MEMORY USAGE``).
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import redis

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.incidents import RedisIncidents
from o11y.adapters.redis.outbox import RedisOutbox
from o11y.adapters.valkey import ValkeyServer
from o11y.alerting.book import Book
from o11y.alerting.incident import LOUD, UNDELIVERED, Thread
from o11y.alerting.lifecycle import Terms
from o11y.alerting.minute import Minute
from o11y.alerting.notification import Facts, Notification
from o11y.alerting.step import Step, steps
from o11y.alerting.triage import PagePolicy, triage
from o11y.slo.dimension import Dimension
from o11y.slo.evaluation import Evaluator
from o11y.slo.windows import Severity
from o11y.worker.messages import Known, alerts_of, message_of
from o11y.worker.ports import OutboxEntry, Receipt
from tests.bench.incidents import counted, nothing_in_common, one_provider
from tests.bench.measure import options, print_table
from tests.builders import NOW, objective
from tests.fakes import FakeMirror

ALONE = 500
ALONE_LONG = 5_000
GROUPS = (10, 100, 1_000)
OBJECTIVE = objective()
FACTS = Facts(
    status_codes=(("500", 41_230), ("429", 8_112), ("502", 911), ("503", 402), ("504", 77), ("499", 12)),
    inference_providers=(("deepinfra", 30_112), ("together", 11_909), ("fireworks", 871)),
    budget_bad=812_345,
    budget_valid=98_765_432,
)


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes: with every message in the outbox, and with every message delivered."""

    incidents: int
    members: int
    waiting: int
    told: int

    def cells(self, what: str) -> tuple[str, ...]:
        each = (self.waiting / self.incidents, self.told / self.incidents)
        return (what, f"{self.incidents:,}", f"{self.members:,}", *(f"{value:,.0f}" for value in each), "")


def main() -> None:
    chosen = options(__doc__, rounds=1, longer=f"{ALONE_LONG:,} incidents of one alert")
    alone = ALONE_LONG if chosen.long else ALONE
    with tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder:
        valkey = ValkeyServer(Path(folder))
        valkey.start()
        try:
            kept = [asyncio.run(_keep(valkey.url, nothing_in_common(2 * alone), alone))]
            kept += [asyncio.run(_keep(valkey.url, one_provider(2 * size), size)) for size in GROUPS]
        finally:
            valkey.stop()
    print_table(
        "Redis memory of an incident, bytes",
        ("", "incidents", "alerts", "message waiting", "told", ""),
        [one.cells("one alert" if one.incidents > 1 else f"{one.members:,} alerts") for one in kept],
    )
    single, large = kept[0], kept[-1]
    more = (large.told - single.told / single.incidents) / (large.members - 1)
    print(f"Each alert of a group beyond its first: {more:,.0f} bytes.")


async def _keep(url: str, places: Sequence[Dimension], firing: int) -> Weight:
    """The first ``firing`` of the places fail, and all incidents of that minute are kept."""
    with redis.Redis.from_url(url) as server:
        server.flushall()
        connection = RedisConnection(url, monotonic=time.monotonic)
        try:
            outbox = RedisOutbox(connection, FakeMirror())
            store = RedisIncidents(connection, outbox)
            return await _through(store, outbox, *_minute(places, firing), used=lambda: _used(server))
        finally:
            await connection.close()


async def _through(
    store: RedisIncidents, outbox: RedisOutbox, done: Sequence[Step], minute: Minute, *, used: Callable[[], int]
) -> Weight:
    for number, step in enumerate(done):
        entry = OutboxEntry(_message(step, minute, number), 0, NOW + timedelta(seconds=60))
        await store.commit(step.after, expected=None, entry=entry)
    waiting = used()
    for number, step in enumerate(done):
        thread = Thread("C0123456789", f"1790000000.{number:06}")
        await store.receive(Receipt(step.after.incident_id, Severity.PAGE, NOW, pages=True, thread=thread))
        await outbox.done(_identity(number))
    return Weight(len(done), sum(len(step.after.members) for step in done), waiting, used())


def _minute(places: Sequence[Dimension], firing: int) -> tuple[list[Step], Minute]:
    counts = counted(places, firing)
    alerts = tuple(triage(list(Evaluator([OBJECTIVE]).breaches(counts)), PagePolicy(None), at=NOW))
    minute = Minute(NOW, alerts, counts, {OBJECTIVE.name: OBJECTIVE})
    done = steps(
        Book(),
        minute,
        terms=Terms(),
        silenced=lambda _: LOUD,
        edits=dict.fromkeys(Severity, True),
        new_id=lambda opening: min(alert.key for alert in opening),
    )
    return done, minute


def _message(step: Step, minute: Minute, number: int) -> Notification:
    return message_of(
        step,
        minute,
        alerts_of(step, minute),
        notification_id=_identity(number),
        known=Known(FACTS),
        delivered=UNDELIVERED,
        without_memory=False,
    )


def _identity(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def _used(server: redis.Redis) -> int:
    return sum(server.memory_usage(key, samples=0) or 0 for key in server.scan_iter())


if __name__ == "__main__":
    main()
