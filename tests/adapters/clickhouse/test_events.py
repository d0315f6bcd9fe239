"""Exactly once, and what became of a batch."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.worker.ports import BatchKind, BatchState, SpoolBatch, StoreError
from tests.adapters.clickhouse.rows import batch, event_row, history_row
from tests.clickhouse_facade import Facade, Fault

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TABLES = ("rollup_10s", "rollup_5m", "rollup_1h")


def some_rows(count: int = 200, **changes: Any) -> list[dict[str, Any]]:
    """Over 20 min, which is several buckets of every grain but the coarsest."""
    return [
        event_row(NOW - timedelta(seconds=6 * number), resolved_model=f"model-{number % 7}", **changes)
        for number in range(count)
    ]


async def totals(ch: ClickHouse) -> list[int]:
    """Events in the raw table, and in each rollup."""
    sql = " UNION ALL ".join(f"SELECT {n} AS n, sum(total) AS events FROM {table}" for n, table in enumerate(TABLES, 1))
    found = await ch.query(
        f"SELECT events FROM (SELECT 0 AS n, count() AS events FROM api_events UNION ALL {sql}) ORDER BY n"
    )
    return [int(events) for (events,) in found.rows]


async def refused(awaitable: Any) -> StoreError:
    with pytest.raises(StoreError) as caught:
        await awaitable
    return caught.value


def test_the_same_batch_twice_is_stored_once_everywhere(either: ClickHouse) -> None:
    async def check() -> None:
        await migrate(either, keep_forever=True)
        store, sealed = ClickHouseEvents(either), batch(some_rows(), "same")
        for _ in range(3):
            await store.insert(sealed)
        await store.insert(batch(some_rows(50), "other"))
        assert await totals(either) == [250] * 4

    asyncio.run(check())


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER_COMMIT, Fault.ERROR_AFTER_COMMIT])
def test_an_answer_lost_after_the_commit_doubles_nothing(
    behind_facade: ClickHouse, facade: Facade, fault: Fault
) -> None:
    async def check() -> None:
        await migrate(behind_facade, keep_forever=True)
        store, sealed = ClickHouseEvents(behind_facade), batch(some_rows(), "lost-answer")
        facade.fail(fault, fault, fault)
        for _ in range(4):
            with suppress(StoreError):
                await store.insert(sealed)
        assert len(facade.inserts) >= 4
        assert set(facade.inserts) == {"lost-answer"}
        assert await totals(behind_facade) == [200] * 4

    asyncio.run(check())


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.READ_ONLY])
def test_a_store_in_trouble_does_not_blame_the_rows(behind_facade: ClickHouse, facade: Facade, fault: Fault) -> None:
    async def check() -> None:
        await migrate(behind_facade, keep_forever=True)
        store = ClickHouseEvents(behind_facade)
        facade.fail(fault)
        assert not (await refused(store.insert(batch(some_rows())))).content
        assert await totals(behind_facade) == [0] * 4
        await store.insert(batch(some_rows()))
        assert await totals(behind_facade) == [200] * 4

    asyncio.run(check())


@pytest.mark.parametrize(
    "changes",
    [
        {"ttfb_ms": "slow"},
        {"ttfb_ms": -1},
        {"event_time": "yesterday"},
        {"event_id": "7"},
        {"is_streaming": "perhaps"},
        {"tools_used": "hammer"},
        {"provider": None},
        {"status_code": 1.5},
        {"no_such_column": 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_rows_refused_for_their_content_say_so_and_store_nothing(embedded: ClickHouse, changes: dict[str, Any]) -> None:
    async def check() -> None:
        await migrate(embedded, keep_forever=True)
        poisoned = batch([*some_rows(20), event_row(NOW, **{**changes, "event_time": "2026-11-21T12:00:00Z"})])
        if "event_time" in changes:
            poisoned = replace(poisoned, rows=poisoned.rows.replace(b"2026-11-21T12:00:00Z", b"yesterday"))
        assert (await refused(ClickHouseEvents(embedded).insert(poisoned))).content
        assert await totals(embedded) == [0] * 4

    asyncio.run(check())


def test_a_content_error_is_told_from_a_missing_table_by_a_server_too(behind_facade: ClickHouse) -> None:
    async def check() -> None:
        store = ClickHouseEvents(behind_facade)
        assert not (await refused(store.insert(batch(some_rows())))).content
        await migrate(behind_facade, keep_forever=True)
        assert (await refused(store.insert(batch([event_row(NOW, ttfb_ms="slow")])))).content

    asyncio.run(check())


def test_names_of_any_kind_come_back_as_they_were(either: ClickHouse) -> None:
    names = [
        "it's",
        'say "yes"',
        "a:b",
        "a\\b",
        "{x:String}",
        "日本語 🙂",
        "tab\tand\nline",
        "'; DROP TABLE api_events",
        "",
    ]

    async def check() -> None:
        await migrate(either, keep_forever=True)
        await ClickHouseEvents(either).insert(batch([event_row(NOW, resolved_model=name) for name in names]))
        found = await either.query("SELECT resolved_model FROM api_events")
        assert sorted(found.columns[0]) == sorted(names)

    asyncio.run(check())


def test_optional_columns_may_be_left_out(embedded: ClickHouse) -> None:
    row = event_row(NOW)
    del row["input_tokens"]

    async def check() -> None:
        await migrate(embedded, keep_forever=True)
        await ClickHouseEvents(embedded).insert(batch([row]))
        found = await embedded.query("SELECT input_tokens, total_tokens FROM api_events")
        assert list(found.rows) == [(None, None)]

    asyncio.run(check())


def test_an_unknown_batch_is_absent_and_a_stored_one_complete(either: ClickHouse) -> None:
    async def check() -> None:
        await migrate(either, keep_forever=True)
        store = ClickHouseEvents(either)
        mine, other = batch(some_rows(), "mine"), batch(some_rows(), "other")
        await store.insert(other)
        assert await store.find(mine, now=NOW) is BatchState.ABSENT
        await store.insert(mine)
        assert await store.find(mine, now=NOW) is BatchState.COMPLETE

    asyncio.run(check())


@pytest.mark.parametrize("table", TABLES)
def test_a_batch_that_a_rollup_lacks_is_mixed(embedded: ClickHouse, table: str) -> None:
    async def check() -> None:
        await migrate(embedded, keep_forever=True)
        store, sealed = ClickHouseEvents(embedded), batch(some_rows())
        await store.insert(sealed)
        await embedded.command(f"TRUNCATE TABLE {table}")
        assert await store.find(sealed, now=NOW) is BatchState.MIXED

    asyncio.run(check())


def test_a_batch_that_only_a_rollup_has_is_mixed(embedded: ClickHouse) -> None:
    async def check() -> None:
        await migrate(embedded, keep_forever=True)
        store, sealed = ClickHouseEvents(embedded), batch(some_rows())
        await store.insert(sealed)
        await embedded.command("TRUNCATE TABLE api_events")
        assert await store.find(sealed, now=NOW) is BatchState.MIXED

    asyncio.run(check())


def test_a_batch_with_part_of_its_rows_is_mixed(embedded: ClickHouse) -> None:
    async def check() -> None:
        await migrate(embedded, keep_forever=True)
        store = ClickHouseEvents(embedded)
        await store.insert(batch(some_rows(), "part"))
        more = batch(some_rows(), "part")
        assert await store.find(replace(more, events=201), now=NOW) is BatchState.MIXED

    asyncio.run(check())


def test_what_is_left_of_a_batch_that_is_stored_as_a_whole_is_complete(either: ClickHouse) -> None:
    """The spool's file was damaged after the insert: the rest must not be inserted again."""

    async def check() -> None:
        await migrate(either, keep_forever=True)
        store = ClickHouseEvents(either)
        await store.insert(batch(some_rows(), "damaged"))
        assert await store.find(batch(some_rows()[:50], "damaged"), now=NOW) is BatchState.COMPLETE

    asyncio.run(check())


