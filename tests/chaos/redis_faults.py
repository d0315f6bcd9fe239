"""Redis away, hanging, read-only, failed over or emptied: pages go out all the same, and no storm follows its return.

Two evaluators share it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from o11y.app import Worker
from tests.builders import NOW
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.processes import redis_server, workspace
from tests.chaos.receiver import COOLDOWN, Count, Receiver, Span, count_told
from tests.chaos.redis_pair import Pair, pair_of_servers
from tests.chaos.site import MINUTE, Site, recent_minute
from tests.chaos.under_load import closed_and_frozen, under_load
from tests.fakes import SteppingClock
from tests.program.facade_process import ClickHouseProcess
from tests.program.relay import Relay
from tests.slack_stand_in import SERVER_ERROR

#: minutes between two outages that are not to be one incident
APART = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """``minutes`` that it lasts."""

    name: str
    minutes: int
    begin: Callable[[], None]
    end: Callable[[], None]


def away(scale: Scale) -> Outcome:
    with _road() as (folder, road):
        fault = Fault("Redis away", 20, begin=road.close, end=road.open)
        return asyncio.run(_lived_through(fault, folder, road.url, times=scale.times(1, 20)))


def hanging(scale: Scale) -> Outcome:
    with _road() as (folder, road):
        fault = Fault("Redis hanging", 4, begin=road.freeze, end=road.thaw)
        return asyncio.run(_lived_through(fault, folder, road.url, times=scale.times(1, 10)))


def read_only_replica(scale: Scale) -> Outcome:
    """The other server is made the primary, ours its replica, which refuses every write; then the way back."""
    with pair_of_servers() as (folder, pair):
        fault = Fault("Redis a read-only replica", 20, begin=pair.step_down, end=pair.step_up)
        return asyncio.run(_lived_through(fault, folder, pair.url, times=scale.times(1, 20)))


def failed_over(scale: Scale) -> Outcome:
    """To a server that has not heard the last writes: replication is asynchronous. An incident and the delivery of its
    page are among them; who told it knows.
    """
    with pair_of_servers() as (folder, pair):
        return asyncio.run(_failed_over(folder, pair, times=scale.times(3, 30)))


def flushed(scale: Scale) -> Outcome:
    with workspace() as folder, redis_server(folder / "redis") as url, Redis.from_url(url) as client:
        return asyncio.run(_flushed(folder, url, client.flushall, times=scale.times(3, 30)))


def away_while_slack_fails(scale: Scale) -> Outcome:
    """Redis is back before Slack: what waits in each evaluator's own copy of the outbox is not told once more."""
    with _road() as (folder, road):
        return asyncio.run(_slack_fails_too(folder, road, times=scale.times(2, 20)))


def away_and_hanging_under_load(scale: Scale) -> Outcome:
    """The whole program: neither a door nor the way to ClickHouse waits for Redis."""
    times = scale.times(2, 40)
    name = "Redis away and hanging under load"
    return under_load(name, lambda load: closed_and_frozen(load, load.to_redis, times=times), scale)


SCENARIOS: list[Scenario] = [
    away,
    hanging,
    read_only_replica,
    failed_over,
    flushed,
    away_while_slack_fails,
    away_and_hanging_under_load,
]


# ---------------------------------------------------------------- away for a while, in one way or another


async def _lived_through(fault: Fault, folder: Path, redis_url: str, *, times: int) -> Outcome:
    clock = SteppingClock(NOW)
    total = Count()
    async with _replicas(folder, clock, redis_url) as (site, workers):
        for number in range(times):
            spans, spoilt = await _one_fault(fault, site, workers, number=number)
            found = count_told(site.receiver.told, spans, fault=spoilt, replicas=len(workers))
            site.receiver.told.clear()
            total += found
    return _outcome(fault.name, times, total, f"{fault.minutes} min each, 2 evaluators")


async def _one_fault(fault: Fault, site: Site, workers: list[Worker], *, number: int) -> tuple[dict[str, Span], Span]:
    """One model fires all the time, another one from the middle of the fault on; then every cooldown ends.

    What fired, and when the fault was.
    """
    old, new = f"vendor/old-{number:03d}", f"vendor/new-{number:03d}"
    start, every_s = site.clock.now, 30
    site.fires(old)
    await site.minutes(workers, until=start + 3 * MINUTE, outbox_every_s=every_s)
    fault.begin()
    spoilt_from = site.clock.now
    await site.minutes(workers, until=spoilt_from + fault.minutes * MINUTE / 2, outbox_every_s=every_s)
    fires_from = site.clock.now
    site.fires(old, new)
    await site.minutes(workers, until=spoilt_from + fault.minutes * MINUTE, outbox_every_s=every_s)
    fault.end()
    spoilt_until = site.clock.now
    await site.minutes(workers, until=spoilt_until + COOLDOWN + 3 * MINUTE, outbox_every_s=every_s)
    last = site.clock.now - MINUTE
    site.fires()
    await site.minutes(workers, until=site.clock.now + COOLDOWN, outbox_every_s=60)
    return {old: Span(start, last), new: Span(fires_from, last)}, Span(spoilt_from, spoilt_until)


