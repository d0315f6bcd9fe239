import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.history import ClickHouseHistory
from o11y.adapters.clickhouse.migrations import SchemaChanged, SchemaTooNew, migrate
from o11y.adapters.clickhouse.statements import Migration, migrations
from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS
from o11y.slo.status_class import StatusClass, status_class
from o11y.worker.ports import BatchKind, SpoolBatch, StoreError
from tests.adapters.clickhouse.rows import batch, history_row
from tests.builders import NOW

ROLLUPS = ("rollup_10s", "rollup_5m", "rollup_1h")
KEY = ["bucket", "user_byok", "dim_id"]


async def columns(ch: ClickHouse, table: str) -> list[str]:
    found = await ch.query(
        "SELECT name FROM system.columns WHERE database = {db:String} AND table = {table:String} ORDER BY position",
        {"db": ch.database, "table": table},
    )
    return [name for (name,) in found.rows]


async def definition(ch: ClickHouse, table: str) -> str:
    found = await ch.query(
        "SELECT create_table_query FROM system.tables WHERE database = {db:String} AND name = {table:String}",
        {"db": ch.database, "table": table},
    )
    return str(found.columns[0][0])


def test_a_second_run_applies_nothing(either: ClickHouse) -> None:
    async def check() -> None:
        assert await migrate(either) == [migration.name for migration in migrations()]
        assert await migrate(either) == []

    asyncio.run(check())


def test_a_run_that_was_cut_short_is_finished_by_the_next(embedded: ClickHouse) -> None:
    async def check() -> None:
        await migrate(embedded, known=migrations()[:1])
        for text in migrations()[1].statements[:4]:
            await embedded.command(text)
        assert await migrate(embedded) == [migration.name for migration in migrations()[1:]]

    asyncio.run(check())


@pytest.mark.parametrize("version", [4, 6])
def test_the_alert_history_of_an_older_database_is_kept_and_is_of_no_incident(either: ClickHouse, version: int) -> None:
    """So is what a replica of the older version still writes beside a newer one."""
    older = [migration for migration in migrations() if migration.version <= version]

    def old_rows(minutes_ago: int) -> SpoolBatch:
        row = history_row(NOW - timedelta(minutes=minutes_ago))
        del row["incident_id"]
        return batch([row], f"h-{minutes_ago}", BatchKind.HISTORY)

    async def check() -> None:
        await migrate(either, keep_forever=True, known=older)
        await ClickHouseEvents(either).insert(old_rows(20))
        assert "0008_incidents" in await migrate(either, keep_forever=True)
        await ClickHouseEvents(either).insert(old_rows(10))
        await ClickHouseEvents(either).insert(batch([history_row(NOW)], "h-new", BatchKind.HISTORY))
        found = await either.query("SELECT at, incident_id, notification_id FROM alert_history ORDER BY at")
        assert [row[1:] for row in found.rows] == [("", "n-1"), ("", "n-1"), ("i-1", "n-1")]
        known = await ClickHouseHistory(either).incidents_since(NOW - timedelta(hours=1))
        assert [(incident.incident_id, incident.opened_at) for incident in known] == [("i-1", NOW)]

    asyncio.run(check())


def test_a_migration_that_was_left_out_below_the_newest_is_made_up_for(embedded: ClickHouse) -> None:
    skipped = [migration for migration in migrations() if migration.version != 6]

    async def check() -> None:
        await migrate(embedded, known=skipped)
        assert await migrate(embedded) == [migration.name for migration in migrations() if migration.version == 6]

    asyncio.run(check())


def test_a_database_of_a_newer_o11y_is_refused_unchanged(embedded: ClickHouse) -> None:
    future = Migration(9_999, "9999_future", "CREATE TABLE IF NOT EXISTS future (x UInt8) ENGINE = Memory;")

    async def check() -> None:
        await migrate(embedded, known=[future])
        with pytest.raises(SchemaTooNew, match="9999_future"):
            await migrate(embedded)
        assert await columns(embedded, "api_events") == []

    asyncio.run(check())


