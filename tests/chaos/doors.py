"""The way in without a socket: group commit into the spool, which is what an acknowledgement waits for."""

import random
from datetime import datetime
from uuid import UUID

from o11y.app import Worker
from o11y.worker.ingest import Ingest
from o11y.worker.ports import StoredEvent
from tests.chaos.site import MINUTE
from tests.fakes import SteppingClock
from tests.wire_events import stored_event

#: what fails, whenever anything does
OUTAGE = "vendor/outage"
MODELS = ("vendor/model-0", "vendor/model-1", OUTAGE)


class Doors:
    """Acknowledges events as the doors do: when the group commit has them. ``acknowledged`` are their ids."""

    def __init__(self, worker: Worker, clock: SteppingClock) -> None:
        self._ingest = Ingest(worker.stores.spool, clock=clock)
        self._clock = clock
        self._dice = random.Random(7)
        self.acknowledged: set[str] = set()

    async def take(self, events: int = 60, *, bad: bool = False, since: datetime | None = None) -> None:
        """Evenly spaced over the minute that begins with ``since`` or has just ended."""
        start = self._clock.now - MINUTE if since is None else since
        ids = [str(UUID(int=self._dice.getrandbits(128), version=4)) for _ in range(events)]
        taken = [self._event(one, at=start + MINUTE * number / events, bad=bad) for number, one in enumerate(ids)]
        await self._ingest.accept(taken)
        self.acknowledged.update(ids)

    def _event(self, event_id: str, *, at: datetime, bad: bool) -> StoredEvent:
        return stored_event(
            received_at=self._clock.now,
            clientSecret=...,
            eventId=event_id,
            timestamp=at.isoformat(),
            statusCode=500 if bad else 200,
            resolvedModel=OUTAGE if bad else self._dice.choice(MODELS),
        )

    async def close(self) -> None:
        await self._ingest.close()
