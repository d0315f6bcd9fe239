import ast
import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from clickhouse_connect.driver.client import Client

from o11y.adapters.clickhouse.client import ENGINE_OPTIONS, PURGE, PURGE_EVERY_BYTES, ClickHouse
from o11y.adapters.clickhouse.counts import ClickHouseCounts
from o11y.adapters.clickhouse.dimensions import ClickHouseDimensions
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.slo.dimension import Dimension
from o11y.worker.ports import StoreError
from tests.adapters.clickhouse.rows import batch, event_row
from tests.builders import NOW, error_rate
from tests.clickhouse_facade import Facade, Fault


def test_the_database_is_made_when_it_is_not_there(either: ClickHouse) -> None:
    async def check() -> None:
        found = await either.query("SELECT currentDatabase()")
        assert list(found.rows) == [(either.database,)]

    asyncio.run(check())


@pytest.mark.parametrize("value", ["it's", "a\\b", 'x"y', "{a:String}", "日本語 🙂", "tab\tline\nend", "", "%s"])
def test_values_are_bound_whatever_they_hold(either: ClickHouse, value: str) -> None:
    async def check() -> None:
        found = await either.query(
            "SELECT {value:String}, {list:Array(String)}", {"value": value, "list": [value, value]}
        )
        assert list(found.rows) == [(value, [value, value])]

    asyncio.run(check())


def test_several_questions_at_once_are_all_answered(either: ClickHouse) -> None:
    async def check() -> None:
        found = await asyncio.gather(*(either.query("SELECT {n:UInt8}", {"n": n}) for n in range(12)))
        assert [table.columns[0][0] for table in found] == list(range(12))

    asyncio.run(check())


def test_a_wrong_question_is_a_store_error_and_not_about_content(either: ClickHouse) -> None:
    async def check() -> None:
        with pytest.raises(StoreError, match="no_such_table") as caught:
            await either.query("SELECT * FROM no_such_table")
        assert not caught.value.content

    asyncio.run(check())


def test_the_engine_gives_up_at_the_deadline(embedded: ClickHouse) -> None:
    async def check() -> None:
        with pytest.raises(StoreError):
            await embedded.query("SELECT sum(cityHash64(number)) FROM numbers(100000000000)", timeout_s=0.2)

    asyncio.run(check())


def test_a_server_that_hangs_is_given_up_on(facade: Facade) -> None:
    ch = ClickHouse.server(facade.url, database="default", answer_timeout_s=1)

    async def check() -> None:
        facade.fail(Fault.HANG)
        with pytest.raises(StoreError) as caught:
            await ch.insert_rows("api_events", b"{}", token="t")
        assert not caught.value.content

    try:
        asyncio.run(check())
    finally:
        ch.close()


def test_a_server_that_is_away_is_a_store_error_without_its_password() -> None:
    ch = ClickHouse.server("http://reader:s3cret-word@127.0.0.1:9/o11y")

    async def check() -> None:
        with pytest.raises(StoreError) as caught:
            await ch.query("SELECT 1")
        assert "s3cret-word" not in str(caught.value)
        assert "127.0.0.1" in str(caught.value)

    try:
        asyncio.run(check())
    finally:
        ch.close()


@pytest.mark.parametrize(
    "url",
    ["clickhouse://u:s3cret-word@h", "u:s3cret-word@h", "http://u:s3cret-word@h:port", "http://u:s3cret-word@h?x=1"],
)
def test_a_url_that_cannot_be_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="ClickHouse URL") as caught:
        ClickHouse.server(url)
    assert "s3cret-word" not in str(caught.value)


def test_a_database_name_is_an_identifier() -> None:
    with pytest.raises(ValueError, match="identifier"):
        ClickHouse.server("http://localhost", database="a; DROP DATABASE b")


def test_a_second_process_on_one_folder_is_told_so(embedded: ClickHouse, engine_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from o11y.adapters.clickhouse.client import ClickHouse\n"
        "asyncio.run(ClickHouse.embedded(Path(sys.argv[1])).query('SELECT 1'))"
    )

    async def check() -> None:
        await embedded.query("SELECT 1")
        other = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", program, str(engine_path)],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert other.returncode != 0
        assert f"{engine_path} cannot be opened" in other.stderr
        assert "another process has it" in other.stderr

    asyncio.run(check())


