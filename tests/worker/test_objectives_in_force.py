"""Objectives that change while everything runs: every replica evaluates with the same ones at the next tick."""

import asyncio
import itertools
import logging
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from o11y.slo.counts import Counts, Ratio
from o11y.slo.override import Override, Selector, Values
from o11y.slo.sli import Indicator, Sli
from o11y.worker import objectives_in_force
from o11y.worker.objective_overrides import ObjectiveOverrides
from o11y.worker.objectives_in_force import ObjectivesInForce
from o11y.worker.ports import StoreError
from o11y.worker.ports.overrides import Change
from o11y.worker.questions import Questions
from tests.builders import ERROR_RATE, NOW, dimension, latency, objective, pair
from tests.fakes_overrides import FakeOverrides
from tests.worker_fakes import BURNING, Replica, World

BASE = objective()
MODEL = Selector("error-rate", model="vendor/model")
OFF = Values(enabled=False)


def change(number: int = 1, values: Values | None = OFF, selector: Selector = MODEL) -> Change:
    return Change(f"c-{number}", number, NOW, "ann", selector, None, values, note="too noisy")


class Hanging(FakeOverrides):
    async def current(self) -> Sequence[Override]:
        await asyncio.Event().wait()
        return ()


def replica(world: World, store: FakeOverrides, name: str = "a") -> Replica:
    return world.replica(name, in_force=ObjectivesInForce(world.objectives, store).renew)


# ---------------------------------------------------------------- what is known


def test_before_anything_is_read_the_file_is_in_force() -> None:
    assert ObjectivesInForce([BASE], FakeOverrides()).current() == (BASE,)


def test_the_objectives_stay_the_same_object_for_as_long_as_nothing_changes() -> None:
    async def scenario() -> None:
        store = FakeOverrides(change())
        in_force = ObjectivesInForce([BASE], store)
        first = await in_force.renew()
        assert await in_force.renew() is first
        assert in_force.current() is first
        await store.append(change(2, None))
        assert await in_force.renew() is not first
        assert in_force.current()[0].at(dimension()) == BASE

    asyncio.run(scenario())


def test_while_the_store_does_not_answer_the_last_ones_stay_and_that_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        store = FakeOverrides(change())
        in_force = ObjectivesInForce([BASE], store)
        known = await in_force.renew()
        store.fail = StoreError("away")
        for _ in range(3):
            assert await in_force.renew() is known
        store.fail = None
        assert await in_force.renew() is known

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    (told,) = [record for record in caplog.records if "could not be read" in record.message]
    assert told.meanwhile == "the 1 known stay"  # type: ignore[attr-defined]


def test_with_none_known_yet_the_file_holds_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        store = FakeOverrides()
        store.fail = StoreError("away")
        assert await ObjectivesInForce([BASE], store).renew() == (BASE,)

    asyncio.run(scenario())
    (told,) = caplog.records
    assert told.meanwhile == "those of the file hold"  # type: ignore[attr-defined]


def test_a_store_that_hangs_is_waited_for_no_longer_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objectives_in_force, "ANSWER_WITHIN_S", 0.01)

    async def scenario() -> None:
        async with asyncio.timeout(30):
            assert await ObjectivesInForce([BASE], Hanging()).renew() == (BASE,)

    asyncio.run(scenario())


def test_an_override_that_the_file_has_no_use_for_is_kept_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        store = FakeOverrides(change(selector=Selector("gone")))
        in_force = ObjectivesInForce([BASE], store)
        await in_force.renew()
        await store.append(change(2))
        await in_force.renew()
        assert [each.override.selector.objective for each in in_force.inert] == ["gone"]
        assert len(in_force.overrides) == 2

    asyncio.run(scenario())
    assert len([record for record in caplog.records if "does nothing" in record.message]) == 1


# ---------------------------------------------------------------- the next tick