async def _slack_fails_too(folder: Path, road: Relay, *, times: int) -> Outcome:
    total = Count()
    async with _replicas(folder, SteppingClock(NOW), road.url) as (site, workers):
        for number in range(times):
            model, start = f"vendor/waiting-{number:03d}", site.clock.now
            site.fires(model)
            road.close()
            site.receiver.standing = [SERVER_ERROR]
            await site.minutes(workers, until=start + 5 * MINUTE)
            road.open()
            await site.minutes(workers, until=start + 8 * MINUTE)
            site.receiver.standing = ()
            slack_back = site.clock.now
            await site.minutes(workers, until=slack_back + COOLDOWN + 3 * MINUTE)
            spans = {model: Span(slack_back, site.clock.now - MINUTE)}
            site.fires()
            await site.minutes(workers, until=site.clock.now + COOLDOWN, outbox_every_s=60)
            fault = Span(start, slack_back + MINUTE)
            total += count_told(site.receiver.told, spans, fault=fault, replicas=len(workers))
            site.receiver.told.clear()
    return _outcome("Redis away and Slack failing", times, total, "Redis back first")


async def _failed_over(folder: Path, pair: Pair, *, times: int) -> Outcome:
    total = Count()
    async with _replicas(folder, SteppingClock(NOW), pair.url) as (site, workers):
        for number in range(times):
            model, start = f"vendor/told-{number:03d}", site.clock.now
            pair.stop_listening()
            site.fires(model)
            await site.minutes(workers, until=start + 2 * MINUTE)
            pair.lose_what_was_not_heard()
            await site.minutes(workers, until=start + COOLDOWN + 3 * MINUTE)
            spans = {model: Span(start, site.clock.now - MINUTE)}
            site.fires()
            await site.minutes(workers, until=site.clock.now + COOLDOWN, outbox_every_s=60)
            nowhere = Span(start, start)  # nobody was without Redis: no repeat is allowed
            total += count_told(site.receiver.told, spans, fault=nowhere, replicas=len(workers))
            site.receiver.told.clear()
    return _outcome("Redis failed over, last writes lost", times, total, "a page told 2 min before")


# ---------------------------------------------------------------- emptied


async def _flushed(folder: Path, redis_url: str, flush: Callable[[], object], *, times: int) -> Outcome:
    """What was told comes back from the history; what waits in the outbox, from each replica's own copy."""
    total = Count()
    with ClickHouseProcess(folder / "clickhouse") as clickhouse:
        clock = SteppingClock(recent_minute())
        async with _replicas(folder, clock, redis_url, clickhouse_url=clickhouse.url) as (site, workers):
            for number in range(times):
                start, spans = clock.now, await _one_flush(site, workers, flush, number=number)
                nowhere = Span(start, start)  # Redis answers all the time: no repeat is allowed
                total += count_told(site.receiver.told, spans, fault=nowhere, replicas=len(workers))
                site.receiver.told.clear()
    return _outcome("Redis flushed", times, total, "one page told, one waiting in the outbox")


async def _one_flush(site: Site, workers: list[Worker], flush: Callable[[], object], *, number: int) -> dict[str, Span]:
    """Pages that are due, from when on they could be told."""
    told, waiting, start = f"vendor/told-{number:03d}", f"vendor/waiting-{number:03d}", site.clock.now
    site.fires(told)
    await _shipped_minutes(site, workers, APART)
    site.receiver.standing = [SERVER_ERROR]
    site.fires(told, waiting)
    await _shipped_minutes(site, workers, 2)
    flush()
    await _shipped_minutes(site, workers, 2)
    site.receiver.standing = ()
    slack_back = site.clock.now
    await _shipped_minutes(site, workers, 9)
    last = site.clock.now - MINUTE
    site.fires()
    await _shipped_minutes(site, workers, 6)
    return {told: Span(start, last), waiting: Span(slack_back, last)}


async def _shipped_minutes(site: Site, workers: list[Worker], minutes: int) -> None:
    for _ in range(minutes):
        await site.minutes(workers, until=site.clock.now + MINUTE, outbox_every_s=30)
        for worker in workers:
            await worker.shipper.drain()


# ---------------------------------------------------------------- the parts


@contextmanager
def _road() -> Iterator[tuple[Path, Relay]]:
    with workspace() as folder, redis_server(folder / "redis") as url, Relay(url) as road:
        yield folder, road


@asynccontextmanager
async def _replicas(
    folder: Path, clock: SteppingClock, redis_url: str, *, clickhouse_url: str | None = None
) -> AsyncIterator[tuple[Site, list[Worker]]]:
    with Receiver(clock) as receiver:
        site = Site(folder, clock, receiver, redis_url, clickhouse_url=clickhouse_url)
        async with site.replica("a") as a, site.replica("b") as b:
            yield site, [a, b]
            assert receiver.refusals == []


def _outcome(fault: str, times: int, count: Count, note: str) -> Outcome:
    return Outcome(
        fault,
        times,
        notifications=count.due,
        notifications_lost=count.lost,
        notifications_duplicated=count.duplicated,
        marked=count.marked,
        note=note,
    )
