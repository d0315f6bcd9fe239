"""``deploy/clickhouse/grants.sql`` grants what the statements of o11y need: all of it, and to the worker nothing else.

The embedded engine has no users, so what a server would check is derived here from the statements themselves, by the
rules of https://clickhouse.com/docs/sql-reference/statements/grant.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from o11y.adapters.clickhouse.alert_log import ClickHouseAlertLog
from o11y.adapters.clickhouse.baselines import ClickHouseBaselines
from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.colour import ClickHouseColour
from o11y.adapters.clickhouse.counts import ClickHouseCounts
from o11y.adapters.clickhouse.dimensions import ClickHouseDimensions
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.history import ClickHouseHistory
from o11y.adapters.clickhouse.migrations import migrate
from o11y.adapters.clickhouse.overrides import ClickHouseOverrides
from o11y.adapters.clickhouse.past import ClickHousePast
from o11y.adapters.clickhouse.quantiles import ClickHouseQuantiles
from o11y.adapters.clickhouse.series import ClickHouseSeries
from o11y.adapters.clickhouse.spend import ClickHouseSpend
from o11y.adapters.clickhouse.statements import migrations, statement
from o11y.slo.dimension import Dimension
from o11y.slo.override import Selector, Values
from o11y.slo.sli import Indicator
from o11y.worker.alert_log import AlertLog
from o11y.worker.ports import BatchKind
from o11y.worker.ports.alert_log import LogQuestion, Stretch
from o11y.worker.ports.overrides import Change
from o11y.worker.ports.series import (
    AlertsAsked,
    Asked,
    BreakdownAsked,
    CountsAsked,
    LastBadAsked,
    LatencyAsked,
    RequestsAsked,
)
from o11y.worker.time_range import TimeRange
from tests.adapters.clickhouse.rows import batch, event_row, history_row
from tests.builders import ERROR_RATE, alert, dimension, latency, objective
from tests.clickhouse_facade import Facade

ROOT = Path(__file__).parents[3]
GRANTS = (ROOT / "deploy" / "clickhouse" / "grants.sql").read_text(encoding="utf-8")
QUERIES = sorted((ROOT / "o11y" / "sql" / "queries").glob("*.sql"))
NOW = datetime.now(UTC).replace(second=0, microsecond=0)

#: (privilege, table)
Right = tuple[str, str]

_VIEW = re.compile(r"CREATE MATERIALIZED VIEW IF NOT EXISTS (\w+) TO (\w+) AS\s.*?\bFROM (\w+)", re.DOTALL)
_PLAIN_VIEW = re.compile(r"CREATE VIEW IF NOT EXISTS (\w+)\b")
#: what an ARRAY JOIN joins is no table
_READ = re.compile(r"\b(?:FROM|(?<!ARRAY )JOIN)\s+([a-z]\w*(?:\.\w+)?)")
_ALTERING = {
    "MODIFY TTL": "ALTER TTL",
    "MODIFY SETTING": "ALTER SETTINGS",
    "ADD COLUMN": "ALTER ADD COLUMN",
}
#: by every user of a server, whatever was granted
_PUBLIC = ("system.settings", "system.tables")
ALL_MIGRATIONS = "\n".join(migration.text for migration in migrations())
VIEWS = {view: (target, source) for view, target, source in _VIEW.findall(ALL_MIGRATIONS)}
PLAIN_VIEWS = set(_PLAIN_VIEW.findall(ALL_MIGRATIONS))
TABLES = {*re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", ALL_MIGRATIONS), "schema_migrations"}
EVERYTHING = TABLES | VIEWS.keys() | PLAIN_VIEWS


class Recording(Facade):
    """A stand-in of a server that keeps every statement."""

    def __init__(self, path: Path) -> None:
        self.statements: list[str] = []
        super().__init__(path)

    def execute(self, sql: str, arguments: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        self.statements.append(sql)
        return super().execute(sql, arguments)


def needed(sql: str) -> Iterator[Right]:
    """What a server checks before it runs this statement."""
    text = "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--")).strip()
    if view := _VIEW.match(text):
        name, target, source = view.groups()
        yield from (("CREATE VIEW", name), ("SELECT", target), ("INSERT", target), ("SELECT", source))
    elif made := _PLAIN_VIEW.match(text):  # it reads with the rights of whoever asks it
        yield "CREATE VIEW", made[1]
        yield from (("SELECT", name) for name in _READ.findall(text))
    elif table := re.match(r"CREATE TABLE IF NOT EXISTS (\w+)", text):
        yield "CREATE TABLE", table[1]
    elif table := re.match(r"ALTER TABLE (\w+) (MODIFY \w+|ADD COLUMN) ", text):
        yield _ALTERING[table[2]], table[1]
    elif table := re.match(r"INSERT INTO `?(\w+)", text):
        yield from (("INSERT", name) for name in _written(table[1]))
    elif re.match(r"SELECT\b|WITH\b", text):
        yield from (("SELECT", name) for name in _READ.findall(text) if name not in _PUBLIC)
    else:
        # Who may do anything with a table may ask whether it exists.
        assert re.match(r"EXISTS TABLE \w+", text), f"what does a server check for this? {text[:200]}"


def _written(table: str) -> Iterator[str]:
    """The table, and those that views fill in turn."""
    yield table
    for target, source in VIEWS.values():
        if source == table:
            yield from _written(target)


def granted(role: str) -> set[Right]:
    """What the file grants, for every table that there is."""
    rights: set[Right] = set()
    for privileges, place in re.findall(rf"^GRANT (.+?) ON o11y\.(\S+) TO {role};$", GRANTS, re.MULTILINE):
        for name in EVERYTHING if place == "*" else {place}:
            rights |= {(privilege, name) for privilege in privileges.split(", ")}
    return rights


def rights_of(statements: Iterable[str]) -> set[Right]:
    return {right for sql in statements for right in needed(sql)}


async def work(ch: ClickHouse) -> None:
    """Everything that a worker asks of a database that is up to date."""
    assert await migrate(ch) == []
    events, counts, colour = ClickHouseEvents(ch), ClickHouseCounts(ch), ClickHouseColour(ch)
    sent = batch([event_row(NOW - timedelta(minutes=1), status_code=500)])
    told = batch([history_row(NOW)], "batch-2", BatchKind.HISTORY)
    for one in (sent, told):
        await events.insert(one)
        await events.find(one, now=NOW)
    slis = [ERROR_RATE, latency()]
    assert await counts.counts(slis, [60, 21_600, 30 * 86_400], until=NOW)
    await counts.counts(slis, [300], until=NOW, only=dimension())
    for place in (dimension(), Dimension(None, "vendor", None), Dimension("gateway", None, None)):
        for sli in slis:
            about = alert(dimension=place, objective=objective(sli=sli))
            await colour.colour(about, until=NOW)
            await colour.bad_between(about, since=NOW - timedelta(hours=1), until=NOW)
    await ClickHouseBaselines(ch).usual([300], until=NOW)
    await ClickHouseDimensions(ch).known_dimensions(10)
    assert await ClickHouseHistory(ch).incidents_since(NOW - timedelta(hours=1))
    await look_back(ch)
    await look_at_alerts(ch)
    await look_at_pages(ch)
    await change_objectives(ClickHouseOverrides(ch))
    await ch.query("SELECT 1")  # /readyz


async def look_back(ch: ClickHouse) -> None:
    past = ClickHousePast(ch)
    for names in ((None, None, None), ("gateway", None, "vendor/model"), ("gateway", "vendor", "vendor/model")):
        assert await past.counts([ERROR_RATE], [86_400], names=names, until=NOW)
        assert (await past.busiest(names, until=NOW + timedelta(hours=1), most=5))[1] == 1
    for where in ([dimension()], [Dimension(None, "vendor", None)]):
        assert await past.past(ERROR_RATE, where, since=NOW - timedelta(days=7), until=NOW)


async def look_at_alerts(ch: ClickHouse) -> None:
    since, until = NOW - timedelta(days=1), NOW + timedelta(hours=1)
    log, spend = AlertLog(ClickHouseAlertLog(ch), monotonic=time.monotonic), ClickHouseSpend(ch)
    assert (await log.page(LogQuestion(since, until))).steps
    assert (await log.transitions(LogQuestion(since, until), most=5))[0]
    assert await spend.episodes(["0" * 32], since=since, until=until, most=5) == []  # it was told, and never fired
    assert await spend.counted([Stretch(ERROR_RATE, dimension(), since, until)])


async def look_at_pages(ch: ClickHouse) -> None:
    series, since = ClickHouseSeries(ch), NOW - timedelta(hours=1)
    stretch = TimeRange.of(since, NOW, now=NOW).stretch
    for where in (dimension(), Dimension(None, "vendor", None)):
        assert await series.seen(where)
        questions: list[Asked] = [
            RequestsAsked(where, stretch),
            LatencyAsked(where, stretch, Indicator.LATENCY),
            CountsAsked(where, (ERROR_RATE, latency()), (stretch,)),
            AlertsAsked(where, since, NOW),
            BreakdownAsked(where, ERROR_RATE, since, NOW),
            LastBadAsked(where, ERROR_RATE, since, NOW),
        ]
        for question in questions:
            await series.ask(question)
    assert await ClickHouseQuantiles(ch).quantiles(since=since, until=NOW + timedelta(hours=1))
    await ch.query(statement("server_version"))


async def change_objectives(overrides: ClickHouseOverrides) -> None:
    selector = Selector("error-rate", model="vendor/model")
    await overrides.append(Change("c-1", 1, NOW, "ann", selector, None, Values(enabled=False)))
    assert await overrides.current()
    assert await overrides.last(selector)
    assert await overrides.changes()


@pytest.fixture
def server(engine_path: Path) -> Iterator[Recording]:
    facade = Recording(engine_path)
    yield facade
    facade.stop()


@pytest.fixture
def ch(server: Recording, database: str) -> Iterator[ClickHouse]:
    """On a server where an administrator has made the database."""
    server.execute(f"CREATE DATABASE {database}", {})
    server.statements.clear()
    ch = ClickHouse.server(server.url, database=database)
    yield ch
    ch.close()
    server.execute(f"DROP DATABASE {database}", {})


def test_the_schema_role_has_what_migrations_need_and_no_kind_of_right_beyond(
    ch: ClickHouse, server: Recording
) -> None:
    assert asyncio.run(migrate(ch))
    wanted = rights_of(server.statements)
    assert wanted <= granted("o11y_schema")
    assert {privilege for privilege, _ in wanted} == {privilege for privilege, _ in granted("o11y_schema")}


def test_the_worker_has_exactly_what_its_statements_need(ch: ClickHouse, server: Recording) -> None:
    asyncio.run(migrate(ch))
    server.statements.clear()
    asyncio.run(work(ch))
    asked = server.statements
    on_tables = {right for right in granted("o11y_worker") if right[1] in TABLES}
    assert rights_of(asked) == on_tables
    for path in QUERIES:
        if path.stem not in ("schema_migrations", "record_migration"):  # migrations alone
            assert any(_fixed_part(path) in sql for sql in asked), f"{path.name} was not asked; add it to work()"


def _fixed_part(path: Path) -> str:
    """The longest piece between comments, placeholders and parameters."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("--")]
    return max((piece for line in lines for piece in re.split(r"\$\w+|\{[^}]*\}", line)), key=len)