def test_two_replicas_evaluate_with_a_change_from_the_next_tick_on() -> None:
    async def scenario() -> None:
        world, store = World(), FakeOverrides()
        world.counts.now = {**BURNING, dimension("other"): BURNING[dimension()]}
        first, second = replica(world, store, "a"), replica(world, store, "b")
        for one in (first, second):
            assert len((await one.ticker.evaluate(NOW)).alerts) == 4
        await store.append(change())
        for one in (first, second):
            await one.ticker.tick(world.clock.now)
            world.clock.advance(60)
            alerts = (await one.ticker.evaluate(world.clock.now)).alerts
            assert {alert.dimension for alert in alerts} == {dimension("other")}

    asyncio.run(scenario())


def test_a_target_of_its_own_decides_exactly() -> None:
    """Half of the requests is 500 times a budget of 0.1 %, and exactly the 14.4 of one of 3.4722... %."""

    async def fires(target: str) -> bool:
        world, store = World([objective(pairs=(pair(burn_rate="14.4"),))]), FakeOverrides()
        world.counts.now = {dimension(): {ERROR_RATE: dict.fromkeys((300, 60), Ratio(720, 1_000))}}
        await store.append(change(values=Values(target=Decimal(target))))
        one = replica(world, store)
        await one.ticker.renew_objectives()
        return bool((await one.ticker.evaluate(NOW)).alerts)

    assert asyncio.run(fires("0.95"))  # 0.72 = 14.4 x 0.05, reached exactly
    assert not asyncio.run(fires("0.94999999999999999999"))


def test_a_threshold_of_its_own_is_counted_in_the_same_question() -> None:
    async def scenario() -> None:
        world, store = World([objective(sli=latency(), target="0.9", pairs=(pair(burn_rate=8),))]), FakeOverrides()
        slow: Counts = {dimension(): {latency(2_000): dict.fromkeys((300, 60), Ratio(90, 100))}}
        world.counts.now = slow
        await store.append(change(values=Values(threshold_ms=1_600)))
        one = replica(world, store)
        await one.ticker.renew_objectives()
        (alert,) = (await one.ticker.evaluate(NOW)).alerts
        assert alert.objective.sli.threshold_ms == 2_000
        assert len(world.counts.asked) == 1

    asyncio.run(scenario())


def test_an_open_incident_goes_on_under_a_new_target() -> None:
    async def scenario() -> None:
        world, store = World(), FakeOverrides()
        world.counts.now = BURNING
        one = replica(world, store)
        await world.tick(one)
        (before,) = world.incidents.incidents.values()
        await store.append(change(values=Values(target=Decimal("0.99"))))
        await world.tick(one, minutes=2)
        (after,) = world.incidents.incidents.values()
        assert (after.incident_id, after.is_open) == (before.incident_id, True)
        assert {m.burn_rate for m in after.members} == {Decimal(50)}

    asyncio.run(scenario())


def test_an_incident_of_what_was_switched_off_ends_like_one_of_an_objective_that_is_gone() -> None:
    async def ends_after(*, gone: bool) -> list[str]:
        """What is told in the hour after the objective is gone from the file, or switched off."""
        world, store = World([objective(), objective(name="x", target="0.99", family="x")]), FakeOverrides()
        world.counts.now = BURNING
        await world.tick(replica(world, store))
        if gone:
            world.objectives = world.objectives[1:]
        else:
            await store.append(change(selector=Selector("error-rate")))
        other = replica(world, store, "b")
        await world.tick(other, minutes=3)
        world.counts.now = {}
        await world.tick(other, minutes=60)
        return [str(i.phase) for i in world.incidents.incidents.values()] + world.slack.severities()

    assert asyncio.run(ends_after(gone=False)) == asyncio.run(ends_after(gone=True))


