"""The composition root: which parts a worker is made of, in which order they open, and close."""

import logging
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from o11y.adapters.clickhouse.alert_log import ClickHouseAlertLog
from o11y.adapters.clickhouse.baselines import ClickHouseBaselines
from o11y.adapters.clickhouse.colour import ClickHouseColour
from o11y.adapters.clickhouse.counts import ClickHouseCounts
from o11y.adapters.clickhouse.dimensions import ClickHouseDimensions
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.history import ClickHouseHistory
from o11y.adapters.clickhouse.overrides import ClickHouseOverrides
from o11y.adapters.clickhouse.past import ClickHousePast
from o11y.adapters.clickhouse.quantiles import ClickHouseQuantiles
from o11y.adapters.clickhouse.series import ClickHouseSeries
from o11y.adapters.clickhouse.spend import ClickHouseSpend
from o11y.adapters.heartbeat import HeartbeatUrl
from o11y.adapters.recommended_models import FetchedModels, StaticModels
from o11y.adapters.redis.cache import RedisCache
from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.first_to_tell import FirstToTell
from o11y.adapters.redis.incidents import RedisIncidents
from o11y.adapters.redis.memory import RedisMemory
from o11y.adapters.redis.outbox import RedisOutbox
from o11y.adapters.redis.report_turns import RedisReportTurns
from o11y.adapters.redis.silences import RedisSilences
from o11y.adapters.redis.volumes import RedisVolumes
from o11y.alerting.lifecycle import Terms
from o11y.alerting.volume import Cap
from o11y.metrics import Metrics
from o11y.receivers import ways_of
from o11y.settings import Settings, SettingsError, shipped_config
from o11y.slo.objective import Objective
from o11y.slo.objectives_file import read_objectives
from o11y.slo.windows import Severity
from o11y.stores import Stores
from o11y.worker.alert_log import AlertLog
from o11y.worker.budgets import Budgets
from o11y.worker.delivery import Delivery
from o11y.worker.heartbeat import Heartbeats
from o11y.worker.history import History
from o11y.worker.incidents import Incidents
from o11y.worker.notices import AT_MOST_EVERY, Notices
from o11y.worker.objective_overrides import ObjectiveOverrides
from o11y.worker.objectives_in_force import ObjectivesInForce
from o11y.worker.open_incidents import OpenIncidents
from o11y.worker.overview import Overview
from o11y.worker.ports import Clock, EventSink, Heartbeat, NoSink, Notifier, RecommendedModels
from o11y.worker.ports.responses import Responses
from o11y.worker.questions import Questions
from o11y.worker.responses import HumanResponses
from o11y.worker.self_checks.receivers import takes
from o11y.worker.series import Series
from o11y.worker.shipper import Shipper
from o11y.worker.silences import Silencing
from o11y.worker.speaking import Speaking
from o11y.worker.suggestions import Suggestions
from o11y.worker.telling import Telling
from o11y.worker.tick import Ticker
from o11y.worker.volumes import Volumes
from o11y.worker.weekly_report import WeeklyReport

log = logging.getLogger(__name__)

HISTORY_REMEMBERED = timedelta(hours=24)


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
    heartbeats: Heartbeats
    silencing: Silencing
    responses: Responses
    in_force: ObjectivesInForce
    overrides: ObjectiveOverrides
    suggestions: Suggestions
    open_incidents: OpenIncidents
    overview: Overview
    series: Series
    speaking: Speaking
    budgets: Budgets
    alert_log: AlertLog
    weekly_report: WeeklyReport


def check_role(settings: Settings, role: Role) -> None:
    """Embedded stores belong to one process, so roles that several processes share need servers."""
    if role is not Role.ALL and (settings.embedded_clickhouse or settings.embedded_redis):
        raise SettingsError(f"--role {role} needs servers: set O11Y_CLICKHOUSE_URL and O11Y_REDIS_URL")


def check_doors(settings: Settings) -> None:
    """Off loopback somebody has to have chosen who may look: a token made here was printed on some terminal."""
    if not settings.on_loopback and not settings.admin_tokens:
        raise SettingsError(
            f"O11Y_HOST: {settings.host} is not loopback, and needs O11Y_ADMIN_TOKENS or O11Y_ADMIN_TOKENS_FILE: "
            '{"ann": {"token": "a-long-random-text", "role": "editor"}}; without it 127.0.0.1 and ::1 are accepted'
        )


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


def retries_messages(settings: Settings, role: Role) -> bool:
    """Whether what waits in the outbox is for this process to send.

    Not for a door without both receivers: it would tell its own log, and count a page that nobody saw as delivered.
    """
    return role.evaluates or None not in ways_of(settings).values()


def heartbeat_of(settings: Settings) -> Heartbeat | None:
    return None if settings.heartbeat_url is None else HeartbeatUrl(settings.heartbeat_url.get_secret_value())


def sink_of(settings: Settings) -> EventSink:
    if settings.posthog_api_key is None:
        return NoSink()
    from o11y.adapters.posthog import PostHogSink  # here: its SDK takes 7 MB, and most workers have none

    return PostHogSink(settings.posthog_api_key.get_secret_value(), host=settings.posthog_host)


