"""From the group commit over the spool to ClickHouse, in this process, at the time of a stepping clock."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.adapters.spool import SqliteSpool
from o11y.metrics import Metrics
from o11y.worker.ingest import Ingest
from o11y.worker.ports import StoredEvent
from o11y.worker.shipper import Shipper
from tests.fakes import FakeMemory, SteppingClock
from tests.wire_events import stored_event

#: seconds by the clock within which what was acknowledged is in ClickHouse, when that answers
SHIPPED_WITHIN_S = 30


class Pipe:
    """``acknowledged`` are the ids that the spool has taken."""

    def __init__(self, spool: SqliteSpool, ingest: Ingest, *, clock: SteppingClock, dice: random.Random) -> None:
        self.acknowledged: set[str] = set()
        self._spool = spool
        self._ingest = ingest
        self._clock = clock
        self._dice = dice

    def events(self, most: int) -> list[StoredEvent]:
        return [
            stored_event(eventId=str(UUID(int=self._dice.getrandbits(128), version=4)), received_at=self._clock())
            for _ in range(self._dice.randrange(most) + 1)
        ]

    async def accept(self, events: Sequence[StoredEvent]) -> None:
        await self._ingest.accept(events)
        self.acknowledged |= {str(event.event_id) for event in events}

    async def until_shipped(self) -> None:
        """A second of the clock at a time; the shipper runs beside it, in its own time."""
        for _ in range(SHIPPED_WITHIN_S):
            if self._spool.depth().events == 0:
                return
            self._clock.advance(1)
            await asyncio.sleep(0.25)  # the shipper's own pause is 0.2 s
        raise AssertionError(f"acknowledged events are not shipped in {SHIPPED_WITHIN_S} s of the clock")


@asynccontextmanager
async def pipe(folder: Path, clickhouse_url: str, *, clock: SteppingClock, dice: random.Random) -> AsyncIterator[Pipe]:
    clickhouse = ClickHouse.server(clickhouse_url)
    spool = SqliteSpool.open(folder / "spool.sqlite")
    await migrate(clickhouse)
    ingest, stop = Ingest(spool, clock=clock), asyncio.Event()
    shipper = Shipper(
        spool,
        ClickHouseEvents(clickhouse),
        watermarks=FakeMemory(clock),
        clock=clock,
        metrics=Metrics(),
        replica="a",
    )
    shipping = asyncio.create_task(shipper.run(stop))
    try:
        yield Pipe(spool, ingest, clock=clock, dice=dice)
    finally:
        stop.set()
        await shipping
        await ingest.close()
        spool.close()
        clickhouse.close()
