"""Gathers how this process is, for its status page. The stores are asked for their versions, and have 2 s each."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from o11y.adapters.clickhouse.statements import statement
from o11y.app import Role, Worker
from o11y.commands.readiness import readiness
from o11y.commands.reload import Live
from o11y.metrics import Metrics
from o11y.receivers import Channel, Way, Webhook, ways_of
from o11y.worker.condition import Condition, ReceiverCondition, SpoolCondition, StoreCondition, TickCondition
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.ports import MemoryLost, StoreError
from o11y.worker.self_checks.watch import Watch

STORE_DEADLINE_S = 2.0


def condition_of(
    live: Live, worker: Worker, *, role: Role, watch: Watch, limit: DimensionLimit, started_at: datetime
) -> Callable[[], Awaitable[Condition]]:
    """What it answers is of the moment at which it is asked."""
    ready = readiness(role, worker)

    async def condition() -> Condition:
        checks, clickhouse, redis, spool, known = await asyncio.gather(
            ready(),
            _clickhouse(live, worker),
            _redis(live, worker),
            asyncio.to_thread(_spool, worker),
            worker.open_incidents.look(),
        )
        return Condition(
            replica=worker.ticker.replica,
            role=role.value,
            started_at=started_at,
            checks=checks,
            troubles=watch.troubles,
            stores=(clickhouse, redis),
            receivers=_receivers(live, worker),
            spool=spool,
            tick=_tick(worker) if role.evaluates else None,
            dimensions=limit.open if role.ingests else None,
            incidents=sum(1 for _ in known.book.open()),
            outbox=round(_sample(worker.metrics, "o11y_outbox_entries") or 0),
            incidents_fresh=known.fresh,
            incidents_as_of=known.as_of,
        )

    return condition


async def _clickhouse(live: Live, worker: Worker) -> StoreCondition:
    place = "embedded" if live.settings.embedded_clickhouse else "server"
    try:
        async with asyncio.timeout(STORE_DEADLINE_S):
            table = await worker.stores.clickhouse.query(statement("server_version"), timeout_s=STORE_DEADLINE_S)
    except StoreError as error:
        return StoreCondition("ClickHouse", place, None, str(error))
    except TimeoutError:
        return StoreCondition("ClickHouse", place, None, f"no answer within {STORE_DEADLINE_S:g} s")
    return StoreCondition("ClickHouse", place, f"ClickHouse {next(iter(table.rows))[0]}")


async def _redis(live: Live, worker: Worker) -> StoreCondition:
    place = "embedded" if live.settings.embedded_redis else "server"
    try:
        version = await worker.stores.redis.version()
    except MemoryLost as error:
        return StoreCondition("Redis", place, None, str(error))
    return StoreCondition("Redis", place, version or "version not told")


def _spool(worker: Worker) -> SpoolCondition:
    spool = worker.stores.spool
    depth = spool.depth()
    limit = _sample(worker.metrics, "o11y_spool_limit_bytes")
    return SpoolCondition(
        events=depth.events,
        held_bytes=depth.held_bytes,
        limit_bytes=round(limit) if limit else None,
        oldest=depth.oldest,
        aside=spool.aside(),
        lost_events=sum(loss.events for loss in spool.losses()),
    )


def _receivers(live: Live, worker: Worker) -> list[ReceiverCondition]:
    failing = worker.delivery.failing_since
    ways = ways_of(live.settings)
    return [ReceiverCondition(severity, _words(way), failing.get(severity)) for severity, way in ways.items()]


def _words(way: Way) -> str:
    match way:
        case Webhook():
            return "Slack webhook"
        case Channel(name=name, buttons=buttons):
            return f"Slack channel {name}" + ("" if buttons else ", without buttons")
        case None:
            return "the log alone"


def _tick(worker: Worker) -> TickCondition:
    health, metrics = worker.ticker.health, worker.metrics
    times = _sample(metrics, "o11y_tick_seconds_count")
    total = _sample(metrics, "o11y_tick_seconds_sum") or 0.0
    outcomes = {
        sample.labels["outcome"]: round(sample.value)
        for metric in metrics.ticks.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
    return TickCondition(
        last_minute=health.last_minute,
        took_s=health.last_took_s,
        usual_s=total / times if times else None,
        failures_in_a_row=health.failures_in_a_row,
        last_error=health.last_error,
        outcomes=outcomes,
    )


def _sample(metrics: Metrics, name: str) -> float | None:
    return metrics.registry.get_sample_value(name)
