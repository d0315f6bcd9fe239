"""One real Valkey for all tests here; with O11Y_TEST_REDIS_URL also that server, whose database is emptied."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.valkey import ValkeyServer

SERVERS = ["embedded", *(["server"] if "O11Y_TEST_REDIS_URL" in os.environ else [])]


@pytest.fixture(scope="session")
def embedded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = ValkeyServer(Path(tmp_path_factory.mktemp("valkey")))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session", params=SERVERS)
def redis_url(request: pytest.FixtureRequest) -> str:
    if request.param == "server":
        return os.environ["O11Y_TEST_REDIS_URL"]
    return str(request.getfixturevalue("embedded_url"))


@pytest.fixture(scope="session")
def flush(redis_url: str) -> Callable[[], None]:
    def empty() -> None:
        with redis.Redis.from_url(redis_url) as client:
            client.flushdb()

    return empty


@asynccontextmanager
async def connected(url: str, **changes: Any) -> AsyncIterator[RedisConnection]:
    connection = RedisConnection(url, **{"monotonic": time.monotonic, **changes})
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
def on_redis(redis_url: str, flush: Callable[[], None]) -> Callable[..., None]:
    """Run ``scenario(connection, ...)`` with as many connections as it is told, on an empty database."""

    def run(scenario: Callable[..., Awaitable[None]], connections: int = 1) -> None:
        async def main() -> None:
            opened = [RedisConnection(redis_url, monotonic=time.monotonic) for _ in range(connections)]
            try:
                await scenario(*opened)
            finally:
                for connection in opened:
                    await connection.close()

        flush()
        asyncio.run(main())

    return run