def test_ten_second_buckets_that_are_gone_are_not_missed(embedded: ClickHouse) -> None:
    async def check() -> None:
        await migrate(embedded, keep_forever=True)
        store, sealed = ClickHouseEvents(embedded), batch(some_rows())
        await store.insert(sealed)
        await embedded.command("TRUNCATE TABLE rollup_10s")
        assert await store.find(sealed, now=NOW + timedelta(days=2)) is BatchState.COMPLETE

    asyncio.run(check())


def test_a_batch_of_many_dimensions_is_found(either: ClickHouse) -> None:
    async def check() -> None:
        await migrate(either, keep_forever=True)
        store = ClickHouseEvents(either)
        rows = [event_row(NOW, resolved_model=f"{'long' * 50}'{number}") for number in range(250)]
        await store.insert(batch(rows))
        assert await store.find(batch(rows), now=NOW) is BatchState.COMPLETE

    asyncio.run(check())


def history(batch_id: str, *rows: dict[str, Any]) -> SpoolBatch:
    return batch(list(rows), batch_id, BatchKind.HISTORY)


def test_a_batch_of_the_history_is_inserted_once_and_found(either: ClickHouse) -> None:
    async def check() -> None:
        await migrate(either, keep_forever=True)
        store = ClickHouseEvents(either)
        sealed = history("h-1", *(history_row(NOW - timedelta(minutes=ago)) for ago in (90, 60, 30, 2_000)))
        for _ in range(2):
            await store.insert(sealed)
        assert await store.find(sealed, now=NOW) is BatchState.COMPLETE
        assert await store.find(history("h-2", history_row(NOW)), now=NOW) is BatchState.ABSENT
        assert (await either.query("SELECT count() FROM alert_history")).columns[0][0] == 4

    asyncio.run(check())