def test_a_database_counts_as_migrated_once_every_migration_was_applied(embedded: ClickHouse) -> None:
    async def check() -> None:
        first, *rest = migrations()
        with pytest.raises(StoreError):
            await migrate(embedded, known=[first, replace(rest[0], text="CREATE nonsense;\n"), *rest[1:]])
        assert not embedded.migrated
        await migrate(embedded, known=[first])
        assert embedded.migrated

    asyncio.run(check())


def test_an_edited_migration_is_refused(embedded: ClickHouse) -> None:
    async def check() -> None:
        first, *rest = migrations()
        await migrate(embedded)
        with pytest.raises(SchemaChanged, match=first.name):
            await migrate(embedded, known=[replace(first, text=first.text + "-- edited\n"), *rest])

    asyncio.run(check())


def test_keep_forever_leaves_retention_out_until_it_is_asked_for(embedded: ClickHouse) -> None:
    async def check() -> None:
        await migrate(embedded, keep_forever=True)
        assert "TTL" not in await definition(embedded, "rollup_10s")
        assert await migrate(embedded, keep_forever=True) == []
        assert await migrate(embedded) == ["0005_ttl"]
        assert "TTL" in await definition(embedded, "rollup_10s")

    asyncio.run(check())


@pytest.mark.parametrize(
    ("table", "kept"),
    [("api_events", 30), ("rollup_10s", 2), ("rollup_5m", 35), ("rollup_1h", 400), ("alert_history", 400)],
)
def test_each_table_keeps_its_rows_as_long_as_promised(embedded: ClickHouse, table: str, kept: int) -> None:
    async def check() -> None:
        await migrate(embedded)
        text = await definition(embedded, table)
        assert f"toIntervalDay({kept})" in text
        assert "ttl_only_drop_parts = 1" in text

    asyncio.run(check())


def test_every_table_of_an_insert_remembers_tokens(embedded: ClickHouse) -> None:
    async def check() -> None:
        await migrate(embedded)
        for table in ("api_events", *ROLLUPS, "dimensions", "alert_history"):
            assert "non_replicated_deduplication_window = 10000" in await definition(embedded, table)

    asyncio.run(check())


def test_the_rollups_have_a_column_for_every_class_and_bound(embedded: ClickHouse) -> None:
    expected = [
        *KEY,
        "total",
        *StatusClass,
        *(f"complete_le_{bound}" for bound in COMPLETE_BOUNDS_MS),
        *(f"complete_all_le_{bound}" for bound in COMPLETE_BOUNDS_MS),
        "ttfb_valid",
        *(f"ttfb_le_{bound}" for bound in TTFB_BOUNDS_MS),
        "ttfb_all_valid",
        *(f"ttfb_all_le_{bound}" for bound in TTFB_BOUNDS_MS),
    ]

    async def check() -> None:
        await migrate(embedded)
        for table in ROLLUPS:
            assert await columns(embedded, table) == expected
            assert await columns(embedded, f"{table}_view") == expected

    asyncio.run(check())


def test_each_bound_column_counts_up_to_its_own_bound() -> None:
    text = migrations()[1].text
    counted = re.findall(r"countIf\(e\.(\w+)_ms <= (\d+)(.*)\) AS (\w+)_le_(\d+)", text)
    assert len(counted) == 2 * (len(COMPLETE_BOUNDS_MS) + len(TTFB_BOUNDS_MS))
    for measured, bound, also, name, named_bound in counted:
        assert bound == named_bound
        assert measured == ("ttfb" if name.startswith("ttfb") else "complete_request")
        assert ("'ok'" in also) == (not name.endswith("_all"))
        assert ("is_streaming" in also) == name.startswith("ttfb")


def test_clickhouse_puts_every_status_code_into_the_class_that_python_does(embedded: ClickHouse) -> None:
    expression = re.search(r"MATERIALIZED (multiIf\(.*?\n    \))", migrations()[0].text, re.DOTALL)
    assert expression

    async def check() -> None:
        sql = f"SELECT number AS status_code, {expression[1]} FROM numbers(100, 500)"
        found = dict((await embedded.query(sql)).rows)
        assert found == {code: status_class(code).value for code in range(100, 600)}

    asyncio.run(check())