def test_the_dimensions_last_seen_are_known_by_name(either: ClickHouse) -> None:
    async def check() -> None:
        await migrate(either, keep_forever=True)
        rows = [event_row(NOW.replace(minute=minute), resolved_model=f"m-{minute}") for minute in range(5)]
        await ClickHouseEvents(either).insert(batch(rows))
        dimensions = ClickHouseDimensions(either)
        assert await dimensions.known_dimensions(2) == [Dimension("gateway", "vendor", name) for name in ("m-4", "m-3")]
        assert len(await dimensions.known_dimensions(100)) == 5

    asyncio.run(check())


def test_more_dimensions_than_are_held_are_still_named(embedded: ClickHouse) -> None:
    async def check() -> None:
        await migrate(embedded, keep_forever=True)
        rows = [event_row(NOW, resolved_model=f"m-{number}") for number in range(600)]
        await ClickHouseEvents(embedded).insert(batch(rows))
        counts = ClickHouseCounts(embedded, dimensions=ClickHouseDimensions(embedded, most=1_000))
        for _ in range(2):
            found = await counts.counts([error_rate()], [60], until=NOW.replace(minute=1))
            assert {name.model for name in found} == {f"m-{number}" for number in range(600)}

    asyncio.run(check())


class Said:
    """A driver client that only listens."""

    database = ""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.blocks: list[Any] = []

    def command(self, sql: str, **_: Any) -> None:
        self.words.append(sql)

    def raw_insert(self, table: str, *, insert_block: Any, **_: Any) -> None:
        self.words.append(f"into {table}")
        self.blocks.append(insert_block)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(("inside", "purges"), [(True, 2), (False, 0)])
def test_an_engine_in_this_process_gives_back_the_memory_of_inserts(inside: bool, purges: int) -> None:
    said = Said()
    ch = ClickHouse(lambda: cast("Client", said), database="o11y", place="here", threads=1, inside=inside)

    async def insert() -> None:
        for token in "abcdef":
            await ch.insert_rows("events", b"x" * (PURGE_EVERY_BYTES // 2 - 1), token=token)

    asyncio.run(insert())
    ch.close()
    assert said.words.count("into events") == 6
    assert said.words.count(PURGE) == purges


def test_the_driver_is_given_no_bytes_that_it_would_copy() -> None:
    said, rows = Said(), b'{"a": 1}\n'
    ch = ClickHouse(lambda: cast("Client", said), database="o11y", place="there", threads=1)
    asyncio.run(ch.insert_rows("events", rows, token="a"))
    ch.close()
    (block,) = said.blocks
    assert isinstance(block, memoryview)
    assert block.obj is rows


@pytest.mark.parametrize("fault", [Fault.CUT_BEFORE_READ, Fault.CUT_MID_BODY, Fault.DROP_AFTER_COMMIT])
def test_an_insert_that_was_cut_is_sent_again_by_nobody_but_its_caller(
    behind_facade: ClickHouse, facade: Facade, fault: Fault
) -> None:
    async def check() -> None:
        await migrate(behind_facade, keep_forever=True)
        events, sealed = ClickHouseEvents(behind_facade), batch([event_row(NOW)], "cut")
        facade.fail(fault)
        with pytest.raises(StoreError) as caught:
            await events.insert(sealed)
        assert not caught.value.content
        assert facade.inserts == ["cut"]
        await events.insert(sealed)
        stored = await behind_facade.query("SELECT sum(total) FROM rollup_10s")
        assert list(stored.rows) == [(1,)]

    asyncio.run(check())


def test_the_engine_inside_a_worker_merges_on_one_thread(tmp_path: Path) -> None:
    """In a process of its own: the first connection decides how the engine is set up."""
    program = """
import asyncio, sys
from pathlib import Path
from o11y.adapters.clickhouse.client import ClickHouse
async def look():
    ch = ClickHouse.embedded(Path(sys.argv[1]))
    found = await ch.query("SELECT name, value FROM system.server_settings WHERE name LIKE 'background%'")
    print(dict(found.rows))
    ch.close()
asyncio.run(look())
"""
    told = subprocess.check_output([sys.executable, "-c", program, str(tmp_path)], text=True, timeout=60)
    found = ast.literal_eval(told)
    assert {name: found[name] for name in ENGINE_OPTIONS} == {name: str(v) for name, v in ENGINE_OPTIONS.items()}
