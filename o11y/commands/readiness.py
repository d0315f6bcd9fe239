"""What ``/readyz`` checks for each role.

A door is ready when the spool takes writes, and for nothing else: an outage of ClickHouse must not take every door
out of rotation.
"""

import asyncio
from datetime import datetime

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.app import Role, Worker
from o11y.commands.clock import utc_now
from o11y.http.service import Readiness
from o11y.worker.condition import evaluations_failed
from o11y.worker.ports import MemoryLost, Spool, SpoolFull, StoreError
from o11y.worker.self_checks.receivers import takes

STORE_DEADLINE_S = 2


def readiness(role: Role, worker: Worker) -> Readiness:
    async def checks() -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        if role.ingests:
            found["spool"] = await _spool(worker.stores.spool)
        if role.evaluates:
            found["clickhouse"] = await _clickhouse(worker.stores.clickhouse)
            found["redis"] = await _redis(worker)
            found["tick"] = _tick(worker)
            found["receivers"] = _receivers(worker, utc_now())
        return found

    return checks


async def _spool(spool: Spool) -> str | None:
    try:
        await asyncio.to_thread(spool.check_writable)
    except SpoolFull as error:
        return str(error)
    return None


async def _clickhouse(clickhouse: ClickHouse) -> str | None:
    try:
        async with asyncio.timeout(STORE_DEADLINE_S):
            await clickhouse.query("SELECT 1")
    except StoreError as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {STORE_DEADLINE_S} s"
    return None


async def _redis(worker: Worker) -> str | None:
    try:
        await worker.stores.redis.ping()
    except MemoryLost as error:
        return str(error)
    return None


def _tick(worker: Worker) -> str | None:
    health = worker.ticker.health
    if health.failures_in_a_row:
        return evaluations_failed(health.failures_in_a_row, health.last_error)
    return None


def _receivers(worker: Worker, now: datetime) -> str | None:
    failing = worker.delivery.failing_since
    long = [
        f"{severity}s since {since:%H:%M} UTC"
        for severity, since in failing.items()
        if not takes(severity, failing, now=now)
    ]
    return f"no message is taken: {', '.join(sorted(long))}" if long else None
