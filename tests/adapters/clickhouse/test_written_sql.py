"""What is copied runs as it is, and asks what was asked."""

import asyncio

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.written_sql import written_in
from tests.hostile_text import HOSTILE

NAMES = {
    **HOSTILE,
    "a quote": "it's",
    "an end of a string": "'; DROP TABLE api_events; --",
    "backslashes": "\\' \\\\ \\n",
    "another parameter": "{other:String}",
    "control characters": "a\tb\nc\r\x00\x07\x1f\x7f",
    "percents": "100 %s %(name)s",
}


def test_names_come_back_as_they_are(either: ClickHouse) -> None:
    async def check() -> None:
        for what, name in NAMES.items():
            sql = written_in("SELECT {name:String}, {other:String}", {"name": name, "other": "plain"})
            assert list((await either.query(sql)).rows) == [(name, "plain")], what

    asyncio.run(check())


def test_times_and_numbers_keep_their_types(embedded: ClickHouse) -> None:
    sql = written_in(
        "SELECT toTypeName({a:DateTime('UTC')}), toTypeName({b:DateTime64(3, 'UTC')}), {c:UInt32} + 1",
        {"a": "2026-11-21 12:00:00", "b": "2026-11-21 12:00:00.250", "c": 41},
    )

    async def check() -> None:
        assert list((await embedded.query(sql)).rows) == [("DateTime('UTC')", "DateTime64(3, 'UTC')", 42)]

    asyncio.run(check())


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(ValueError, match="Array"):
        written_in("SELECT {a:Array(String)}", {"a": []})
    with pytest.raises(KeyError):
        written_in("SELECT {a:String}", {})
