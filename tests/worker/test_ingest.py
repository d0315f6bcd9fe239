import asyncio
from uuid import UUID

import pytest

from o11y.worker.ingest import Commit, Ingest
from o11y.worker.ports import SpoolFull, StoredEvent
from tests.builders import NOW
from tests.fakes_spool import FakeSpool


def event(n: int, *, size: int = 10) -> StoredEvent:
    return StoredEvent("gateway", str(UUID(int=n)), False, NOW, b"{" + b"x" * size)


def ingest_into(spool: FakeSpool, **options: object) -> Ingest:
    return Ingest(spool, clock=lambda: NOW, **options)  # type: ignore[arg-type]


async def entered(spool: FakeSpool) -> None:
    """The writer is at work."""
    assert await asyncio.to_thread(spool.entered.wait, 20)


def test_a_caller_goes_on_only_after_the_commit() -> None:
    async def scenario() -> None:
        spool = FakeSpool()
        spool.gate.clear()
        ingest = ingest_into(spool)
        caller = asyncio.create_task(ingest.accept([event(1)]))
        await entered(spool)
        assert not caller.done()
        spool.gate.set()
        await caller
        assert spool.depth().events == 1
        await ingest.close()

    asyncio.run(scenario())


def test_whatever_waits_is_committed_together() -> None:
    async def scenario() -> None:
        spool, commits = FakeSpool(), list[Commit]()
        spool.gate.clear()
        ingest = ingest_into(spool, on_commit=commits.append)
        first = asyncio.create_task(ingest.accept([event(0)]))
        await entered(spool)
        rest = [asyncio.create_task(ingest.accept([event(n), event(100 + n)])) for n in range(1, 20)]
        await asyncio.sleep(0)  # each caller has its turn
        assert ingest.waiting == 39
        spool.gate.set()
        await asyncio.gather(first, *rest)
        assert spool.commits == [1, 38]
        assert commits == [Commit(callers=1, events=1, stored=1), Commit(callers=19, events=38, stored=38)]
        assert ingest.waiting == 0
        await ingest.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [SpoolFull("disk"), OSError("unforeseen")])
def test_a_failing_commit_fails_exactly_its_callers(error: Exception) -> None:
    async def scenario() -> None:
        spool = FakeSpool()
        ingest = ingest_into(spool)
        await ingest.accept([event(1)])
        spool.fail = error
        failed = await asyncio.gather(ingest.accept([event(2)]), ingest.accept([event(3)]), return_exceptions=True)
        assert [type(outcome) for outcome in failed] == [SpoolFull, SpoolFull]
        spool.fail = None
        await ingest.accept([event(4)])
        assert spool.depth().events == 2
        await ingest.close()

    asyncio.run(scenario())


def test_a_caller_that_goes_away_disturbs_nobody_and_its_event_is_kept() -> None:
    async def scenario() -> None:
        spool = FakeSpool()
        spool.gate.clear()
        ingest = ingest_into(spool)
        gone, stays = (asyncio.create_task(ingest.accept([event(n)])) for n in (1, 2))
        await entered(spool)
        gone.cancel()
        await asyncio.wait([gone])
        assert gone.cancelled()
        spool.gate.set()
        await stays
        assert spool.depth().events == 2
        await ingest.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("bound", [{"max_waiting_events": 3}, {"max_waiting_bytes": 33}])
def test_beyond_the_bound_it_refuses_at_once(bound: dict[str, int]) -> None:
    async def scenario() -> None:
        spool = FakeSpool()
        spool.gate.clear()
        ingest = ingest_into(spool, **bound)
        waiting = [asyncio.create_task(ingest.accept([event(n)])) for n in range(3)]
        await asyncio.sleep(0)  # each caller has its turn
        assert ingest.waiting == 3
        with pytest.raises(SpoolFull, match="3 events are waiting"):
            await ingest.accept([event(9)])
        spool.gate.set()
        await asyncio.gather(*waiting)
        await ingest.accept([event(9)])
        assert spool.depth().events == 4
        await ingest.close()

    asyncio.run(scenario())


def test_closing_flushes_what_waits_and_refuses_what_comes() -> None:
    async def scenario() -> None:
        spool = FakeSpool()
        spool.gate.clear()
        ingest = ingest_into(spool)
        waiting = [asyncio.create_task(ingest.accept([event(n)])) for n in range(5)]
        await entered(spool)
        closing = asyncio.create_task(ingest.close())
        await asyncio.sleep(0)
        with pytest.raises(SpoolFull, match="shutting down"):
            await ingest.accept([event(9)])
        spool.gate.set()
        await asyncio.gather(closing, *waiting)
        assert spool.depth().events == 5

    asyncio.run(scenario())


def test_an_observer_that_fails_holds_up_nobody() -> None:
    async def scenario() -> None:
        heard: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(str(context["exception"])))

        def observe(_: Commit) -> None:
            raise RuntimeError("deaf")

        spool = FakeSpool()
        ingest = ingest_into(spool, on_commit=observe)
        await ingest.accept([event(1)])
        await ingest.accept([event(2)])
        await ingest.close()
        assert spool.depth().events == 2
        assert heard == ["deaf", "deaf"]

    asyncio.run(scenario())


def test_callers_of_one_turn_of_the_loop_share_a_commit() -> None:
    async def scenario() -> None:
        spool = FakeSpool()
        ingest = ingest_into(spool)
        await asyncio.gather(*(ingest.accept([event(n)]) for n in range(64)))
        assert spool.commits == [64]
        await ingest.close()

    asyncio.run(scenario())


def test_nothing_to_accept_is_accepted_without_a_commit() -> None:
    async def scenario() -> None:
        spool = FakeSpool()
        ingest = ingest_into(spool)
        await ingest.accept([])
        assert spool.commits == []
        await ingest.close()

    asyncio.run(scenario())