def test_a_reader_reads_and_does_nothing_else() -> None:
    assert granted("o11y_reader") == {("SELECT", name) for name in EVERYTHING}
    assert PLAIN_VIEWS


def test_a_reader_may_lower_limits_as_grafana_does_and_raises_none() -> None:
    """With ``readonly = 1`` the driver of its data source is refused: it sends ``max_execution_time`` along."""
    (settings,) = re.findall(r"CREATE SETTINGS PROFILE OR REPLACE o11y_reader\s+SETTINGS (.+)", GRANTS)
    limits = dict(one.split(" = ") for one in settings.split(", "))
    assert limits.pop("readonly") == "2"
    assert limits.keys() == {"max_execution_time", "max_memory_usage"}
    for limit in limits.values():
        value, highest = re.fullmatch(r"(\d+) MIN 1 MAX (\d+)", limit).groups()  # type: ignore[union-attr]
        assert value == highest


def test_the_engine_can_read_every_statement_of_the_file(ch: ClickHouse) -> None:
    """It has no users, so it cannot carry them out."""

    text = GRANTS.replace("-- CREATE USER", "CREATE USER")

    async def check() -> None:
        for sql in filter(str.strip, f"{text}\n".split(";\n")):
            await ch.command(f"EXPLAIN AST {sql}")

    asyncio.run(check())


def test_every_grant_of_the_file_is_to_one_of_the_three_roles() -> None:
    lines = [line for line in GRANTS.splitlines() if line.startswith("GRANT ")]
    assert lines
    assert all(re.search(r" ON o11y\.\S+ TO o11y_(schema|worker|reader);$", line) for line in lines)


@pytest.mark.parametrize(
    "unknown", ["DROP TABLE api_events", "TRUNCATE TABLE api_events", "SYSTEM FLUSH LOGS", "DELETE FROM api_events"]
)
def test_a_kind_of_statement_that_no_role_provides_for_is_noticed(unknown: str) -> None:
    with pytest.raises(AssertionError, match="what does a server check"):
        rights_of([unknown])
