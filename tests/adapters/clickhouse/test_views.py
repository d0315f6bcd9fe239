"""The views for people count what a recount of the events counts."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.adapters.clickhouse.statements import migrations
from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS
from o11y.slo.quantiles import quantile
from o11y.slo.status_class import StatusClass
from tests.adapters.clickhouse.rows import batch, event_row
from tests.adapters.clickhouse.sample import (
    Row,
    at,
    bad,
    class_of,
    dimension_of,
    fill,
    floor,
    groups,
    since,
    successful,
    valid,
)
from tests.builders import BAD, EXCLUDED

ROOT = Path(__file__).parents[3]
(TEXT,) = [migration.text for migration in migrations() if migration.name == "0009_views"]
VIEWS = re.findall(r"CREATE VIEW IF NOT EXISTS (\w+)", TEXT)
FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture
def seeded(embedded: ClickHouse) -> tuple[ClickHouse, list[Row]]:
    return embedded, asyncio.run(fill(embedded))


def ask(ch: ClickHouse, sql: str) -> list[tuple[Any, ...]]:
    return list(asyncio.run(ch.query(sql)).rows)


def utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def counted_at(rows: Sequence[Row], column: str, bounds: Sequence[int]) -> list[int]:
    return [sum(row[column] <= bound for row in rows) for bound in bounds]


def test_every_view_and_each_of_its_columns_is_documented_where_a_client_shows_it(either: ClickHouse) -> None:
    async def check() -> None:
        await migrate(either)
        database = {"db": either.database}
        views = await either.query(
            "SELECT name, comment FROM system.tables WHERE database = {db:String} AND engine = 'View'", database
        )
        assert {name for name, comment in views.rows if comment} == set(VIEWS)
        silent = await either.query(
            "SELECT table, name FROM system.columns "
            "WHERE database = {db:String} AND startsWith(table, 'v_') AND comment = ''",
            database,
        )
        assert list(silent.rows) == []

    asyncio.run(check())


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_has_every_column_with_the_words_of_the_view(view: str) -> None:
    page = (ROOT / "docs" / "clickhouse.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"### {view}\n(.*?)(?=\n##)", page, re.DOTALL)
    (columns,) = re.findall(rf"CREATE VIEW IF NOT EXISTS {view}\n\((.*?)\n\)\n", TEXT, re.DOTALL)
    written = re.findall(r"^    (\w+) .*? COMMENT '(.*)',?$", columns, re.MULTILINE)
    assert written
    assert re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.MULTILINE) == written


def test_requests_of_a_minute_are_counted_by_class_with_those_on_users_keys_apart(
    seeded: tuple[ClickHouse, list[Row]],
) -> None:
    ch, rows = seeded
    classes = list(StatusClass)
    names = ", ".join(classes)
    found = ask(
        ch,
        f"SELECT minute, client, provider, model, user_byok, requests, {names} FROM v_requests_1m "
        "WHERE minute >= now() - INTERVAL 1 DAY",
    )
    expected = groups(
        since(rows, timedelta(days=1)),
        lambda row: (floor(at(row), timedelta(minutes=1)), *dimension_of(row), row["user_byok"]),
    )
    assert {(utc(row[0]), *row[1:5]): row[5:] for row in found} == {
        key: (len(cell), *(sum(class_of(row) is one for row in cell) for one in classes))
        for key, cell in expected.items()
    }


def test_error_rates_have_the_classes_and_the_target_of_the_shipped_objective(
    seeded: tuple[ClickHouse, list[Row]],
) -> None:
    ch, rows = seeded
    found = ask(ch, "SELECT bucket, client, provider, model, valid, bad, bad_fraction FROM v_error_rate")
    cells = groups(valid(rows), lambda row: (floor(at(row), FIVE_MINUTES), *dimension_of(row)))
    expected = {key: (len(cell), len(bad(cell)), len(bad(cell)) / len(cell)) for key, cell in cells.items()}
    assert {(utc(row[0]), *row[1:4]): row[4:] for row in found} == expected
    shipped = yaml.safe_load((ROOT / "config" / "objectives.yaml").read_text(encoding="utf-8"))
    (objective,) = [one for one in shipped["objectives"] if one["name"] == "error-rate"]
    assert str(objective["target"]) == "0.999"  # burn_rate_999, left_999
    assert objective.keys().isdisjoint({"bad", "exclude"})  # the defaults, which BAD and EXCLUDED are
    assert {*BAD, *EXCLUDED, StatusClass.OK} == set(StatusClass)


def test_latencies_are_interpolated_as_everywhere_else(seeded: tuple[ClickHouse, list[Row]]) -> None:
    ch, rows = seeded
    found = ask(
        ch,
        "SELECT bucket, client, provider, model, successful, streaming, p50_ms, p90_ms, p99_ms, "
        "ttfb_p50_ms, ttfb_p90_ms, ttfb_p99_ms, complete_at_most, ttfb_at_most FROM v_latency",
    )
    cells = groups(successful(rows), lambda row: (floor(at(row), FIVE_MINUTES), *dimension_of(row)))
    assert {(utc(row[0]), *row[1:4]) for row in found} == cells.keys()
    for row in found:
        cell = cells[(utc(row[0]), *row[1:4])]
        streaming = [one for one in cell if one["is_streaming"]]
        assert row[4:6] == (len(cell), len(streaming))
        complete = counted_at(cell, "complete_request_ms", COMPLETE_BOUNDS_MS)
        ttfb = counted_at(streaming, "ttfb_ms", TTFB_BOUNDS_MS)
        assert list(row[12]) == complete
        assert list(row[13]) == ttfb
        assert list(row[6:9]) == [_percentile(COMPLETE_BOUNDS_MS, complete, len(cell), p) for p in (50, 90, 99)]
        assert list(row[9:12]) == [_percentile(TTFB_BOUNDS_MS, ttfb, len(streaming), p) for p in (50, 90, 99)]


def _percentile(bounds: Sequence[int], at_most: Sequence[int], total: int, percent: int) -> Any:
    exact = quantile(bounds, at_most, total=total, level=Decimal(percent) / 100)
    return exact if exact is None else pytest.approx(float(exact))


@pytest.mark.parametrize(("took_ms", "p99_ms"), [(300_000, 299_720.0), (300_001, 300_000.0)])
def test_beyond_the_last_bound_a_percentile_is_that_bound(embedded: ClickHouse, took_ms: int, p99_ms: float) -> None:
    async def check() -> None:
        await migrate(embedded)
        slow = event_row(datetime.now(UTC), complete_request_ms=took_ms, is_streaming=False)
        await ClickHouseEvents(embedded).insert(batch([slow]))
        found = await embedded.query("SELECT p99_ms, ttfb_p99_ms, complete_bounds_ms, ttfb_bounds_ms FROM v_latency")
        ((p99, ttfb_p99, complete_bounds, ttfb_bounds),) = found.rows
        assert (p99, ttfb_p99) == (pytest.approx(p99_ms, rel=0.01), None)
        assert (tuple(complete_bounds), tuple(ttfb_bounds)) == (COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS)

    asyncio.run(check())


def test_burn_rates_are_those_of_the_windows_that_the_row_names(seeded: tuple[ClickHouse, list[Row]]) -> None:
    ch, rows = seeded
    found = ask(
        ch,
        "SELECT client, provider, model, window_s, since, until, valid, bad, bad_fraction, burn_rate_999 "
        "FROM v_burn_rate ORDER BY window_s",
    )
    assert {row[3] for row in found} == {60, 180, 300, 1800, 3600, 7200, 21600, 86400, 259200}
    for client, provider, model, window_s, start, until, *measured in found:
        early_s = 0 if window_s <= 3_600 else 300 if window_s <= 86_400 else 3_600
        assert 0 <= (until - start).total_seconds() - window_s <= early_s
        here = [
            row for row in rows if dimension_of(row) == (client, provider, model) and utc(start) <= at(row) < utc(until)
        ]
        share = len(bad(here)) / len(valid(here))
        assert measured == [len(valid(here)), len(bad(here)), share, pytest.approx(share / 0.001)]
    assert {row[:3] for row in found if row[3] == 259_200} == {dimension_of(row) for row in rows}


def test_budgets_are_those_of_thirty_days(seeded: tuple[ClickHouse, list[Row]]) -> None:
    ch, rows = seeded
    counts = "valid, good, bad, compliance, allowed_999, spent_999, left_999"
    found = ask(ch, f"SELECT client, provider, model, {counts} FROM v_budget")
    expected = {}
    for key, cell in groups(valid(rows), dimension_of).items():
        counted, spoiled = len(cell), len(bad(cell))
        spent = spoiled / (counted * 0.001)
        shares = (1 - spoiled / counted, counted * 0.001, spent, 1 - spent)
        expected[key] = (counted, counted - spoiled, spoiled, *map(pytest.approx, shares))
    assert {row[:3]: row[3:] for row in found} == expected


def test_tokens_are_summed_by_the_hour_with_those_on_users_keys_apart(seeded: tuple[ClickHouse, list[Row]]) -> None:
    ch, rows = seeded
    columns = ("input_tokens", "output_tokens", "cache_write_tokens", "cache_hit_tokens", "total_tokens")
    found = ask(
        ch,
        f"SELECT hour, client, provider, model, user_byok, requests, counted, {', '.join(columns)} FROM v_token_usage",
    )
    cells = groups(rows, lambda row: (floor(at(row), timedelta(hours=1)), *dimension_of(row), row["user_byok"]))
    assert {(utc(row[0]), *row[1:5]): row[5:] for row in found} == {
        key: (
            len(cell),
            sum(row["input_tokens"] is not None for row in cell),
            *(sum(row.get(column) or 0 for row in cell) for column in columns),
        )
        for key, cell in cells.items()
    }


@pytest.mark.parametrize(
    ("view", "column"),
    [("v_requests_1m", "minute"), ("v_error_rate", "bucket"), ("v_latency", "bucket"), ("v_token_usage", "hour")],
)
def test_a_condition_on_the_time_reads_those_days_alone(
    seeded: tuple[ClickHouse, list[Row]], view: str, column: str
) -> None:
    ch, _ = seeded
    plan = "\n".join(
        line
        for (line,) in ask(ch, f"EXPLAIN indexes = 1 SELECT * FROM {view} WHERE {column} >= now() - INTERVAL 70 MINUTE")
    )
    read, there = map(int, re.search(r"Min-Max\n.*?Parts: (\d+)/(\d+)", plan, re.DOTALL).groups())  # type: ignore[union-attr]
    assert 0 < read < there
