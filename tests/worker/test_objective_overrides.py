"""Changes of objectives that are made at once: one after another, and each remembers what it replaced."""

import asyncio

import pytest

from o11y.slo.in_force import in_force
from o11y.slo.override import Selector, Values
from o11y.worker import objective_overrides
from o11y.worker.objective_overrides import ObjectiveOverrides, TooManyOverrides
from o11y.worker.objectives_in_force import ObjectivesInForce
from o11y.worker.override_request import BadOverride
from o11y.worker.ports import StoreError
from o11y.worker.ports.overrides import MOST_OVERRIDES, Change
from tests.builders import NOW, dimension, objective
from tests.fakes import SteppingClock
from tests.fakes_overrides import FakeOverrides

BASE = objective()
MODEL = Selector("error-rate", model="vendor/model")


class Slow(FakeOverrides):
    """Answers what was true a moment ago, as a store over a network does."""

    def __init__(self, *changes: Change) -> None:
        super().__init__(*changes)
        self.stuck = asyncio.Event()
        self.stuck.set()

    async def last(self, selector: Selector) -> Change | None:
        found = await super().last(selector)
        await self.stuck.wait()
        await asyncio.sleep(0)
        return found

    async def append(self, change: Change) -> None:
        await asyncio.sleep(0)
        await super().append(change)


def overrides_of(store: FakeOverrides) -> ObjectiveOverrides:
    return ObjectiveOverrides(store, ObjectivesInForce([BASE], store), clock=SteppingClock(NOW))


def test_of_changes_made_at_once_each_has_what_the_last_one_left_before_it() -> None:
    async def scenario() -> None:
        store = Slow()
        overrides = overrides_of(store)
        values = [Values(min_requests=number) for number in range(1, 7)]
        await asyncio.gather(*(overrides.put(MODEL, each, by="ann") for each in values))
        assert [change.before for change in store.kept] == [None, *(change.after for change in store.kept[:-1])]
        assert [change.version for change in store.kept] == [1, 2, 3, 4, 5, 6]

    asyncio.run(scenario())


def test_of_two_who_remove_one_at_once_one_finds_it_gone() -> None:
    async def scenario() -> None:
        store = Slow(Change("1", 1, NOW, "ann", MODEL, None, Values(enabled=False)))
        overrides = overrides_of(store)
        gone = await asyncio.gather(*(overrides.remove(MODEL, by="ann") for _ in range(2)))
        assert [one is None for one in gone] == [False, True]
        assert len(store.kept) == 2

    asyncio.run(scenario())


def test_two_at_once_do_not_take_the_last_room_twice() -> None:
    async def scenario() -> None:
        selectors = [Selector("error-rate", model=str(number)) for number in range(MOST_OVERRIDES + 1)]
        kept = [Change(str(s), 1, NOW, "ann", s, None, Values(enabled=False)) for s in selectors[2:]]
        overrides = overrides_of(Slow(*kept))
        made = await asyncio.gather(
            *(overrides.put(each, Values(enabled=False), by="ann") for each in selectors[:2]), return_exceptions=True
        )
        assert [isinstance(one, TooManyOverrides) for one in made] == [False, True]

    asyncio.run(scenario())


def test_who_waits_too_long_for_another_change_is_told_and_what_follows_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(objective_overrides, "WAIT_S", 0.01)

    async def scenario() -> None:
        store = Slow()
        overrides = overrides_of(store)
        store.stuck.clear()
        first = asyncio.create_task(overrides.put(MODEL, Values(min_requests=2), by="ann"))
        await asyncio.sleep(0)
        with pytest.raises(StoreError, match="taken longer than"):
            await overrides.put(MODEL, Values(min_requests=3), by="ben")
        store.stuck.set()
        await first
        await overrides.put(MODEL, Values(min_requests=4), by="cat")
        assert [change.by for change in store.kept] == ["ann", "cat"]

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["*", "vendor/*", " x", "x ", "a\x00b", ""])
def test_what_is_no_name_is_refused_and_what_was_kept_under_one_goes_on(name: str) -> None:
    selector = Selector("error-rate", client=name)
    with pytest.raises(BadOverride) as refused:
        asyncio.run(overrides_of(FakeOverrides()).put(selector, Values(enabled=False), by="ann"))
    assert {problem.path for problem in refused.value.problems} == {("client",)}


def test_a_name_with_space_around_it_that_was_kept_once_still_selects_it() -> None:
    kept = Change("1", 1, NOW, "ann", Selector("error-rate", client=" web "), None, Values(enabled=False)).override
    assert kept is not None
    (there,) = in_force([BASE], [kept]).objectives
    assert there.at(dimension(client=" web ")) is None
