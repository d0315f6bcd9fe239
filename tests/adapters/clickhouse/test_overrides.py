"""Changes of objectives, kept: the claims of the port hold of the table and of the stand-in that other tests use."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.migrations import migrate
from o11y.adapters.clickhouse.overrides import ClickHouseOverrides
from o11y.slo.override import Override, Selector, Values
from o11y.worker.ports import StoreError
from o11y.worker.ports.overrides import MOST_OVERRIDES, Change, OverrideStore
from tests.fakes_overrides import FakeOverrides
from tests.hostile_text import HOSTILE

AT = datetime(2026, 11, 21, 12, 0, 0, 123_000, tzinfo=UTC)
MODEL = Selector("error-rate", model="vendor/model")
OFF = Values(enabled=False)
EVERYTHING = Values(
    enabled=True,
    target=Decimal("0.99990000000000000001"),
    threshold_ms=2_345,
    min_requests=7,
    confidence=Decimal("0.999999"),
    page_eligible=False,
)

Run = Callable[[Callable[[OverrideStore], Coroutine[Any, Any, None]]], None]


@pytest.fixture(params=["fake", "embedded", "server"])
def run(request: pytest.FixtureRequest, database: str) -> Run:
    """A scenario over an empty store."""
    if request.param == "fake":
        return lambda scenario: asyncio.run(scenario(FakeOverrides()))
    name = "embedded" if request.param == "embedded" else "behind_facade"
    ch: ClickHouse = request.getfixturevalue(name)

    async def prepared(scenario: Callable[[OverrideStore], Coroutine[Any, Any, None]]) -> None:
        await migrate(ch)
        await scenario(ClickHouseOverrides(ch))

    return lambda scenario: asyncio.run(prepared(scenario))


def change(number: int = 1, **changes: Any) -> Change:
    values: dict[str, Any] = {
        "change_id": f"c-{number}",
        "version": number,
        "at": AT + timedelta(seconds=number),
        "by": "ann",
        "selector": MODEL,
        "before": None,
        "after": OFF,
        **changes,
    }
    return Change(**values)


def test_the_last_of_many_changes_is_found_though_each_is_a_part_of_the_table(run: Run) -> None:
    async def scenario(store: OverrideStore) -> None:
        for number in range(1, 13):
            await store.append(change(number))
            last = await store.last(MODEL)
            assert last is not None
            assert last.version == number
        assert await store.last(Selector("error-rate", model="other")) is None

    run(scenario)


def test_an_empty_store_has_neither_overrides_nor_changes(run: Run) -> None:
    async def scenario(store: OverrideStore) -> None:
        assert (list(await store.current()), await store.last(MODEL), list(await store.changes())) == ([], None, [])

    run(scenario)


def test_every_value_comes_back_exactly_with_who_when_and_why(run: Run) -> None:
    async def scenario(store: OverrideStore) -> None:
        made = change(after=EVERYTHING, before=OFF, note="a note")
        await store.append(made)
        assert list(await store.current()) == [Override(MODEL, EVERYTHING, "ann", made.at, "a note")]
        assert await store.last(MODEL) == made
        assert list(await store.changes()) == [made]

    run(scenario)


def test_the_last_change_of_a_selector_is_what_holds(run: Run) -> None:
    async def scenario(store: OverrideStore) -> None:
        other = Selector("error-rate", client="web", model="vendor/model")
        await store.append(change(1))
        await store.append(change(2, after=EVERYTHING, by="bob"))
        await store.append(change(3, selector=other))
        found = await store.current()
        assert [(each.selector, each.values, each.by) for each in found] == [
            (MODEL, EVERYTHING, "bob"),
            (other, OFF, "ann"),
        ]

    run(scenario)


def test_what_was_removed_holds_no_more_and_its_history_stays(run: Run) -> None:
    async def scenario(store: OverrideStore) -> None:
        await store.append(change(1))
        await store.append(change(2, before=OFF, after=None))
        assert list(await store.current()) == []
        last = await store.last(MODEL)
        assert last is not None
        assert (last.version, last.override) == (2, None)
        assert [one.version for one in await store.changes()] == [2, 1]

    run(scenario)


def test_of_two_changes_with_one_version_the_later_counts(run: Run) -> None:
    async def scenario(store: OverrideStore) -> None:
        await store.append(change(1, change_id="late", at=AT + timedelta(seconds=9), after=EVERYTHING))
        await store.append(change(1, change_id="early"))
        assert [each.values for each in await store.current()] == [EVERYTHING]
        last = await store.last(MODEL)
        assert last is not None
        assert last.change_id == "late"

    run(scenario)


def test_a_version_counts_and_not_the_clock_of_whoever_made_it(run: Run) -> None:
    async def scenario(store: OverrideStore) -> None:
        await store.append(change(1, at=AT + timedelta(hours=1)))
        await store.append(change(2, after=EVERYTHING))
        assert [each.values for each in await store.current()] == [EVERYTHING]

    run(scenario)


def test_a_change_sent_twice_is_one(run: Run) -> None:
    async def scenario(store: OverrideStore) -> None:
        for _ in range(2):
            await store.append(change())
        assert len(await store.changes()) == 1

    run(scenario)


def test_changes_are_found_by_objective_and_time_the_newest_first(run: Run) -> None:
    async def scenario(store: OverrideStore) -> None:
        other = Selector("latency-p90")
        for number in range(1, 6):
            await store.append(change(number, selector=other if number == 3 else MODEL))

        async def versions(**narrowed: Any) -> list[int]:
            return [one.version for one in await store.changes(**narrowed)]

        assert await versions() == [5, 4, 3, 2, 1]
        assert await versions(objective="latency-p90") == [3]
        assert await versions(most=2) == [5, 4]
        assert await versions(before=AT + timedelta(seconds=4)) == [3, 2, 1]
        assert await versions(since=AT + timedelta(seconds=2), before=AT + timedelta(seconds=4)) == [3, 2]

    run(scenario)


def test_any_text_is_kept_as_it_is_and_selects_nothing_else(run: Run) -> None:
    async def scenario(store: OverrideStore) -> None:
        selectors = [Selector(text, client=text, provider=text, model=text) for text in HOSTILE]
        for number, selector in enumerate(selectors, 1):
            await store.append(change(number, selector=selector, by=selector.objective, note=selector.objective))
        assert {each.selector for each in await store.current()} == set(selectors)
        for selector in selectors:
            found = await store.last(selector)
            assert found is not None
            assert (found.selector, found.by, found.note) == (selector, selector.objective, selector.objective)
            assert [one.selector for one in await store.changes(objective=selector.objective)] == [selector]

    run(scenario)


def test_a_tick_reads_no_more_than_there_is_room_for(embedded: ClickHouse) -> None:
    async def check() -> None:
        await migrate(embedded)
        await embedded.command(
            "INSERT INTO objective_overrides (objective, model, version, changed_at, after, change_id) "
            f"SELECT 'error-rate', toString(number), 1, now(), '{{\"enabled\":false}}', toString(number) "
            f"FROM numbers({MOST_OVERRIDES + 5})"
        )
        assert len(await ClickHouseOverrides(embedded).current()) == MOST_OVERRIDES

    asyncio.run(check())


@pytest.mark.parametrize("after", ["{", "[1]", '{"target":"much"}', '{"enabled":1}', '{"threshold_ms":"5"}'])
def test_a_row_that_another_version_wrote_is_left_out_and_logged(
    embedded: ClickHouse, caplog: pytest.LogCaptureFixture, after: str
) -> None:
    async def check() -> None:
        await migrate(embedded)
        store = ClickHouseOverrides(embedded)
        await store.append(change(1))
        await embedded.command(
            "INSERT INTO objective_overrides (objective, model, version, changed_at, after, change_id) "
            "SELECT 'error-rate', 'other', 1, now(), {after:String}, 'x'",
            {"after": after},
        )
        assert [each.selector for each in await store.current()] == [MODEL]

    asyncio.run(check())
    assert "not readable" in caplog.text


def test_a_value_that_this_version_does_not_know_is_ignored(embedded: ClickHouse) -> None:
    async def check() -> None:
        await migrate(embedded)
        await embedded.command(
            "INSERT INTO objective_overrides (objective, version, changed_at, after, change_id) "
            "SELECT 'error-rate', 1, now(), '{\"enabled\":false,\"mood\":\"calm\"}', 'x'"
        )
        assert [each.values for each in await ClickHouseOverrides(embedded).current()] == [OFF]

    asyncio.run(check())


def test_a_database_without_the_table_is_a_store_error(embedded: ClickHouse) -> None:
    with pytest.raises(StoreError):
        asyncio.run(ClickHouseOverrides(embedded).current())
