"""The shipper: in order, each batch exactly once, for ever; a row that ClickHouse refuses is set aside alone."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from o11y.metrics import Metrics
from o11y.worker.ports import BatchState, SpoolBatch, StoreError
from o11y.worker.shipper import LOOK_FIRST_AFTER, REPUBLISH_AFTER, Shipper, backoff_s
from tests.builders import NOW
from tests.fakes import FakeMemory, SteppingClock
from tests.fakes_spool import FakeSpool
from tests.wire_events import stored_event
from tests.worker_fakes import Away, FakeEvents


class Yard:
    """A shipper, its spool and its store."""

    def __init__(self) -> None:
        self.clock = SteppingClock(NOW)
        self.spool = FakeSpool()
        self.store = FakeEvents()
        self.memory = FakeMemory(self.clock)
        self.metrics = Metrics()
        self.ready = True
        self.shipper = Shipper(
            self.spool,
            self.store,
            watermarks=self.memory,
            clock=self.clock,
            metrics=self.metrics,
            replica="a",
            jitter=lambda: 1.0,
            ready=lambda: self.ready,
        )

    def counted(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value(name)

    def post(self, *users: str, at: datetime = NOW) -> None:
        """One event a user, in one batch."""
        self.spool.append([stored_event(kiloUserId=user, received_at=at) for user in users], now=self.clock.now)
        self.spool.seal_all()

    def users(self) -> list[str]:
        return [row["kilo_user_id"] for row in self.store.rows()]

    async def turn(self) -> float:
        return await self.shipper._turn()


def refusing(user: str) -> Callable[[SpoolBatch], None]:
    def refuse(batch: SpoolBatch) -> None:
        if any(json.loads(line)["kilo_user_id"] == user for line in batch.rows.splitlines()):
            raise StoreError("cannot parse", content=True)

    return refuse


def test_batches_are_shipped_in_order_each_once() -> None:
    async def scenario(yard: Yard) -> None:
        for user in ("one", "two", "three"):
            yard.post(user)
        assert [await yard.turn() for _ in range(4)] == [0, 0, 0, 0.2]
        assert yard.users() == ["one", "two", "three"]
        assert yard.spool.depth().events == 0

    asyncio.run(scenario(Yard()))


def test_before_the_tables_and_their_views_are_there_nothing_is_shipped_and_the_watermark_says_so() -> None:
    async def scenario(yard: Yard) -> None:
        yard.ready = False
        yard.post("early")
        assert await yard.turn() > 0
        await yard.shipper.drain()
        assert (yard.store.offered, await yard.memory.oldest()) == ([], NOW)
        yard.ready = True
        assert await yard.turn() == 0
        assert yard.users() == ["early"]

    asyncio.run(scenario(Yard()))


def test_the_same_bytes_are_tried_under_the_same_id_for_ever_and_nothing_overtakes_them() -> None:
    async def scenario(yard: Yard) -> None:
        yard.post("first")
        yard.post("second")
        yard.store.fail = Away(20)
        pauses = [await yard.turn() for _ in range(20)]
        assert pauses[:8] == [0.5, 1, 2, 4, 8, 16, 30, 30]
        assert set(pauses[8:]) == {30}
        assert len(set(yard.store.offered)) == 1
        assert await yard.turn() == 0
        assert await yard.turn() == 0
        assert yard.users() == ["first", "second"]
        yard.post("third")
        yard.store.fail = Away(1)
        assert await yard.turn() == 0.5

    asyncio.run(scenario(Yard()))


def test_the_pause_has_a_jitter_of_up_to_its_half() -> None:
    assert backoff_s(1, 0.0) == 0.25
    assert backoff_s(1, 1.0) == 0.5
    assert backoff_s(10_000, 0.5) == 22.5


def test_one_poisoned_row_among_ten_is_set_aside_and_the_others_are_shipped() -> None:
    async def scenario(yard: Yard) -> None:
        names = [f"user-{number}" for number in range(10)]
        yard.post(*names)
        yard.post("after")
        yard.store.fail = refusing("user-6")
        while await yard.turn() == 0:
            continue
        assert yard.users() == [name for name in names if name != "user-6"] + ["after"]
        (aside,) = yard.spool.aside()
        assert (aside.events, aside.error) == (1, "cannot parse")
        assert yard.counted("o11y_batches_set_aside_total") == 1
        tokens = [token for token, _ in yard.store.offered]
        assert len(tokens) == len(set(tokens))

    asyncio.run(scenario(Yard()))


def test_the_first_attempt_is_written_down_before_the_insert_and_once() -> None:
    async def scenario(yard: Yard) -> None:
        seen: list[datetime | None] = []

        def look(batch: SpoolBatch) -> None:
            again = yard.spool.next_batch(now=yard.clock.now)
            assert again is not None
            seen.append(again.first_tried_at)
            raise StoreError("away")

        yard.post("one")
        yard.store.fail = look
        await yard.turn()
        yard.clock.advance(60)
        await yard.turn()
        assert seen == [NOW, NOW]

    asyncio.run(scenario(Yard()))


async def old_batch(yard: Yard, *, age: timedelta) -> str:
    """A batch first tried ``age`` ago, whose insert was never answered."""
    yard.post("old")
    yard.store.fail = Away(1)
    await yard.turn()
    yard.clock.now += age
    batch = yard.spool.next_batch(now=yard.clock.now)
    assert batch is not None
    return batch.batch_id


def test_a_young_batch_is_inserted_again_without_a_look_up() -> None:
    async def scenario(yard: Yard) -> None:
        await old_batch(yard, age=LOOK_FIRST_AFTER)
        await yard.turn()
        assert (yard.users(), yard.store.looked_up) == (["old"], [])

    asyncio.run(scenario(Yard()))


@pytest.mark.parametrize(
    ("state", "users"),
    [(BatchState.COMPLETE, []), (BatchState.ABSENT, ["old"])],
)
def test_an_old_batch_is_looked_up_first(state: BatchState, users: list[str]) -> None:
    async def scenario(yard: Yard) -> None:
        batch_id = await old_batch(yard, age=LOOK_FIRST_AFTER + timedelta(seconds=1))
        yard.store.states[batch_id] = state
        yard.post("next")
        assert [await yard.turn(), await yard.turn()] == [0, 0]
        assert yard.store.looked_up == [batch_id]
        assert yard.users() == [*users, "next"]
        assert not yard.spool.aside()
        assert yard.spool.depth().events == 0

    asyncio.run(scenario(Yard()))


def test_an_old_batch_that_is_there_in_part_is_set_aside_at_the_second_look() -> None:
    async def scenario(yard: Yard) -> None:
        batch_id = await old_batch(yard, age=LOOK_FIRST_AFTER + timedelta(seconds=1))
        yard.store.states[batch_id] = BatchState.MIXED
        yard.post("next")
        assert await yard.turn() > 0
        assert not yard.spool.aside()
        assert [await yard.turn(), await yard.turn()] == [0, 0]
        assert yard.users() == ["next"]
        assert len(yard.spool.aside()) == 1

    asyncio.run(scenario(Yard()))


def test_an_old_batch_that_is_mixed_for_a_moment_is_not_set_aside() -> None:
    async def scenario(yard: Yard) -> None:
        batch_id = await old_batch(yard, age=LOOK_FIRST_AFTER + timedelta(seconds=1))
        yard.store.states[batch_id] = BatchState.MIXED
        await yard.turn()
        yard.store.states[batch_id] = BatchState.COMPLETE
        await yard.turn()
        assert (yard.users(), len(yard.spool.aside()), yard.spool.depth().events) == ([], 0, 0)

    asyncio.run(scenario(Yard()))


def test_an_old_batch_that_cannot_be_looked_up_waits() -> None:
    async def scenario(yard: Yard) -> None:
        await old_batch(yard, age=timedelta(hours=2))
        yard.store.fail = Away(1)
        assert await yard.turn() == 1  # the second failure in a row
        assert yard.users() == []
        assert await yard.turn() == 0
        assert yard.users() == ["old"]

    asyncio.run(scenario(Yard()))


def test_an_unforeseen_failure_keeps_the_batch_and_the_loop() -> None:
    async def scenario(yard: Yard) -> None:
        yard.post("one")
        yard.store.fail = lambda batch: (_ for _ in ()).throw(RuntimeError("a bug"))
        assert await yard.turn() == 0.5
        yard.store.fail = lambda batch: None
        assert await yard.turn() == 0
        assert yard.users() == ["one"]

    asyncio.run(scenario(Yard()))


def test_the_watermark_is_the_oldest_event_that_waits_even_without_redis() -> None:
    async def scenario(yard: Yard) -> None:
        early = NOW - timedelta(seconds=30)
        yard.post("one", at=early)
        yard.store.fail = Away(1)
        await yard.turn()
        assert await yard.memory.oldest() == early
        await yard.turn()
        await yard.turn()
        assert await yard.memory.oldest() is None
        yard.post("two")
        yard.memory.lost = True
        assert await yard.turn() == 0
        assert yard.users() == ["one", "two"]

    asyncio.run(scenario(Yard()))


def test_an_unchanged_watermark_is_published_again_only_after_a_while() -> None:
    async def scenario(yard: Yard) -> None:
        published: list[datetime | None] = []
        publish = yard.memory.publish

        async def noted(replica: str, oldest: datetime | None, *, ttl_s: int) -> None:
            await publish(replica, oldest, ttl_s=ttl_s)
            published.append(oldest)

        yard.memory.publish = noted  # type: ignore[method-assign]
        for _ in range(10):
            await yard.turn()
        assert published == [None]
        yard.clock.advance(REPUBLISH_AFTER.total_seconds())
        await yard.turn()
        assert published == [None, None]
        yard.post("one")
        await yard.turn()
        await yard.turn()
        assert published == [None, None, NOW, None]
        yard.memory.lost = True
        yard.post("two")
        await yard.turn()
        yard.memory.lost = False
        await yard.turn()
        assert published == [None, None, NOW, None, None]

    asyncio.run(scenario(Yard()))


def test_a_drain_ships_open_batches_and_leaves_no_watermark_behind() -> None:
    async def scenario(yard: Yard) -> None:
        yard.spool.append([stored_event(kiloUserId="open")], now=NOW)
        await yard.turn()
        assert await yard.memory.oldest() == NOW
        await yard.shipper.drain()
        assert yard.users() == ["open"]
        assert await yard.memory.oldest() is None

    asyncio.run(scenario(Yard()))


def test_a_drain_stops_at_the_first_failure_and_keeps_the_rest() -> None:
    async def scenario(yard: Yard) -> None:
        for user in ("one", "two", "three"):
            yard.post(user)
        yard.store.fail = Away(1)
        await yard.shipper.drain()
        assert len(yard.store.offered) == 1
        assert yard.spool.depth().events == 3

    asyncio.run(scenario(Yard()))


def test_the_loop_ships_what_is_there_and_ends_when_it_is_told() -> None:
    async def scenario(yard: Yard) -> None:
        stop = asyncio.Event()
        yard.post("one")
        yard.store.fail = lambda batch: stop.set()
        await yard.shipper.run(stop)
        assert yard.users() == ["one"]

    asyncio.run(scenario(Yard()))
