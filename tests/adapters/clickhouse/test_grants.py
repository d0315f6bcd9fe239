"""``deploy/clickhouse/grants.sql`` grants what the statements of o11y need: all of it, and to the worker nothing else.

The embedded engine has no users, so what a server would check is derived here from the statements themselves, by the
rules of https://clickhouse.com/docs/sql-reference/statements/grant.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from o11y.adapters.clickhouse.baselines import ClickHouseBaselines
from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.colour import ClickHouseColour
from o11y.adapters.clickhouse.counts import ClickHouseCounts
from o11y.adapters.clickhouse.dimensions import ClickHouseDimensions
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.history import ClickHouseHistory
from o11y.adapters.clickhouse.migrations import migrate
from o11y.adapters.clickhouse.statements import migrations
from o11y.slo.dimension import Dimension
from o11y.worker.ports import BatchKind
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
TABLES = {*re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", ALL_MIGRATIONS), "schema_migrations"}


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
        for name in TABLES | VIEWS.keys() if place == "*" else {place}:
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
    await ch.query("SELECT 1")  # /readyz


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
    on_tables = {right for right in granted("o11y_worker") if right[1] not in VIEWS}
    assert rights_of(asked) == on_tables
    for path in QUERIES:
        if path.stem not in ("schema_migrations", "record_migration"):  # migrations alone
            assert any(_fixed_part(path) in sql for sql in asked), f"{path.name} was not asked; add it to work()"


def _fixed_part(path: Path) -> str:
    """The longest piece between comments, placeholders and parameters."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("--")]
    return max((piece for line in lines for piece in re.split(r"\$\w+|\{[^}]*\}", line)), key=len)


def test_a_reader_reads_and_does_nothing_else() -> None:
    assert granted("o11y_reader") == {("SELECT", name) for name in TABLES | VIEWS.keys()}
    assert "SETTINGS readonly = 1" in GRANTS


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
