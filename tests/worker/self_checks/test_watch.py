"""Every check at every look, and none stops another."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from o11y.alerting.notification import Notice
from o11y.metrics import Metrics
from o11y.slo.windows import Severity
from o11y.worker.notices import Notices
from o11y.worker.self_checks.trouble import Kind, Trouble
from o11y.worker.self_checks.watch import Watch
from tests.builders import NOW
from tests.fakes import SteppingClock


class Fixed:
    """A check that finds what it is told to."""

    def __init__(self, kind: Kind, *, fails: bool = False) -> None:
        self.kinds = frozenset({kind})
        self.found = [Trouble(kind, Severity.TICKET, kind.value, "", since=NOW)]
        self.looked = asyncio.Event()
        self.fails = fails

    async def look(self, now: datetime) -> Sequence[Trouble]:
        self.looked.set()
        if self.fails:
            raise RuntimeError("a bug")
        return self.found


class Sent(list[Notice]):
    async def send(self, message: Notice) -> None:
        self.append(message)


def test_a_check_that_fails_stops_no_other_and_ends_none_of_its_troubles() -> None:
    async def scenario() -> None:
        sent, clock, metrics = Sent(), SteppingClock(NOW), Metrics()
        first, second = Fixed(Kind.SPOOL_OLD), Fixed(Kind.REDIS_FAILING)
        watch = Watch([first, second], notices=Notices(sent, clock=clock), clock=clock, metrics=metrics)
        await watch.look()
        first.fails, second.found = True, []
        for _ in range(40):
            clock.advance(15)
            await watch.look()
        assert [told.title for told in sent] == ["spool-too-old", "redis-failing", "Over: redis-failing"]

        def standing(kind: Kind) -> float | None:
            return metrics.registry.get_sample_value("o11y_troubles", {"trouble": kind.value})

        assert [standing(kind) for kind in (Kind.SPOOL_OLD, Kind.REDIS_FAILING, Kind.BLIND)] == [1, 0, 0]

    asyncio.run(scenario())


def test_it_knows_the_troubles_that_each_check_found_last() -> None:
    async def scenario() -> None:
        clock, first, second = SteppingClock(NOW), Fixed(Kind.SPOOL_OLD), Fixed(Kind.REDIS_FAILING)
        watch = Watch([first, second], notices=Notices(Sent(), clock=clock), clock=clock, metrics=Metrics())
        assert watch.troubles == []
        await watch.look()
        first.fails, second.found = True, []
        await watch.look()
        assert [trouble.kind for trouble in watch.troubles] == [Kind.SPOOL_OLD]

    asyncio.run(scenario())


def test_it_looks_until_the_process_ends() -> None:
    async def scenario() -> None:
        clock, stop, check = SteppingClock(NOW), asyncio.Event(), Fixed(Kind.SPOOL_OLD)
        watch = Watch([check], notices=Notices(Sent(), clock=clock), clock=clock, metrics=Metrics())
        running = asyncio.create_task(watch.run(stop))
        await asyncio.wait_for(check.looked.wait(), 20)
        stop.set()
        await asyncio.wait_for(running, 20)

    asyncio.run(scenario())
