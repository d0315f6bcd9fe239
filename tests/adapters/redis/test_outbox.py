"""From the decision to delivery, whatever happens to Redis in between."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.outbox import RedisOutbox
from o11y.alerting.incident import Change
from o11y.alerting.notification import Notice, message_id
from o11y.slo.windows import Severity
from o11y.worker.ports import Kept, Outbox, OutboxEntry
from tests.builders import account, alert, notification
from tests.fakes import FakeMirror, FakeOutbox

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=31)


def entry(
    identity: str, *, due_in_s: int = 0, attempts: int = 1, age_s: int = 0, severity: Severity = Severity.PAGE
) -> OutboxEntry:
    message = Notice(identity, severity, "title", "text", NOW - timedelta(seconds=age_s))
    return OutboxEntry(message, attempts, NOW + timedelta(seconds=due_in_s))


def ids(entries: Any) -> list[str]:
    return [message_id(taken.notification) for taken in entries]


async def take(outbox: Outbox, now: datetime = NOW, lease_s: int = 30) -> list[str]:
    return ids(await outbox.take_due(now=now, lease_s=lease_s))


class Line:
    """A connection that can be cut: the outbox's Redis, away and back."""

    def __init__(self, connection: RedisConnection) -> None:
        self.connection = connection

    def cut(self) -> None:
        self.connection._closed_at = float("inf")

    def mend(self) -> None:
        self.connection._closed_at = float("-inf")


# ---------------------------------------------------------------- the contract, in every state of Redis


@pytest.fixture(params=["fake", "redis", "redis away"])
def play(
    request: pytest.FixtureRequest, on_redis: Callable[..., None]
) -> Callable[[Callable[[Outbox], Awaitable[None]]], None]:
    if request.param == "fake":
        return lambda scenario: asyncio.run(scenario(FakeOutbox()))  # type: ignore[arg-type]

    def run(scenario: Callable[[Outbox], Awaitable[None]]) -> None:
        async def main(connection: RedisConnection) -> None:
            if request.param == "redis away":
                Line(connection).cut()
            await scenario(RedisOutbox(connection, FakeMirror()))

        on_redis(main)

    return run


Play = Callable[[Callable[[Outbox], Awaitable[None]]], None]


def test_entries_are_taken_when_due_oldest_first_and_leased(play: Play) -> None:
    async def scenario(outbox: Outbox) -> None:
        for put in (entry("second", age_s=5), entry("first", age_s=9), entry("not yet", due_in_s=1)):
            await outbox.put(put)
        assert await take(outbox) == ["first", "second"]
        assert await take(outbox, NOW + timedelta(seconds=29)) == ["not yet"]
        assert await take(outbox, NOW + timedelta(seconds=30)) == ["first", "second"]
        assert await outbox.size() == 3

    play(scenario)


def test_pages_are_taken_before_tickets_and_of_each_the_oldest_first_whenever_they_were_due(play: Play) -> None:
    async def scenario(outbox: Outbox) -> None:
        await outbox.put(entry("old ticket", age_s=900, due_in_s=-60, severity=Severity.TICKET))
        await outbox.put(entry("new page", due_in_s=-30))
        await outbox.put(entry("old page", age_s=600))
        assert await take(outbox) == ["old page", "new page", "old ticket"]

    play(scenario)


def test_a_put_tells_whether_an_older_one_of_its_severity_waits(play: Play) -> None:
    async def scenario(outbox: Outbox) -> None:
        assert await outbox.put(entry("a", age_s=60, due_in_s=30)) is Kept.STORED
        assert await outbox.put(entry("a", age_s=60, due_in_s=60)) is Kept.STORED
        assert await outbox.put(entry("a ticket", severity=Severity.TICKET)) is Kept.STORED
        assert await outbox.put(entry("as old", age_s=60)) is Kept.STORED
        assert await outbox.put(entry("older", age_s=61)) is Kept.STORED
        assert await outbox.put(entry("b")) is Kept.BEHIND
        for identity in ("a", "older", "as old"):
            await outbox.done(identity)
        assert await outbox.put(entry("b")) is Kept.STORED

    play(scenario)


