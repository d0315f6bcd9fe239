"""The stores of incidents whose contract is tested: the fake and the real one, and what is kept in them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.incidents import RedisIncidents
from o11y.adapters.redis.outbox import RedisOutbox
from o11y.alerting.incident import Change, Incident, Thread
from o11y.alerting.notification import message_id
from o11y.worker.ports import Outbox, OutboxEntry
from tests.builders import NOW, account, alert, incident, notification
from tests.fakes import FakeIncidents, FakeMirror, FakeOutbox

STORES = ["fake", "redis"]
MINUTE = timedelta(minutes=1)
THREAD = Thread("C1", "17.000100")


@dataclass(frozen=True, slots=True)
class Shared:
    """What replicas share."""

    incidents: Any
    outbox: Outbox


Play = Callable[[Callable[[Shared], Awaitable[None]]], None]


def playing(store: str, on_redis: Callable[..., None]) -> Play:
    """What runs a scenario on an empty one of ``STORES``."""

    def run(scenario: Callable[[Shared], Awaitable[None]]) -> None:
        async def main(connection: RedisConnection) -> None:
            outbox = RedisOutbox(connection, FakeMirror())
            await scenario(Shared(RedisIncidents(connection, outbox), outbox))

        on_redis(main)

    if store == "redis":
        return run
    outbox = FakeOutbox()
    fake = FakeIncidents(outbox)
    return lambda scenario: asyncio.run(scenario(Shared(fake, outbox)))  # type: ignore[arg-type]


def version(number: int, **changes: Any) -> Incident:
    """Of the incident "i-1", evaluated a minute later with each."""
    return incident(version=number, evaluated_at=NOW + number * MINUTE, **changes)


def entry(identity: str = "n-1", change: Change = Change.FIRED, *, minute: int = 0, **changes: Any) -> OutboxEntry:
    at = NOW + minute * MINUTE
    told = notification(alert(at=at), notification_id=identity, account=account(change), **changes)
    return OutboxEntry(told, 0, at)


async def waiting(outbox: Outbox) -> list[str]:
    taken = await outbox.take_due(now=NOW + 10 * MINUTE, lease_s=600)
    return [message_id(one.notification) for one in taken]
