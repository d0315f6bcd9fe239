"""Incidents in a Redis that many evaluators write to, that fails, forgets, fails over and holds what others wrote."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.incidents import RedisIncidents
from o11y.adapters.redis.outbox import RedisOutbox
from o11y.adapters.redis.volumes import RedisVolumes
from o11y.slo.windows import Severity
from o11y.worker.ports import Kept, MemoryLost, Receipt, SpoolFull
from tests.adapters.redis.conftest import connected
from tests.adapters.redis.incident_stores import entry, version, waiting
from tests.builders import NOW
from tests.chaos.processes import redis_server
from tests.fakes import FakeMirror
from tests.program.relay import Relay
from tests.program.waiting import until

KEY = "o11y:{outbox}:"


def store(connection: RedisConnection, mirror: FakeMirror | None = None, **changes: int) -> RedisIncidents:
    return RedisIncidents(connection, RedisOutbox(connection, mirror or FakeMirror(), **changes))


# ---------------------------------------------------------------- both or neither, once


def test_of_fifty_evaluators_that_take_the_same_step_one_keeps_it_with_its_message(
    on_redis: Callable[..., None],
) -> None:
    async def scenario(*connections: RedisConnection) -> None:
        stores = [store(connection) for connection in connections]
        for number in (1, 2):
            expected = number - 1 or None
            answers = await asyncio.gather(
                *(
                    stores[writer % len(stores)].commit(
                        version(number, reopened=writer), expected=expected, entry=entry(f"{number}-{writer}")
                    )
                    for writer in range(50)
                )
            )
            assert sorted(answers) == [Kept.STALE] * 49 + [Kept.STORED]
            (kept,) = (await stores[0].load()).incidents.values()
            assert answers[kept.reopened] is not Kept.STALE
            assert f"{number}-{kept.reopened}" in await waiting(RedisOutbox(connections[0], FakeMirror()))
            assert await RedisOutbox(connections[0], FakeMirror()).size() == number

    on_redis(scenario, connections=10)


@pytest.mark.parametrize("broken", ["entries", "due", "turns", "delivered", "incidents", "messages", "receipts"])
def test_when_the_script_fails_neither_the_incident_nor_its_message_is_kept(
    on_redis: Callable[..., None], redis_url: str, broken: str
) -> None:
    """Redis does not undo what a failing script has written."""

    async def scenario(connection: RedisConnection) -> None:
        with redis.Redis.from_url(redis_url, decode_responses=True) as client:
            client.set(KEY + broken, "of another type")
            mirror = FakeMirror()
            with pytest.raises(MemoryLost):
                await store(connection, mirror).commit(version(1), expected=None, entry=entry())
            assert client.keys("*") == [KEY + broken]
            assert mirror.kept == {}

    on_redis(scenario)


def test_a_full_outbox_keeps_the_incident_and_says_so(
    on_redis: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(connection: RedisConnection) -> None:
        mirror = FakeMirror()
        incidents = store(connection, mirror, capacity=1)
        assert await incidents.commit(version(1), expected=None, entry=entry("a")) is Kept.STORED
        assert await incidents.commit(version(2), expected=1, entry=entry("b")) is Kept.FULL
        assert await incidents.commit(version(2), expected=1, entry=entry("b")) is Kept.FULL
        assert (await incidents.load()).incidents == {"i-1": version(2)}
        assert await RedisOutbox(connection, FakeMirror()).size() == 1
        assert list(mirror.kept) == ["a"]

    with caplog.at_level(logging.ERROR):
        on_redis(scenario)
    assert "outbox full: entry will not be retried" in caplog.text


# ---------------------------------------------------------------- the mirror


class Dying(FakeMirror):
    """The process dies as it turns to its mirror."""

    def outbox_put(self, notification_id: str, payload: str, /) -> None:
        raise KeyboardInterrupt


def test_a_process_that_dies_before_it_mirrors_has_kept_the_message_in_redis(on_redis: Callable[..., None]) -> None:
    async def scenario(connection: RedisConnection, other: RedisConnection) -> None:
        with pytest.raises(KeyboardInterrupt):
            await store(connection, Dying()).commit(version(1), expected=None, entry=entry())
        assert (await store(other).load()).incidents == {"i-1": version(1)}
        assert await waiting(RedisOutbox(other, FakeMirror())) == ["n-1"]

    on_redis(scenario, connections=2)


def test_a_message_whose_incident_was_refused_is_in_no_mirror(on_redis: Callable[..., None]) -> None:
    async def scenario(connection: RedisConnection) -> None:
        mirror = FakeMirror()
        await store(connection).commit(version(1), expected=None)
        late = version(1, reopened=3)
        assert await store(connection, mirror).commit(late, expected=None, entry=entry()) is Kept.STALE
        assert mirror.kept == {}
        assert await waiting(RedisOutbox(connection, mirror)) == []

    on_redis(scenario)


def test_after_a_flush_the_mirror_brings_a_committed_message_back(
    on_redis: Callable[..., None], flush: Callable[[], None]
) -> None:
    async def scenario(connection: RedisConnection) -> None:
        mirror = FakeMirror()
        await store(connection, mirror).commit(version(1), expected=None, entry=entry())
        flush()
        assert await waiting(RedisOutbox(connection, mirror)) == ["n-1"]

    on_redis(scenario)


def test_a_full_disk_does_not_stop_a_commit(on_redis: Callable[..., None]) -> None:
    async def scenario(connection: RedisConnection) -> None:
        mirror = FakeMirror()
        mirror.full = SpoolFull("no room")
        assert await store(connection, mirror).commit(version(1), expected=None, entry=entry()) is Kept.STORED
        assert await waiting(RedisOutbox(connection, FakeMirror())) == ["n-1"]

    on_redis(scenario)


# ---------------------------------------------------------------- away, flushed, failed over


def test_with_redis_away_every_question_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with connected(f"unix://{tmp_path}/nobody.sock") as connection:
            mirror = FakeMirror()
            incidents, volumes = store(connection, mirror), RedisVolumes(connection)
            for ask in (
                lambda: incidents.load(),
                lambda: incidents.commit(version(1), expected=None, entry=entry()),
                lambda: incidents.forget([version(1)]),
                lambda: incidents.receive(Receipt("i-1", Severity.PAGE, NOW, pages=True)),
                lambda: incidents.delivery_of("i-1"),
                lambda: incidents.acknowledge("i-1", by="ann", at=NOW),
                lambda: incidents.last_message("i-1"),
                lambda: incidents.generation(),
                lambda: incidents.mark_generation(),
                lambda: volumes.volume(Severity.PAGE),
            ):
                with pytest.raises(MemoryLost):
                    await ask()
            assert mirror.kept == {}

    asyncio.run(scenario())


def test_a_flush_ends_a_generation(on_redis: Callable[..., None], flush: Callable[[], None]) -> None:
    async def scenario(connection: RedisConnection) -> None:
        incidents = store(connection)
        before = await incidents.mark_generation()
        flush()
        assert await incidents.generation() is None
        assert await incidents.mark_generation() != before

    on_redis(scenario)


def test_replicas_that_mark_at_once_agree(on_redis: Callable[..., None]) -> None:
    async def scenario(*connections: RedisConnection) -> None:
        assert len(set(await asyncio.gather(*(store(one).mark_generation() for one in connections)))) == 1

    on_redis(scenario, connections=10)


@contextmanager
def primary_and_replica(folder: Path) -> Iterator[tuple[str, redis.Redis, str, redis.Redis]]:
    with ExitStack() as stack:
        ours, other = (stack.enter_context(redis_server(folder / name)) for name in ("a", "b"))
        road = stack.enter_context(Relay(ours))
        own, others = (stack.enter_context(redis.Redis.from_url(url)) for url in (ours, other))
        host, port = road.url.removeprefix("redis://").split(":")
        others.replicaof(host, port)
        until(lambda: others.info("replication").get("master_link_status") == "up", "the replica is up to date")
        yield ours, own, other, others


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="a replica needs redis-server")
def test_a_replica_that_is_promoted_knows_what_it_heard_and_is_told_from_the_primary(tmp_path: Path) -> None:
    def heard(server: redis.Redis) -> int:
        return int(server.info("replication")["master_repl_offset"])

    async def scenario() -> None:
        with primary_and_replica(tmp_path) as (ours, own, other, others):
            async with connected(ours, timeout_s=30) as before, connected(other, timeout_s=30) as after:
                primary, promoted = store(before), store(after)
                marked = await primary.mark_generation()
                await primary.commit(version(1), expected=None, entry=entry())
                until(lambda: heard(others) == heard(own), "the replica has heard everything")
                with pytest.raises(MemoryLost, match=r"(?i)read.?only"):
                    await promoted.commit(version(2), expected=1)
                others.replicaof("NO", "ONE")
                await primary.commit(version(2), expected=1)  # nobody hears of it
                generation = await promoted.generation()
                assert generation not in (marked, None)
                assert generation.partition(" ")[0] == marked.partition(" ")[0]
                assert await promoted.mark_generation() == generation
                assert (await promoted.load()).incidents == {"i-1": version(1)}
                assert await waiting(RedisOutbox(after, FakeMirror())) == ["n-1"]
                assert await promoted.commit(version(2), expected=1) is Kept.STORED

    asyncio.run(scenario())
