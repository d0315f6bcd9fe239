"""The composition root: which parts a worker is made of, in which order they open, and close."""

import asyncio
import logging
import os
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import SecretStr

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.colour import ClickHouseColour
from o11y.adapters.clickhouse.counts import ClickHouseCounts
from o11y.adapters.clickhouse.dimensions import ClickHouseDimensions
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.history import ClickHouseHistory
from o11y.adapters.clickhouse.migrations import migrate
from o11y.adapters.data_folder import DataFolder
from o11y.adapters.log_notifier import LogNotifier
from o11y.adapters.posthog import PostHogSink
from o11y.adapters.recommended_models import FetchedModels, StaticModels
from o11y.adapters.redis.cache import RedisCache
from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.memory import RedisMemory
from o11y.adapters.redis.outbox import RedisOutbox
from o11y.adapters.slack.pace import Pace
from o11y.adapters.slack.webhook import SlackWebhook
from o11y.adapters.spool import SpoolUnusable, SqliteSpool
from o11y.metrics import Metrics
from o11y.settings import Settings, SettingsError, shipped_config
from o11y.slo.objective import Objective
from o11y.slo.objectives_file import read_objectives
from o11y.slo.windows import Severity
from o11y.worker.claims import Claims
from o11y.worker.delivery import Delivery
from o11y.worker.history import History
from o11y.worker.local_memory import LocalMemory
from o11y.worker.notices import Notices
from o11y.worker.ports import Clock, EventSink, NoSink, Notifier, RecommendedModels
from o11y.worker.questions import Questions
from o11y.worker.shipper import Shipper
from o11y.worker.tick import Ticker

log = logging.getLogger(__name__)

HISTORY_REMEMBERED = timedelta(hours=24)


class StartFailed(Exception):
    """A store of our own cannot be opened; the text says which, and why."""


class Role(StrEnum):
    ALL = "all"
    INGEST = "ingest"
    EVALUATE = "evaluate"

    @property
    def ingests(self) -> bool:
        return self is not Role.EVALUATE

    @property
    def evaluates(self) -> bool:
        return self is not Role.INGEST


@dataclass(frozen=True, slots=True)
class Stores:
    """What keeps things: all open, all owned by this process."""

    folder: Path
    clickhouse: ClickHouse
    redis: RedisConnection
    spool: SqliteSpool


@dataclass(frozen=True, slots=True)
class Worker:
    """The use-cases, wired to the stores."""

    stores: Stores
    metrics: Metrics
    shipper: Shipper
    delivery: Delivery
    notices: Notices
    ticker: Ticker
    questions: Questions
    dimensions: ClickHouseDimensions


def check_role(settings: Settings, role: Role) -> None:
    """Embedded stores belong to one process, so roles that several processes share need servers."""
    if role is not Role.ALL and (settings.embedded_clickhouse or settings.embedded_redis):
        raise SettingsError(f"--role {role} needs servers: set O11Y_CLICKHOUSE_URL and O11Y_REDIS_URL")


def objectives_of(settings: Settings) -> tuple[Objective, ...]:
    """From the file set, or the shipped one. Raises ``SettingsError`` or ``ObjectivesError``."""
    path = settings.objectives_file or shipped_config("objectives.yaml")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"O11Y_OBJECTIVES_FILE: {path} cannot be read ({type(error).__name__})") from None
    read = read_objectives(text, name=str(path))
    for warning in read.warnings:
        log.warning("probably not what was meant", extra={"objectives": warning})
    return read.objectives


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


def notifiers_of(settings: Settings) -> dict[Severity, Notifier]:
    """A webhook for each severity that has one; the log for the rest. One webhook for both keeps one pace."""
    paces: dict[str, Pace] = {}

    def notifier(url: SecretStr | None) -> Notifier:
        if url is None:
            return LogNotifier(sys.stdout, public_url=settings.public_url)
        secret = url.get_secret_value()
        return SlackWebhook(secret, public_url=settings.public_url, pace=paces.setdefault(secret, Pace()))

    return {
        Severity.PAGE: notifier(settings.slack_page_webhook_url),
        Severity.TICKET: notifier(settings.slack_ticket_webhook_url),
    }


def sink_of(settings: Settings) -> EventSink:
    if settings.posthog_api_key is None:
        return NoSink()
    return PostHogSink(settings.posthog_api_key.get_secret_value(), host=settings.posthog_host)


def retries_messages(settings: Settings, role: Role) -> bool:
    """Whether what waits in the outbox is for this process to send.

    Not for a door without both webhooks: it would tell its own log, and count a page that nobody saw as delivered.
    """
    return role.evaluates or None not in (settings.slack_page_webhook_url, settings.slack_ticket_webhook_url)


def recommended_of(settings: Settings, redis: RedisConnection) -> RecommendedModels:
    if settings.recommended_models_url:
        return FetchedModels(settings.recommended_models_url, RedisCache(redis))
    return StaticModels(settings.recommended_models)


def assemble(
    settings: Settings,
    stores: Stores,
    *,
    objectives: tuple[Objective, ...],
    notifiers: Mapping[Severity, Notifier],
    clock: Clock,
    metrics: Metrics,
    simulated: bool = False,
) -> Worker:
    """``simulated``: time is what ``clock`` says everywhere, in Redis too (replay)."""
    replica = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    memory = RedisMemory(stores.redis)
    claims = Claims(memory, LocalMemory(clock), metrics=metrics, simulated=simulated)
    told = ClickHouseHistory(stores.clickhouse)
    history = History(stores.spool)
    delivery = Delivery(
        notifiers,
        outbox=RedisOutbox(stores.redis, stores.spool),
        claims=claims,
        history=history,
        clock=clock,
        metrics=metrics,
    )
    notices = Notices(delivery, clock=clock)
    shipper = Shipper(
        stores.spool,
        ClickHouseEvents(stores.clickhouse),
        watermarks=memory,
        clock=clock,
        metrics=metrics,
        tell=notices.tell,
        replica=replica,
        ready=lambda: stores.clickhouse.migrated,
    )
    ticker = Ticker(
        objectives=objectives,
        counts=ClickHouseCounts(stores.clickhouse),
        colour=ClickHouseColour(stores.clickhouse),
        recommended=recommended_of(settings, stores.redis),
        memory=memory,
        claims=claims,
        delivery=delivery,
        history=history,
        restore=_restore(claims, told, clock),
        clock=clock,
        metrics=metrics,
        replica=replica,
        lag_s=settings.ingest_lag_s,
    )
    dimensions = ClickHouseDimensions(stores.clickhouse)
    return Worker(stores, metrics, shipper, delivery, notices, ticker, Questions(ticker), dimensions)


def _restore(claims: Claims, told: ClickHouseHistory, clock: Clock) -> Callable[[], Awaitable[None]]:
    async def restore() -> None:
        await claims.restore_after_flush(lambda: told.told_since(clock() - HISTORY_REMEMBERED))

    return restore
