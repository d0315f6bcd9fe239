"""Claims: one message for many evaluators, also when Redis goes away, comes back, or forgets."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.memory import RedisMemory
from o11y.adapters.valkey import ValkeyServer
from o11y.alerting.claim import PAGE_COOLDOWN_MS, TICKET_COOLDOWN_MS, Verdict
from o11y.slo.windows import Severity
from o11y.worker.claims import QUIET_MS, terms_of
from o11y.worker.ports import NotifyError, StoreError
from o11y.worker.tick import whole_minute
from tests.builders import NOW, TICKET_6H, alert, objective, pair
from tests.fakes import SteppingClock
from tests.worker_fakes import BURNING, QUIET, SMOULDERING, World

PAGE, TICKET = Severity.PAGE, Severity.TICKET
MINUTE = timedelta(minutes=1)

# ---------------------------------------------------------------- fifty at once


@pytest.fixture(scope="module")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = ValkeyServer(Path(tmp_path_factory.mktemp("valkey")))
    server.start()
    yield server.url
    server.stop()


def test_fifty_evaluators_send_one_message() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        replicas = [world.replica(str(number)) for number in range(50)]
        await asyncio.gather(*(replica.ticker.tick(NOW) for replica in replicas))
        assert world.slack.severities() == ["page"]
        assert len(world.counts.asked) == 1

    asyncio.run(scenario(World()))


async def tell_at_once(world: World, memories: list[object]) -> None:
    """Every replica evaluates the same minute and tells what it found, as if each held the lease."""

    async def look_again(_: float) -> None:
        await asyncio.sleep(0)

    world.counts.now = BURNING
    simulated = not isinstance(memories[0], RedisMemory)
    tickers = [
        world.replica(str(number), memory=memory, simulated=simulated, sleep=look_again).ticker
        for number, memory in enumerate(memories)
    ]
    found = await asyncio.gather(*(ticker.evaluate(whole_minute(world.clock.now)) for ticker in tickers))
    assert [len(evaluation.alerts) for evaluation in found] == [2] * 50
    errors = await asyncio.gather(
        *(
            ticker._telling.tell(evaluation.alerts, until=evaluation.until, late=False)
            for ticker, evaluation in zip(tickers, found, strict=True)
        )
    )
    assert errors == [[]] * 50
    assert world.slack.severities() == ["page"]
    assert world.spool.transitions() == ["fired", "notified"]


def test_fifty_evaluators_that_all_skip_the_lease_send_one_message() -> None:
    async def scenario(world: World) -> None:
        await tell_at_once(world, [world.memory] * 50)

    asyncio.run(scenario(World()))


def test_fifty_evaluators_on_a_real_valkey_send_one_message_with_the_lease_and_without(valkey_url: str) -> None:
    async def scenario(world: World) -> None:
        connections = [RedisConnection(valkey_url, monotonic=time.monotonic) for _ in range(50)]
        try:
            memories = [RedisMemory(connection) for connection in connections]
            await tell_at_once(world, list(memories))
            world.counts.asked.clear()
            tickers = [world.replica(str(n), memory=m, simulated=False).ticker for n, m in enumerate(memories)]
            await asyncio.gather(*(ticker.tick(world.clock.now) for ticker in tickers))
            assert len(world.counts.asked) == 1
            assert world.slack.severities() == ["page"]
        finally:
            for connection in connections:
                await connection.close()

    # the server's own clock decides there, so the history must tell the same time
    asyncio.run(scenario(World(clock=SteppingClock(datetime.now(UTC)))))


# ---------------------------------------------------------------- how long a claim holds


def test_a_page_cools_down_for_15_minutes_and_a_ticket_for_4_hours() -> None:
    async def scenario(world: World) -> None:
        claims = world.replica().claims
        for severity, cooldown_ms in ((TICKET, TICKET_COOLDOWN_MS), (PAGE, PAGE_COOLDOWN_MS)):
            one = alert(severity=severity)
            await claims.confirm([one], token="t", now=NOW)
            cooldown = timedelta(milliseconds=cooldown_ms)
            for after, verdict in ((cooldown - MINUTE, Verdict.COOLDOWN), (cooldown, Verdict.CLAIMED)):
                later = alert(severity=severity, at=NOW + after)
                (answer,) = await claims.claim([later], token="u", now=NOW + after)
                assert (answer.verdict, answer.without_memory) == (verdict, False)

    asyncio.run(scenario(World()))


def test_a_page_holds_its_ticket_until_it_is_over_plus_the_tickets_short_window() -> None:
    slow = objective(pairs=(pair(long_s=3600, short_s=900), TICKET_6H))
    assert terms_of(PAGE, objective()).hold_ms == QUIET_MS + TICKET_6H.short_s * 1000
    assert terms_of(PAGE, slow).hold_ms == 900_000 + TICKET_6H.short_s * 1000
    assert terms_of(PAGE, objective(pairs=(pair(),))).hold_ms == QUIET_MS
    assert terms_of(PAGE).hold_ms == QUIET_MS + 1_800_000
    assert terms_of(TICKET, objective()).hold_ms == 0


# ---------------------------------------------------------------- Redis away


def test_with_redis_away_pages_go_out_once_a_cooldown_and_say_so() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now, world.memory.lost = BURNING, True
        await world.tick(replica, minutes=16)
        assert [(page.fired_at, page.without_memory) for page in world.slack.alerts] == [
            (NOW, True),
            (NOW + 15 * MINUTE, True),
        ]
        assert replica.ticker.health.failures_in_a_row == 0

    asyncio.run(scenario(World()))


def test_a_process_knows_what_it_told_before_redis_went_away() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica)
        world.memory.lost = True
        await world.tick(replica, minutes=14)
        assert world.slack.severities() == ["page"]
        await world.tick(replica)
        assert world.slack.severities() == ["page", "page"]

    asyncio.run(scenario(World()))


def test_what_was_told_without_redis_is_not_told_again_when_it_is_back() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica)
        world.counts.now, world.memory.lost = BURNING, True
        await world.tick(replica)
        world.memory.lost = False
        await world.tick(replica)
        await world.tick(world.replica("another"), minutes=5)
        assert [page.without_memory for page in world.slack.alerts] == [True]

    asyncio.run(scenario(World()))


def test_an_incident_told_during_a_long_absence_of_redis_is_no_late_detection_afterwards() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica)
        world.counts.at[NOW + MINUTE - timedelta(seconds=10)] = BURNING
        world.memory.lost = True
        await world.tick(replica, minutes=20)
        world.memory.lost = False
        await world.tick(replica, minutes=2)
        assert [(page.fired_at, page.late_detection) for page in world.slack.alerts] == [(NOW + MINUTE, False)]

    asyncio.run(scenario(World()))


def test_redis_lost_between_claim_and_confirm_is_told_of_it_later() -> None:
    async def scenario(world: World) -> None:
        claims = world.replica().claims
        await claims.claim([alert()], token="t", now=NOW)
        world.memory.lost = True
        await claims.queue([alert()], token="t", now=NOW)
        await claims.confirm([alert()], token="t", now=NOW)
        world.memory.lost = False
        other = alert(objective=objective(name="another"))
        await claims.claim([other], token="u", now=NOW)
        (answer,) = await world.replica("another").claims.claim([alert()], token="v", now=NOW + MINUTE)
        assert answer.verdict is Verdict.COOLDOWN

    asyncio.run(scenario(World()))


# ---------------------------------------------------------------- Redis flushed


def test_after_a_flush_what_was_told_is_restored_before_anything_is_sent() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica)
        world.memory.flush()
        await world.tick(world.replica("started"), minutes=14)
        assert world.slack.severities() == ["page"]
        await world.tick(replica)
        assert world.slack.severities() == ["page", "page"]

    asyncio.run(scenario(World()))


def test_a_restored_page_still_holds_its_ticket() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        await world.tick(world.replica())
        world.memory.flush()
        world.counts.now = SMOULDERING
        await world.tick(world.replica("started"), minutes=30)
        assert world.slack.severities() == ["page"]

    asyncio.run(scenario(World()))


def test_what_was_told_without_redis_is_shared_by_an_evaluator_that_wins_no_minute_afterwards() -> None:
    async def scenario(world: World) -> None:
        first, second = world.replica("a"), world.replica("b")
        world.counts.now, world.memory.lost = BURNING, True
        await second.ticker.tick(NOW)
        world.memory.lost = False
        await world.memory.acquire(NOW + MINUTE, owner="somebody", lease_s=3600)
        world.clock.advance(60)
        await second.ticker.tick(world.clock.now)
        world.clock.advance(60)
        await world.tick(first, minutes=12)
        assert world.slack.severities() == ["page"]

    asyncio.run(scenario(World()))


@pytest.mark.parametrize("trouble", ["flushed", "away"])
def test_redis_is_told_again_what_waits_in_the_outbox(trouble: str) -> None:
    async def scenario(world: World) -> None:
        holder, other = world.replica("holder"), world.replica("other")
        await world.tick(other)
        world.counts.now = BURNING
        world.slack.fails = [NotifyError("503 from Slack")] * 1_000
        world.memory.lost = trouble == "away"
        await holder.ticker.tick(world.clock.now)
        world.memory.lost = False
        if trouble == "flushed":
            world.memory.flush()
        world.clock.advance(60)
        for _ in range(5):
            await asyncio.gather(other.ticker.tick(world.clock.now), holder.ticker.tick(world.clock.now))
            world.clock.advance(60)
        world.slack.fails = []
        await holder.delivery.retry_due()
        assert world.slack.severities() == ["page"]
        assert world.outbox.entries == {}

    asyncio.run(scenario(World()))


def test_a_memory_that_was_never_used_is_marked_once() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        await world.tick(replica)
        assert await world.memory.generation() is not None
        world.told.fail = StoreError("not asked again")
        await world.tick(replica)
        assert replica.ticker.health.failures_in_a_row == 0

    asyncio.run(scenario(World()))


def test_while_the_history_cannot_be_read_after_a_flush_nothing_is_repeated_for_two_ticks() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = BURNING
        await world.tick(world.replica())
        world.memory.flush()
        world.told.fail = StoreError("away")
        started = world.replica("started")
        await world.tick(started, minutes=2)
        assert world.slack.severities() == ["page"]
        assert started.ticker.health.failures_in_a_row == 2
        world.told.fail = None
        await world.tick(started, minutes=5)
        assert world.slack.severities() == ["page"]

    asyncio.run(scenario(World()))


def test_while_the_history_stays_unreadable_after_a_flush_who_told_a_page_still_knows_it() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.counts.now = BURNING
        await world.tick(replica)
        world.memory.flush()
        world.told.fail = StoreError("away")
        await world.tick(replica, minutes=14)
        assert world.slack.severities() == ["page"]
        await world.tick(world.replica("other"), minutes=3)
        assert world.slack.severities() == ["page", "page"]

    asyncio.run(scenario(World()))


def test_a_history_that_stays_unreadable_does_not_silence_pages() -> None:
    async def scenario(world: World) -> None:
        world.counts.now, world.told.fail = BURNING, StoreError("no such table")
        replica = world.replica()
        await world.tick(replica, minutes=5)
        assert [page.fired_at for page in world.slack.alerts] == [NOW + 2 * MINUTE]
        assert world.slack.notices == []

    asyncio.run(scenario(World()))


def test_a_quiet_minute_asks_redis_for_no_claim() -> None:
    async def scenario(world: World) -> None:
        world.counts.now = QUIET
        replica = world.replica()
        await world.tick(replica)
        samples = [sample for metric in replica.metrics.verdicts.collect() for sample in metric.samples]
        assert samples == []

    asyncio.run(scenario(World()))