def test_traffic_goes_on_being_watched_when_objectives_change() -> None:
    """A change of objectives is no start of the process: what was watched before it counts."""

    async def scenario() -> None:
        silent = objective(
            name="silent",
            sli=Sli(Indicator.TRAFFIC),
            target="0.05",
            pairs=(pair(long_s=600, short_s=300, burn_rate=1),),
        )
        world, store = World([silent]), FakeOverrides()
        world.baselines.now = {600: {dimension(): 1_000}, 300: {dimension(): 500}}
        one = replica(world, store)
        await world.tick(one, minutes=11)
        await store.append(change(values=Values(page_eligible=False), selector=Selector("silent")))
        await world.tick(one, minutes=2)
        (alert,) = (await one.ticker.evaluate(world.clock.now)).alerts
        assert alert.severity.value == "ticket"

    asyncio.run(scenario())


# ---------------------------------------------------------------- questions


def test_explain_reads_the_overrides_first_and_names_who_switched_it_off() -> None:
    async def scenario() -> None:
        world = World()
        answer = await Questions(replica(world, FakeOverrides(change())).ticker).explain(dimension(), NOW)
        assert answer["verdicts"] == []
        assert answer["not_used"] == [
            {"objective": "error-rate", "because": "ann switched it off at 2026-11-21T12:00:00Z: too noisy"}
        ]

    asyncio.run(scenario())


def test_a_dry_run_evaluates_with_them() -> None:
    async def scenario() -> None:
        world = World()
        world.counts.now = BURNING
        answer = await Questions(replica(world, FakeOverrides(change())).ticker).dry_run(NOW)
        assert answer["firing"] == []

    asyncio.run(scenario())


# ---------------------------------------------------------------- changing them


def test_a_change_is_kept_with_who_when_before_and_after_and_holds_here_at_once() -> None:
    async def scenario() -> None:
        world, store = World(), FakeOverrides()
        in_force = ObjectivesInForce(world.objectives, store)
        overrides = ObjectiveOverrides(store, in_force, clock=world.clock)
        first = await overrides.put(MODEL, Values(target=Decimal("0.99")), by="ann", note="slow model")
        world.clock.advance(60)
        await overrides.put(MODEL, Values(enabled=False), by="bob")
        world.clock.advance(60)
        gone = await overrides.remove(MODEL, by="ann")
        assert gone is not None
        assert gone.values == Values(enabled=False)
        assert in_force.current() == tuple(world.objectives)
        found = [(c.version, c.by, c.at, c.before, c.after, c.note) for c in await overrides.changes()]
        assert found == [
            (3, "ann", NOW + timedelta(minutes=2), Values(enabled=False), None, ""),
            (2, "bob", NOW + timedelta(minutes=1), first.values, Values(enabled=False), ""),
            (1, "ann", NOW, None, first.values, "slow model"),
        ]

    asyncio.run(scenario())


def test_what_is_answered_is_what_is_kept_however_long_keeping_takes() -> None:
    async def scenario() -> None:
        store, times = FakeOverrides(), itertools.count()
        in_force = ObjectivesInForce([BASE], store)
        overrides = ObjectiveOverrides(store, in_force, clock=lambda: NOW + timedelta(milliseconds=next(times)))
        answered = await overrides.put(MODEL, Values(enabled=False), by="ann")
        assert list(in_force.overrides) == [answered]

    asyncio.run(scenario())


def test_the_same_values_again_are_no_change() -> None:
    async def scenario() -> None:
        store = FakeOverrides()
        world = World()
        overrides = ObjectiveOverrides(store, ObjectivesInForce([BASE], store), clock=world.clock)
        first = await overrides.put(MODEL, Values(enabled=False), by="ann")
        world.clock.advance(60)
        assert await overrides.put(MODEL, Values(enabled=False), by="bob") == first
        assert len(store.kept) == 1

    asyncio.run(scenario())


def test_what_is_not_there_is_not_removed() -> None:
    store = FakeOverrides()
    overrides = ObjectiveOverrides(store, ObjectivesInForce([BASE], store), clock=World().clock)
    assert asyncio.run(overrides.remove(MODEL, by="ann")) is None
    assert store.kept == []
