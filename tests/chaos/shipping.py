"""A worker whose ClickHouse fails, on a clock that the scenario steps: doors, spool, shipper, evaluator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from o11y.app import Worker
from tests.chaos.doors import Doors
from tests.chaos.ledger import audit_events
from tests.chaos.outcome import Outcome
from tests.chaos.processes import servers, workspace
from tests.chaos.receiver import Receiver
from tests.chaos.site import MINUTE, Site, recent_minute
from tests.fakes import SteppingClock
from tests.program.facade_process import ROLLUPS, ClickHouseProcess
from tests.program.relay import Relay


@dataclass(frozen=True, slots=True)
class Shipping:
    """``road`` leads to ClickHouse, if the worker was told to take it."""

    site: Site
    worker: Worker
    doors: Doors
    clickhouse: ClickHouseProcess
    road: Relay

    @property
    def inserts(self) -> int:
        """How many have arrived, whatever became of them."""
        return len(self.clickhouse.inserts())

    async def try_once(self) -> None:
        """Up to the first failure, and the pause after it on the scenario's clock."""
        await self.worker.shipper.drain()
        self.site.clock.advance(30)

    async def until_empty(self) -> None:
        for _ in range(100):
            await self.worker.shipper.drain()
            depth = await asyncio.to_thread(self.worker.stores.spool.depth)
            assert depth.aside == 0, "a fault of the store was taken for one of the rows"
            if depth.events == 0:
                return
            self.site.clock.advance(30)
        raise AssertionError("the spool does not become empty")

    async def minutes(self, minutes: int, *, bad: bool = False) -> None:
        """A minute of traffic, shipped if that is possible, then its evaluation."""
        for _ in range(minutes):
            self.site.clock.now += MINUTE
            await self.doors.take(bad=bad)
            await self.worker.shipper.drain()
            await self.worker.ticker.tick(self.site.clock.now)
            await self.worker.delivery.retry_due()

    def remember_tokens(self, blocks: int) -> None:
        """For how many inserts ClickHouse knows its deduplication tokens."""
        for table in ("api_events", *ROLLUPS):
            self.clickhouse.rows(f"ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = {blocks}")

    def outcome(self, fault: str, injected: int, **more: Any) -> Outcome:
        acknowledged = self.doors.acknowledged
        found = audit_events(self.clickhouse.rows, acknowledged)
        return Outcome(fault, injected, len(acknowledged), found.lost, found.duplicated, **more)


@asynccontextmanager
async def shipping(*, by_road: bool = False) -> AsyncIterator[Shipping]:
    clock = SteppingClock(recent_minute())
    with workspace() as folder, servers(folder) as shared, Receiver(clock) as receiver:
        clickhouse = shared.clickhouse
        with Relay(clickhouse.url) as road:
            url = road.url if by_road else clickhouse.url
            site = Site(folder, clock, receiver, shared.redis_url, clickhouse_url=url, counts=None)
            async with site.replica() as worker:
                doors = Doors(worker, clock)
                yield Shipping(site, worker, doors, clickhouse, road)
                await doors.close()
