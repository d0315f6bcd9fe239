"""From claim to delivery, whatever happens to Redis in between."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
import redis

from o11y.adapters.redis import entry_json
from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.outbox import RedisOutbox
from o11y.alerting.notification import Notice, message_id
from o11y.slo.windows import Severity
from o11y.worker.ports import Outbox, OutboxEntry, SpoolFull
from tests.builders import notification
from tests.fakes import FakeMirror, FakeOutbox

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=31)


def entry(
    identity: str, *, due_in_s: int = 0, attempts: int = 1, age_s: int = 0, severity: Severity = Severity.PAGE
) -> OutboxEntry:
    message = Notice(identity, severity, "title", "text", NOW - timedelta(seconds=age_s))
    return OutboxEntry(message, attempts, NOW + timedelta(seconds=due_in_s), f"token-{identity}")


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
        assert not await outbox.put(entry("a", age_s=60, due_in_s=30))
        assert not await outbox.put(entry("a", age_s=60, due_in_s=60))
        assert not await outbox.put(entry("a ticket", severity=Severity.TICKET))
        assert not await outbox.put(entry("as old", age_s=60))
        assert not await outbox.put(entry("older", age_s=61))
        assert await outbox.put(entry("b"))
        for identity in ("a", "older", "as old"):
            await outbox.done(identity)
        assert not await outbox.put(entry("b"))

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
        assert again.token == "token-n"

    play(scenario)


def test_no_more_is_taken_than_can_be_sent_within_the_lease(play: Play) -> None:
    async def scenario(outbox: Outbox) -> None:
        for number in range(5):
            await outbox.put(entry(f"n{number}", age_s=number))
        assert await take(outbox, lease_s=30) == ["n4", "n3", "n2"]
        assert await take(outbox, lease_s=30) == ["n1", "n0"]

    play(scenario)


# ---------------------------------------------------------------- Redis away, flushed, shared


def test_a_notification_survives_as_it_was(on_redis: Callable[..., None]) -> None:
    message = notification()

    async def scenario(connection: RedisConnection) -> None:
        outbox = RedisOutbox(connection, FakeMirror())
        put = OutboxEntry(message, 3, NOW, "token")
        await outbox.put(put)
        assert list(await outbox.take_due(now=NOW, lease_s=30)) == [put]

    on_redis(scenario)


def test_one_replica_alone_sends_each(on_redis: Callable[..., None]) -> None:
    async def scenario(*connections: RedisConnection) -> None:
        outboxes = [RedisOutbox(connection, FakeMirror()) for connection in connections]
        for number in range(20):
            await outboxes[0].put(entry(f"n{number:02}"))
        taken = await asyncio.gather(*(take(outbox, lease_s=30) for outbox in outboxes))
        assert sorted(chain.from_iterable(taken)) == [f"n{number:02}" for number in range(20)]

    on_redis(scenario, connections=8)


def test_after_a_flush_the_mirror_fills_redis_again(on_redis: Callable[..., None], flush: Callable[[], None]) -> None:
    async def scenario(connection: RedisConnection) -> None:
        outbox = RedisOutbox(connection, FakeMirror())
        await outbox.put(entry("n"))
        flush()
        assert await take(outbox) == ["n"]
        assert await outbox.size() == 1

    on_redis(scenario)


def test_a_restarted_process_sends_what_its_mirror_has(
    on_redis: Callable[..., None], flush: Callable[[], None]
) -> None:
    async def scenario(connection: RedisConnection) -> None:
        mirror = FakeMirror()
        await RedisOutbox(connection, mirror).put(entry("n"))
        flush()
        assert await take(RedisOutbox(connection, mirror)) == ["n"]

    on_redis(scenario)


def test_what_was_put_while_redis_was_away_is_shared_when_it_is_back(on_redis: Callable[..., None]) -> None:
    async def scenario(mine: RedisConnection, other: RedisConnection) -> None:
        line, outbox = Line(mine), RedisOutbox(mine, FakeMirror())
        line.cut()
        await outbox.put(entry("n"))
        line.mend()
        assert await take(outbox) == ["n"]
        assert await take(RedisOutbox(other, FakeMirror()), LATER) == ["n"]

    on_redis(scenario, connections=2)


def test_what_another_replica_delivered_is_not_sent_from_the_mirror(on_redis: Callable[..., None]) -> None:
    async def scenario(mine: RedisConnection, other: RedisConnection) -> None:
        mirror = FakeMirror()
        outbox = RedisOutbox(mine, mirror)
        await outbox.put(entry("n"))
        await RedisOutbox(other, FakeMirror()).done("n")
        assert await take(outbox, LATER) == []
        assert mirror.kept == {}
        await outbox.put(entry("n", attempts=2))  # a replica that hung meanwhile
        assert await take(outbox, LATER) == []
        assert mirror.kept == {}

    on_redis(scenario, connections=2)


def test_a_delivery_while_redis_was_away_is_told_when_it_is_back_even_by_a_restarted_process(
    on_redis: Callable[..., None],
) -> None:
    async def scenario(mine: RedisConnection, other: RedisConnection) -> None:
        line, mirror = Line(mine), FakeMirror()
        outbox = RedisOutbox(mine, mirror)
        await outbox.put(entry("n"))
        line.cut()
        assert await take(outbox) == ["n"]
        await outbox.done("n")
        assert await outbox.size() == 0
        line.mend()
        assert await take(RedisOutbox(mine, mirror), LATER) == []
        assert await take(RedisOutbox(other, FakeMirror()), LATER) == []
        assert mirror.kept == {}

    on_redis(scenario, connections=2)


def test_a_lease_taken_in_redis_holds_when_redis_goes_away(on_redis: Callable[..., None]) -> None:
    async def scenario(connection: RedisConnection) -> None:
        outbox = RedisOutbox(connection, FakeMirror())
        await outbox.put(entry("n"))
        assert await take(outbox) == ["n"]
        Line(connection).cut()
        assert await take(outbox, NOW + timedelta(seconds=29)) == []
        assert await take(outbox, NOW + timedelta(seconds=30)) == ["n"]

    on_redis(scenario)


def test_the_outbox_is_bounded_and_says_what_it_refuses(
    on_redis: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(connection: RedisConnection) -> None:
        outbox = RedisOutbox(connection, FakeMirror(), capacity=2)
        for identity in ("a", "b", "c"):
            await outbox.put(entry(identity))
        await outbox.put(entry("a", attempts=2))  # known already: always taken
        assert await outbox.size() == 2

    with caplog.at_level(logging.ERROR):
        on_redis(scenario)
    assert [record.__dict__["notification_id"] for record in caplog.records if "full" in record.message] == ["c"]


def test_a_full_disk_leaves_the_entry_in_redis(on_redis: Callable[..., None], caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(connection: RedisConnection) -> None:
        mirror = FakeMirror()
        mirror.full = SpoolFull("no room")
        outbox = RedisOutbox(connection, mirror)
        await outbox.put(entry("n"))
        assert await take(outbox) == ["n"]

    on_redis(scenario)
    assert not any("will not be retried" in record.message for record in caplog.records)


def test_an_entry_of_another_version_stops_nobody(on_redis: Callable[..., None], redis_url: str) -> None:
    async def scenario(connection: RedisConnection) -> None:
        with redis.Redis.from_url(redis_url) as client:
            client.hset("o11y:{outbox}:entries", "odd", '{"version": 99}')
            client.zadd("o11y:{outbox}:due", {"odd": 0})
        mirror = FakeMirror()
        mirror.kept["odder"] = "not json"
        outbox = RedisOutbox(connection, mirror)
        await outbox.put(entry("n"))
        assert await take(outbox) == ["n"]

    on_redis(scenario)


def test_a_mirror_longer_than_one_question_is_filled_in_whole(on_redis: Callable[..., None]) -> None:
    async def scenario(connection: RedisConnection) -> None:
        mirror = FakeMirror()
        mirror.kept = {f"n{number}": entry_json.dumps(entry(f"n{number}")) for number in range(1200)}
        outbox = RedisOutbox(connection, mirror)
        await take(outbox)
        assert await outbox.size() == 1200

    on_redis(scenario)
