"""Redis that hangs, drops, refuses or is not there: quick, named, and never with its address."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis

from o11y.adapters.redis.cache import RedisCache
from o11y.adapters.redis.connection import Call, RedisConnection, Script, script
from o11y.adapters.redis.incidents import RedisIncidents
from o11y.adapters.redis.memory import RedisMemory
from o11y.adapters.redis.outbox import RedisOutbox
from o11y.adapters.valkey import ValkeyServer
from o11y.worker.ports import Kept, MemoryLost
from tests.adapters.redis.conftest import connected
from tests.builders import NOW, incident
from tests.fakes import FakeMirror


def incidents_over(connection: RedisConnection) -> RedisIncidents:
    return RedisIncidents(connection, RedisOutbox(connection, FakeMirror()))


class Monotonic:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def serving(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()
        await server.wait_closed()


def test_a_hanging_redis_costs_one_timeout_and_then_the_breaker_answers() -> None:
    accepted = 0

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        await reader.read()  # until the client gives up
        writer.close()

    async def scenario() -> None:
        clock = Monotonic()
        async with (
            serving(lambda reader, writer: hang(reader, writer)) as url,
            connected(url, monotonic=clock, timeout_s=0.1, breaker_s=20) as connection,
        ):
            incidents = incidents_over(connection)
            for _ in range(1000):
                with pytest.raises(MemoryLost):
                    await incidents.commit(incident(), expected=None)
            assert accepted == 1
            clock.now += 20
            with pytest.raises(MemoryLost):
                await connection.ping()
            assert accepted == 2

    asyncio.run(scenario())


def test_redis_that_is_not_there_is_lost_at_once_and_its_address_not_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with connected(f"unix://:hunter2@{tmp_path}/nobody.sock") as connection:
            with pytest.raises(MemoryLost) as lost:
                await connection.ping()
            assert "nobody.sock" not in str(lost.value)
            assert "hunter2" not in str(lost.value)
            assert connection.lost

    asyncio.run(scenario())


def test_a_promoted_replica_and_a_restarted_server_are_told_from_the_one_before(tmp_path: Path) -> None:
    """Their last writes may be lost; the marker alone outlives both."""

    async def generation() -> str | None:
        async with connected(server.url) as connection:
            return await incidents_over(connection).generation()

    async def mark() -> str:
        async with connected(server.url) as connection:
            return await incidents_over(connection).mark_generation()

    def promote() -> None:
        with redis.Redis.from_url(server.url) as admin:
            admin.replicaof("127.0.0.1", "1")
            admin.replicaof("NO", "ONE")

    server = ValkeyServer(tmp_path)
    server.start()
    try:
        seen = [asyncio.run(mark()), asyncio.run(generation())]
        promote()
        seen.append(asyncio.run(generation()))
        server.stop()
        server.start()
        seen.append(asyncio.run(generation()))
    finally:
        server.stop()
    first, again, promoted, restarted = seen
    assert again == first
    assert len({first, promoted, restarted}) == 3
    assert len({str(one).split(" ")[0] for one in seen}) == 1


def test_when_redis_is_back_the_breaker_closes(redis_url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = Monotonic()
        async with connected(redis_url, monotonic=clock, timeout_s=2, breaker_s=20) as connection:
            connection._closed_at = clock.now + 20
            with pytest.raises(MemoryLost, match="a moment ago"):
                await connection.ping()
            clock.now += 20
            await connection.ping()

    asyncio.run(scenario())


def test_a_connection_cut_after_the_commit_gives_the_same_answer_again(redis_url: str) -> None:
    """The first answer is dropped on its way: the retry must not take its own commit for that of another."""
    if not redis_url.startswith("unix:"):
        pytest.skip("the cutting proxy speaks to the embedded socket")
    path = redis_url.removeprefix("unix://")
    cuts = 0

    async def cut_the_first_commit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal cuts
        upstream_reader, upstream = await asyncio.open_unix_connection(path)
        try:
            while request := await reader.read(65536):
                upstream.write(request)
                answer = await upstream_reader.read(65536)
                if b"cut-me" in request and cuts == 0:
                    cuts += 1
                    return
                writer.write(answer)
        finally:
            upstream.close()
            writer.close()

    async def scenario() -> None:
        async with serving(cut_the_first_commit) as url, connected(url) as connection:
            incidents = incidents_over(connection)
            await incidents.load()  # the server knows the script from here on
            assert await incidents.commit(incident(incident_id="cut-me"), expected=None) is Kept.STORED
            assert await incidents.commit(incident(incident_id="cut-me", version=2), expected=1) is Kept.STORED
        assert cuts == 1

    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    asyncio.run(scenario())


def test_an_answer_that_came_too_late_is_never_taken_for_the_next_ones(redis_url: str) -> None:
    slow = Script("local n = 0 for i = 1, 5e7 do n = n + i end return 'slow'")

    async def scenario() -> None:
        clock = Monotonic()
        async with connected(redis_url, monotonic=clock, timeout_s=0.05, breaker_s=1, max_connections=1) as connection:
            with pytest.raises(MemoryLost):
                await connection.run(slow, [], [])
            answers = []
            for _ in range(400):  # until the script has ended
                clock.now += 1
                try:
                    answers.append(await connection.run(Script("return 'quick'"), [], []))
                    break
                except MemoryLost:
                    continue
            assert answers == ["quick"]

    asyncio.run(scenario())


def test_a_refusal_of_one_command_is_named_and_does_not_open_the_breaker(on_redis: Callable[..., None]) -> None:
    async def scenario(connection: RedisConnection) -> None:
        with pytest.raises(MemoryLost, match="unknown op"):
            await connection.run(script("outbox"), ["a", "b", "c"], ["nonsense"])
        assert not connection.lost

    on_redis(scenario)


def test_a_server_that_forgot_the_scripts_is_given_them_again(on_redis: Callable[..., None], redis_url: str) -> None:
    async def scenario(connection: RedisConnection) -> None:
        incidents, memory = incidents_over(connection), RedisMemory(connection)
        for number in (1, 2):
            with redis.Redis.from_url(redis_url) as client:
                client.script_flush()
            assert await incidents.commit(incident(version=number), expected=number - 1 or None) is Kept.STORED
            with redis.Redis.from_url(redis_url) as client:
                client.script_flush()
            await memory.oldest()

    on_redis(scenario)


def test_a_pipeline_over_a_server_that_forgot_the_script_gives_it_again_and_names_a_refusal(
    on_redis: Callable[..., None], redis_url: str
) -> None:
    echo = Script("if ARGV[1] == 'odd' then return redis.error_reply('ODD one') end return ARGV[1]")

    async def scenario(connection: RedisConnection) -> None:
        with redis.Redis.from_url(redis_url) as client:
            client.script_flush()
        numbers = [str(number) for number in range(1200)]
        assert await connection.run_many(echo, [Call([], [number]) for number in numbers]) == numbers
        with pytest.raises(MemoryLost, match="ODD one"):
            await connection.run_many(echo, [Call([], ["even"]), Call([], ["odd"])])

    on_redis(scenario)


def test_everything_written_for_a_minute_is_garbage_one_day(on_redis: Callable[..., None], redis_url: str) -> None:
    async def scenario(connection: RedisConnection) -> None:
        memory = RedisMemory(connection)
        await memory.acquire(NOW, owner="a", lease_s=20)
        await memory.publish("replica", NOW, ttl_s=60)
        await RedisCache(connection).put("models", "[]", ttl_s=3600)

    on_redis(scenario)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        keys = set(client.keys("*")) - {"o11y:{tick}:first"}  # one, for ever
        assert len(keys) == 3
        assert all(client.ttl(key) > 0 for key in keys)


def test_the_cache_keeps_text(on_redis: Callable[..., None]) -> None:
    async def scenario(connection: RedisConnection) -> None:
        cache = RedisCache(connection)
        assert await cache.get("models") is None
        await cache.put("models", '["naïve"]', ttl_s=3600)
        assert await cache.get("models") == '["naïve"]'

    on_redis(scenario)


def test_a_server_tells_its_name_and_version(on_redis: Callable[..., None]) -> None:
    async def scenario(connection: RedisConnection) -> None:
        name, _, version = (await connection.version()).partition(" ")
        assert name in ("Valkey", "Redis")
        assert version[0].isdigit()

    on_redis(scenario)
