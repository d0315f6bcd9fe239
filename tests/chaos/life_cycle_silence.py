"""What looks like health and is none: a gateway that has gone elsewhere, and events that are still on their way."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from o11y.alerting.incident import Change
from o11y.app import Worker
from tests.builders import NOW
from tests.chaos.ledger import audit_told
from tests.chaos.outcome import Outcome, Scale
from tests.chaos.processes import redis_server, workspace
from tests.chaos.receiver import Receiver
from tests.chaos.site import MINUTE, Site
from tests.chaos.stage import STORY
from tests.fakes import SteppingClock

#: after half an hour without a request it is said that there are none
UNTIL_NO_DATA = 31
LAGS = 12
#: how long a spool is believed to be there, in the time of Redis
TTL_S = 600
NO_END = (Change.FIRED, Change.NO_DATA)


def gateway_fails_over(scale: Scale) -> Outcome:
    """Requests for the broken model vanish; when they return it is well. And a spool lags behind."""
    return asyncio.run(_silent(scale.times(2, 20), for_good=scale.long))


async def _silent(times: int, *, for_good: bool) -> Outcome:
    clock = SteppingClock(NOW)
    due: dict[str, Sequence[Change]] = {}
    with workspace() as folder, redis_server(folder / "redis") as url, Receiver(clock) as receiver:
        site = Site(folder, clock, receiver, url)
        async with site.replica("a") as a, site.replica("b") as b:
            quiet = _Quiet(site, [a, b])
            for number in range(times):
                await quiet.vanishes(f"vendor/vanished-{number:03}")
                due[f"vendor/vanished-{number:03}"] = (*NO_END, Change.RESOLVED)
                await quiet.lags(f"vendor/lagging-{number:03}")
                due[f"vendor/lagging-{number:03}"] = STORY
            if for_good:
                await quiet.never_returns("vendor/gone")
                due["vendor/gone"] = (*NO_END, Change.EXPIRED)
        found = audit_told([told.said for told in receiver.told], due, marks_allowed=0)
        assert not found.unexpected, found.unexpected
        assert receiver.refusals == []
    return Outcome(
        "a gateway fails over; a spool lags",
        len(due),
        notifications=found.due,
        notifications_lost=found.lost,
        notifications_duplicated=found.duplicated,
        note="nothing resolved but by requests that were well",
    )


class _Quiet:
    """Models that break, and of which nothing is heard."""

    def __init__(self, site: Site, workers: list[Worker]) -> None:
        self._site = site
        self._workers = workers

    async def vanishes(self, model: str) -> None:
        await self._breaks(model)
        self._site.vanishes(model)
        await self._pass(UNTIL_NO_DATA + 10)
        assert self._ends(model) == [], "resolved by silence"
        self._site.fires()
        await self._pass(2)

    async def lags(self, model: str) -> None:
        """All that has arrived is well; something older has not arrived."""
        await self._breaks(model)
        self._site.fires()
        behind = self._site.clock.now - 2 * MINUTE
        memory = self._workers[0].ticker.memory
        for _ in range(LAGS):
            await memory.publish("a door", behind, ttl_s=TTL_S)
            await self._pass(1)
        assert self._ends(model) == [], "resolved although events were on their way"
        await memory.publish("a door", None, ttl_s=TTL_S)
        await self._pass(7)

    async def never_returns(self, model: str) -> None:
        await self._breaks(model)
        self._site.vanishes(model)
        await self._pass(timedelta(hours=25) // MINUTE)

    async def _breaks(self, model: str) -> None:
        self._site.fires(model)
        await self._pass(3)

    async def _pass(self, minutes: int) -> None:
        await self._site.minutes(self._workers, until=self._site.clock.now + minutes * MINUTE, outbox_every_s=60)

    def _ends(self, model: str) -> list[object]:
        return [*self._site.receiver.told_of(model, Change.RESOLVED)]
