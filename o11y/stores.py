"""What keeps things: opened in their order, owned by this process, closed in the opposite order."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.migrations import migrate
from o11y.adapters.data_folder import DataFolder
from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.spool import SpoolUnusable, SqliteSpool
from o11y.settings import Settings


class StartFailed(Exception):
    """A store of our own cannot be opened; the text says which, and why."""


@dataclass(frozen=True, slots=True)
class Stores:
    """What keeps things: all open, all owned by this process."""

    folder: Path
    clickhouse: ClickHouse
    redis: RedisConnection
    spool: SqliteSpool


@asynccontextmanager
async def open_stores(settings: Settings, *, keep_forever: bool = False) -> AsyncIterator[Stores]:
    """Own the data folder and open everything in it; closed in the opposite order.

    An embedded database is brought up to date here. A server is migrated by whoever asks for it, since it may be away.
    """
    async with AsyncExitStack() as stack:
        folder = DataFolder.own(settings.data_dir)
        stack.callback(folder.release)
        redis_url = await _redis_url(settings, stack)
        redis = RedisConnection(redis_url, monotonic=time.monotonic)
        stack.push_async_callback(redis.close)
        clickhouse = await asyncio.to_thread(_clickhouse, settings)
        stack.callback(clickhouse.close)
        if settings.embedded_clickhouse:
            await migrate(clickhouse, keep_forever=keep_forever)
        spool = await asyncio.to_thread(_spool, settings)
        stack.callback(spool.close)
        yield Stores(settings.data_dir, clickhouse, redis, spool)


@asynccontextmanager
async def open_clickhouse(settings: Settings) -> AsyncIterator[ClickHouse]:
    """ClickHouse alone; an embedded one with its data folder."""
    async with AsyncExitStack() as stack:
        if settings.embedded_clickhouse:
            stack.callback(DataFolder.own(settings.data_dir).release)
        clickhouse = await asyncio.to_thread(_clickhouse, settings)
        stack.callback(clickhouse.close)
        yield clickhouse


@asynccontextmanager
async def open_redis(settings: Settings) -> AsyncIterator[RedisConnection]:
    """Redis alone; an embedded one with its data folder."""
    async with AsyncExitStack() as stack:
        if settings.embedded_redis:
            stack.callback(DataFolder.own(settings.data_dir).release)
        redis = RedisConnection(await _redis_url(settings, stack), monotonic=time.monotonic)
        stack.push_async_callback(redis.close)
        yield redis


async def _redis_url(settings: Settings, stack: AsyncExitStack) -> str:
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    from o11y.adapters.valkey import ValkeyError, ValkeyServer  # its binary comes with o11y[embedded] alone

    valkey = ValkeyServer(settings.data_dir / "valkey")
    try:
        await asyncio.to_thread(valkey.start)
    except ValkeyError as error:
        raise StartFailed(str(error)) from error
    stack.push_async_callback(asyncio.to_thread, valkey.stop)
    return valkey.url


def _spool(settings: Settings) -> SqliteSpool:
    try:
        path = settings.data_dir / "spool.sqlite"
        return SqliteSpool.open(path, max_bytes=settings.spool_max_bytes, now=datetime.now(UTC))
    except SpoolUnusable as error:
        raise StartFailed(f"spool: {error}") from error


def _clickhouse(settings: Settings) -> ClickHouse:
    if settings.clickhouse_url is not None:
        return ClickHouse.server(settings.clickhouse_url.get_secret_value(), database=settings.clickhouse_database)
    return ClickHouse.embedded(settings.data_dir / "clickhouse", database=settings.clickhouse_database)
