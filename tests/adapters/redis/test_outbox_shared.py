"""An outbox in a Redis that goes away, is flushed, is shared, and holds what other versions wrote."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from itertools import chain

import pytest
import redis

from o11y.adapters.redis import entry_json
from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.outbox import RedisOutbox, epoch_ms
from o11y.alerting.incident import Change
from o11y.slo.windows import Severity
from o11y.worker.ports import Kept, OutboxEntry, SpoolFull
from tests.adapters.redis.test_outbox import LATER, NOW, Line, entry, of_incident, take
from tests.builders import alert, notification
from tests.fakes import FakeMirror


def test_a_notification_survives_as_it_was(on_redis: Callable[..., None]) -> None:
    message = notification()

    async def scenario(connection: RedisConnection) -> None:
        outbox = RedisOutbox(connection, FakeMirror())
        put = OutboxEntry(message, 3, NOW)
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


def test_what_another_replica_has_delivered_is_not_kept_again(on_redis: Callable[..., None]) -> None:
    async def scenario(one: RedisConnection, other: RedisConnection) -> None:
        mirror = FakeMirror()
        await RedisOutbox(one, FakeMirror()).put(entry("n"))
        await RedisOutbox(one, FakeMirror()).done("n")
        assert await RedisOutbox(other, mirror).put(entry("n")) is Kept.STALE
        assert mirror.kept == {}

    on_redis(scenario, connections=2)


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


def test_an_entry_of_the_version_before_is_told(on_redis: Callable[..., None], redis_url: str) -> None:
    """Its alerts had claims and cooldowns, and no incident."""
    value = json.loads(entry_json.dumps(OutboxEntry(notification(alert()), 2, NOW)))
    message = json.loads(value["message"])
    for unknown in ("account", "to", "unseen", "edit_only"):
        del message[unknown]
    old = json.dumps({**value, "message": json.dumps({**message, "suppressed": 3}), "token": "t-1"})

    async def scenario(connection: RedisConnection) -> None:
        with redis.Redis.from_url(redis_url) as client:
            client.hset("o11y:{outbox}:entries", "n-1", old)
            client.zadd("o11y:{outbox}:due", {"n-1": 0})
            client.zadd("o11y:{outbox}:turns", {"n-1": epoch_ms(NOW)})
        mirror = FakeMirror()
        mirror.kept["n-1"] = old
        outbox = RedisOutbox(connection, mirror)
        assert list(await outbox.take_due(now=NOW, lease_s=30)) == [OutboxEntry(notification(alert()), 2, NOW)]
        assert await outbox.put(of_incident("update", Change.JOINED, severity=Severity.TICKET)) is Kept.STORED
        assert await outbox.put(of_incident("page", Change.FIRED, age_s=-1)) is Kept.BEHIND

    on_redis(scenario)


def test_a_mirror_longer_than_one_question_is_filled_in_whole(on_redis: Callable[..., None]) -> None:
    async def scenario(connection: RedisConnection) -> None:
        mirror = FakeMirror()
        mirror.kept = {f"n{number}": entry_json.dumps(entry(f"n{number}")) for number in range(1200)}
        outbox = RedisOutbox(connection, mirror)
        await take(outbox)
        assert await outbox.size() == 1200

    on_redis(scenario)