def of_incident(identity: str, change: Change, *, age_s: int = 0, severity: Severity = Severity.PAGE) -> OutboxEntry:
    at = NOW - timedelta(seconds=age_s)
    message = notification(alert(at=at), notification_id=identity, account=account(change), to=severity)
    return OutboxEntry(message, 0, NOW)


def test_for_a_receiver_what_asks_somebody_to_act_goes_before_updates_and_these_before_ends(play: Play) -> None:
    fates = {
        "resolved": of_incident("resolved", Change.RESOLVED, age_s=90),
        "expired": of_incident("expired", Change.EXPIRED, age_s=80),
        "update": of_incident("update", Change.WORSENED, age_s=70),
        "acknowledged": of_incident("acknowledged", Change.ACKNOWLEDGED, age_s=60),
        "no data": of_incident("no data", Change.NO_DATA, age_s=50),
        "fired": of_incident("fired", Change.FIRED, age_s=40),
        "reopened": of_incident("reopened", Change.REOPENED, age_s=30),
        "notice": entry("notice", age_s=20),
        "escalated": of_incident("escalated", Change.ESCALATED, age_s=10),
        "a ticket": of_incident("a ticket", Change.FIRED, age_s=900, severity=Severity.TICKET),
        "a ticket's end": of_incident("a ticket's end", Change.RESOLVED, age_s=950, severity=Severity.TICKET),
    }
    acts, updates = ["fired", "reopened", "notice", "escalated"], ["update", "acknowledged", "no data"]

    async def scenario(outbox: Outbox) -> None:
        for put in fates.values():
            await outbox.put(put)
        order = [*acts, *updates, "resolved", "expired", "a ticket", "a ticket's end"]
        assert await take(outbox, lease_s=600) == order

    play(scenario)


def test_a_put_tells_whether_something_more_urgent_waits_for_the_same_receiver(play: Play) -> None:
    async def scenario(outbox: Outbox) -> None:
        assert await outbox.put(of_incident("old end", Change.RESOLVED, age_s=900)) is Kept.STORED
        assert await outbox.put(of_incident("page", Change.FIRED)) is Kept.STORED
        assert await outbox.put(of_incident("update", Change.JOINED, age_s=60)) is Kept.BEHIND
        assert await outbox.put(of_incident("ticket", Change.JOINED, severity=Severity.TICKET)) is Kept.STORED
        await outbox.done("page")
        assert await outbox.put(of_incident("update", Change.JOINED, age_s=60)) is Kept.STORED
        assert await outbox.put(of_incident("old end", Change.RESOLVED, age_s=900)) is Kept.BEHIND

    play(scenario)


def test_what_waits_for_a_time_that_the_clock_has_stepped_back_from_is_due(play: Play) -> None:
    async def scenario(outbox: Outbox) -> None:
        await outbox.put(entry("put off", due_in_s=300))
        await outbox.put(entry("from an hour ahead", due_in_s=3600))
        assert await take(outbox) == ["from an hour ahead"]
        assert await take(outbox) == []

    play(scenario)


def test_what_is_done_is_gone_and_does_not_come_back(play: Play) -> None:
    async def scenario(outbox: Outbox) -> None:
        await outbox.put(entry("n"))
        await outbox.done("n")
        assert await take(outbox, LATER) == []
        assert await outbox.size() == 0

    play(scenario)


def test_trying_again_later_ends_the_lease(play: Play) -> None:
    async def scenario(outbox: Outbox) -> None:
        await outbox.put(entry("n"))
        await take(outbox)
        await outbox.put(entry("n", due_in_s=2, attempts=2))
        assert await take(outbox, NOW + timedelta(seconds=1)) == []
        (again,) = await outbox.take_due(now=NOW + timedelta(seconds=2), lease_s=30)
        assert again.attempts == 2

    play(scenario)


def test_no_more_is_taken_than_can_be_sent_within_the_lease(play: Play) -> None:
    async def scenario(outbox: Outbox) -> None:
        for number in range(5):
            await outbox.put(entry(f"n{number}", age_s=number))
        assert await take(outbox, lease_s=30) == ["n4", "n3", "n2"]
        assert await take(outbox, lease_s=30) == ["n1", "n0"]

    play(scenario)
