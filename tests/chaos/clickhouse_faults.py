"""ClickHouse refusing, cutting, hanging and away: what was acknowledged is stored once, in raw and in every rollup."""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import timedelta

from tests.chaos.doors import OUTAGE
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.shipping import Shipping, shipping
from tests.chaos.stage import STORY
from tests.chaos.under_load import Load, closed_and_frozen, under_load
from tests.clickhouse_facade import Fault
from tests.program.relay import Relay
from tests.program.waiting import until

CUTS = (Fault.CUT_BEFORE_READ, Fault.CUT_MID_BODY, Fault.DROP_AFTER_COMMIT, Fault.CUT_MID_ANSWER)
REFUSALS = (Fault.READ_ONLY, Fault.TABLE_READ_ONLY, Fault.DISK_FULL)
HANGING = (Fault.HANG, Fault.HANG_AFTER_COMMIT)
ANSWERED_OR_CUT = tuple(fault for fault in Fault if fault not in HANGING)
BLIND = "o11y is blind"
#: told in an earlier round, a page is old news by then
ROUNDS_APART = timedelta(minutes=90)


def cut_connections(scale: Scale) -> Outcome:
    return asyncio.run(_inserts_fail("ClickHouse cuts connections", CUTS, scale, times=scale.times(3, 50)))


def error_after_commit(scale: Scale) -> Outcome:
    faults = (Fault.ERROR_AFTER_COMMIT,)
    return asyncio.run(_inserts_fail("ClickHouse 500 after the commit", faults, scale, times=scale.times(8, 150)))


def read_only_and_disk_full(scale: Scale) -> Outcome:
    name = "ClickHouse read-only (164, 242), disk full (243)"
    return asyncio.run(_inserts_fail(name, REFUSALS, scale, times=scale.times(3, 50)))


def hanging_inserts(scale: Scale) -> Outcome:
    return asyncio.run(_inserts_fail("ClickHouse hangs in an insert", HANGING, scale, times=scale.times(1, 10)))


def away_ten_minutes(scale: Scale) -> Outcome:
    return asyncio.run(_gone("ClickHouse away for 10 minutes", scale.times(1, 10), minutes=10, begin=Relay.close))


def hanging_evaluations(scale: Scale) -> Outcome:
    """It takes every request and answers none; each of them arrives in the end."""
    return asyncio.run(_gone("ClickHouse hanging for 4 minutes", scale.times(1, 5), minutes=4, begin=Relay.freeze))


def looked_up_after_half_an_hour(scale: Scale) -> Outcome:
    return asyncio.run(_tokens_forgotten(scale.times(2, 20)))


def every_fault_under_load(scale: Scale) -> Outcome:
    """The whole program: inserts fail in ways chosen by chance."""
    dice, pairs = random.Random(scale.seed), scale.times(3, 60)

    def spoil(load: Load) -> int:
        def inserts() -> int:
            return len(load.clickhouse.inserts())

        for _ in range(pairs):
            goal = inserts() + 3
            load.clickhouse.fail(*dice.choices(ANSWERED_OR_CUT, k=2))
            load.gateway.until_acknowledged(50)
            until(lambda goal=goal: inserts() >= goal, "an insert after two that failed")  # type: ignore[misc]
        return 2 * pairs

    return under_load("ClickHouse failing at random under load", spoil, scale)


def away_and_hanging_under_load(scale: Scale) -> Outcome:
    """The whole program: the road to ClickHouse is closed, opened, frozen and thawed."""
    times = scale.times(2, 40)
    name = "ClickHouse away and hanging under load"
    return under_load(name, lambda load: closed_and_frozen(load, load.to_clickhouse, times=times), scale)


SCENARIOS: list[Scenario] = [
    cut_connections,
    error_after_commit,
    read_only_and_disk_full,
    hanging_inserts,
    away_ten_minutes,
    hanging_evaluations,
    looked_up_after_half_an_hour,
    every_fault_under_load,
    away_and_hanging_under_load,
]


# ---------------------------------------------------------------- the worker on a clock


async def _inserts_fail(name: str, faults: Sequence[Fault], scale: Scale, *, times: int) -> Outcome:
    """Each fault so many times, in an order chosen by chance; more events arrive after each."""
    dice, injected = random.Random(scale.seed), list(faults) * times
    dice.shuffle(injected)
    async with shipping() as run:
        goal, batches = run.inserts + len(injected), 0
        run.clickhouse.fail(*injected)
        while run.inserts < goal:
            batches += 1
            await run.doors.take()
            await run.try_once()
        await run.until_empty()
        tokens = run.clickhouse.inserts()
        found = run.outcome(name, len(injected), note=f"{len(tokens)} inserts of {batches} batches")
        assert not found.kept or len(set(tokens)) == batches, "a batch was split, although its rows are good"
        return found


async def _gone(name: str, times: int, *, minutes: int, begin: Callable[[Relay], None]) -> Outcome:
    """With an outage in it that goes on: the third failed evaluation is a page, and so is the outage afterwards; and
    its end.
    """
    lost = duplicated = 0
    async with shipping(by_road=True) as run:
        for _ in range(times):
            run.site.clock.now += ROUNDS_APART
            run.site.receiver.told.clear()
            await run.minutes(3)
            begin(run.road)
            await run.minutes(minutes // 2)
            await run.minutes(minutes // 2, bad=True)
            assert all(told.tells_of(BLIND) for told in run.site.receiver.told)
            run.road.mend()
            await run.until_empty()
            await run.minutes(2, bad=True)
            await run.minutes(12)
            told = run.site.receiver.told
            blind = sum(one.tells_of(BLIND) for one in told)
            story = [len(run.site.receiver.told_of(OUTAGE, change)) for change in STORY]
            lost += (blind == 0) + story.count(0)
            duplicated += len(told) - min(1, blind) - sum(min(1, times) for times in story)
        return run.outcome(
            name,
            times,
            notifications=3 * times,
            notifications_lost=lost,
            notifications_duplicated=duplicated,
            note="o11y is blind, then the outage and its end",
        )


async def _tokens_forgotten(times: int) -> Outcome:
    """The answer to an insert is lost, or its rows are; then ClickHouse is away until it has forgotten every token.

    The look before the retry alone can tell the one from the other.
    """
    async with shipping(by_road=True) as run:
        for number in range(times):
            await _answer_lost_for_long(run, committed=number % 2 == 0)
        return run.outcome(
            "ClickHouse away for 31 minutes after an insert", times, note="tokens forgotten, looked up before the retry"
        )


async def _answer_lost_for_long(run: Shipping, *, committed: bool) -> None:
    run.remember_tokens(10_000)
    await run.doors.take()
    run.clickhouse.fail(Fault.DROP_AFTER_COMMIT if committed else Fault.CUT_MID_BODY)
    await run.try_once()
    run.road.close()
    run.site.clock.now += timedelta(minutes=31)
    await run.try_once()
    run.remember_tokens(0)
    run.road.mend()
    before = run.inserts
    await run.until_empty()
    assert run.inserts - before == (0 if committed else 1), f"inserted {run.inserts - before} times, {committed=}"