def silencing_of(redis: RedisConnection, *, clock: Clock, metrics: Metrics) -> Silencing:
    return Silencing(RedisSilences(redis), clock=clock, metrics=metrics)


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
    """``simulated``: the clock is not the world's, so nobody outside is told that it goes (replay)."""
    replica = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    memory = RedisMemory(stores.redis)
    outbox = RedisOutbox(stores.redis, stores.spool)
    book = RedisIncidents(stores.redis, outbox)
    incidents = Incidents(book, outbox, objectives=objectives, clock=clock, metrics=metrics)
    told = ClickHouseHistory(stores.clickhouse)
    history = History(stores.spool)
    silencing = silencing_of(stores.redis, clock=clock, metrics=metrics)
    delivery = Delivery(notifiers, outbox=outbox, incidents=incidents, history=history, clock=clock, metrics=metrics)
    telling = Telling(
        incidents,
        delivery=delivery,
        history=history,
        colour=ClickHouseColour(stores.clickhouse),
        silencing=silencing,
        volumes=Volumes(RedisVolumes(stores.redis), cap=Cap(settings.message_cap, settings.page_cap)),
        terms=Terms(ticket_wait=timedelta(seconds=settings.ticket_group_wait_s)),
        clock=clock,
        metrics=metrics,
    )
    first = FirstToTell(stores.redis, replica=replica, ttl_s=int(AT_MOST_EVERY.total_seconds()))
    notices = Notices(delivery, clock=clock, replica=replica, first=first)
    heartbeats = Heartbeats(
        None if simulated else heartbeat_of(settings),
        metrics=metrics,
        can_page=lambda: takes(Severity.PAGE, delivery.failing_since, now=clock()),
    )
    shipper = Shipper(
        stores.spool,
        ClickHouseEvents(stores.clickhouse),
        watermarks=memory,
        clock=clock,
        metrics=metrics,
        replica=replica,
        ready=lambda: stores.clickhouse.migrated,
    )
    dimensions = ClickHouseDimensions(stores.clickhouse)
    changed = ClickHouseOverrides(stores.clickhouse)
    in_force = ObjectivesInForce(objectives, changed)
    overrides = ObjectiveOverrides(changed, in_force, clock=clock)
    past = ClickHousePast(stores.clickhouse, dimensions=dimensions)
    suggestions = Suggestions(past, clock=clock, lag_s=settings.ingest_lag_s)
    counts = ClickHouseCounts(stores.clickhouse, dimensions=dimensions)
    baselines = ClickHouseBaselines(stores.clickhouse, dimensions=dimensions)
    ticker = Ticker(
        objectives=objectives,
        counts=counts,
        baselines=baselines,
        recommended=recommended_of(settings, stores.redis),
        memory=memory,
        incidents=incidents,
        telling=telling,
        delivery=delivery,
        restore=_restore(incidents, told, clock),
        clock=clock,
        metrics=metrics,
        replica=replica,
        lag_s=settings.ingest_lag_s,
        beat=heartbeats.beat,
        in_force=None if simulated else in_force.renew,
    )
    questions = Questions(ticker)
    open_incidents = OpenIncidents(
        book.load, last_finished=memory.last_finished, copy=incidents, health=ticker.health, clock=clock
    )
    overview = Overview(
        objectives=in_force.current,
        counts=counts,
        baselines=baselines,
        quantiles=ClickHouseQuantiles(stores.clickhouse),
        book=open_incidents.book,
        clock=clock,
        lag_s=settings.ingest_lag_s,
    )
    budgets = Budgets(
        objectives=in_force.current,
        counts=counts,
        spend=ClickHouseSpend(stores.clickhouse),
        clock=clock,
        monotonic=time.monotonic,
        lag_s=settings.ingest_lag_s,
    )
    alert_log = AlertLog(ClickHouseAlertLog(stores.clickhouse), monotonic=time.monotonic)
    weekly_report = WeeklyReport(
        budgets=budgets,
        alert_log=alert_log,
        changes=changed,
        turns=RedisReportTurns(stores.redis, replica=replica),
        send=delivery.send,
        clock=clock,
    )
    responses = HumanResponses(book, silencing, outbox=outbox, history=history, clock=clock)
    return Worker(
        stores,
        metrics,
        shipper,
        delivery,
        notices,
        ticker,
        questions,
        dimensions,
        heartbeats,
        silencing,
        responses,
        in_force,
        overrides,
        suggestions,
        open_incidents,
        overview,
        Series(ClickHouseSeries(stores.clickhouse), monotonic=time.monotonic),
        Speaking(in_force.current),
        budgets,
        alert_log,
        weekly_report,
    )


def _restore(incidents: Incidents, told: ClickHouseHistory, clock: Clock) -> Callable[[], Awaitable[None]]:
    async def restore() -> None:
        await incidents.restore_after_flush(lambda: told.incidents_since(clock() - HISTORY_REMEMBERED), now=clock())

    return restore
