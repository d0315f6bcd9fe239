"""Text from outside is bound, never spliced: it comes back byte for byte, and no statement knows it."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from o11y.adapters.clickhouse.client import ClickHouse, Table
from o11y.adapters.clickhouse.colour import ClickHouseColour
from o11y.adapters.clickhouse.counts import ClickHouseCounts
from o11y.adapters.clickhouse.dimensions import ClickHouseDimensions
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.history import ClickHouseHistory
from o11y.adapters.clickhouse.migrations import migrate
from o11y.alerting.incident import Member
from o11y.slo.dimension import Dimension
from o11y.slo.status_class import StatusClass
from o11y.worker.ports import BatchKind, BatchState
from tests.adapters.clickhouse.rows import batch, event_row, history_row
from tests.builders import ERROR_RATE, alert, latency, objective
from tests.hostile_text import HOSTILE

TEXT_COLUMNS = (
    "client_name",
    "kilo_user_id",
    "organization_id",
    "mode",
    "provider",
    "requested_model",
    "resolved_model",
    "model_variant",
    "inference_provider",
)
HISTORY_COLUMNS = ("key", "objective", "client", "provider", "model", "reason")
LIST_COLUMNS = ("tools_available", "tools_used")
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
AT = NOW - timedelta(minutes=2)
STORED = f"SELECT {', '.join((*TEXT_COLUMNS, *LIST_COLUMNS))} FROM api_events ORDER BY kilo_user_id"
ECHO = "SELECT {text:String}, {texts:Array(String)}, length({text:String})"
TABLES = {
    "alert_history", "api_events", "dimensions", "dimensions_view", "objective_overrides", "rollup_10s",
    "rollup_10s_view", "rollup_1h", "rollup_1h_view", "rollup_5m", "rollup_5m_view", "schema_migrations", "v_budget",
    "v_burn_rate", "v_error_rate", "v_latency", "v_requests_1m", "v_token_usage",
}  # fmt: skip


def hostile_row(text: str) -> dict[str, Any]:
    tools = {column: [text, "read", text] for column in LIST_COLUMNS}
    return event_row(AT, status_code=500, **dict.fromkeys(TEXT_COLUMNS, text), **tools)


def test_bound_text_comes_back_byte_for_byte(either: ClickHouse) -> None:
    async def echoed() -> dict[str, tuple[Any, ...]]:
        await migrate(either)
        return {
            what: next(iter((await either.query(ECHO, {"text": text, "texts": [text, text]})).rows))
            for what, text in HOSTILE.items()
        }

    found = asyncio.run(echoed())
    assert found == {what: (text, [text, text], len(text.encode())) for what, text in HOSTILE.items()}


def test_every_text_column_keeps_it_byte_for_byte_and_the_tables_stay(either: ClickHouse) -> None:
    async def stored() -> tuple[list[tuple[Any, ...]], set[str]]:
        await migrate(either)
        events = ClickHouseEvents(either)
        await events.insert(batch([hostile_row(text) for text in HOSTILE.values()]))
        rows = list((await either.query(STORED)).rows)
        tables = await either.query("SELECT name FROM system.tables WHERE database = currentDatabase()")
        return rows, {name for (name,) in tables.rows}

    rows, tables = asyncio.run(stored())
    wanted = sorted(((text,) * len(TEXT_COLUMNS), [text, "read", text]) for text in HOSTILE.values())
    assert sorted((row[: len(TEXT_COLUMNS)], row[-1]) for row in rows) == wanted
    assert all(row[-1] == row[-2] for row in rows)
    assert tables == TABLES


def test_every_question_finds_the_dimension_and_it_alone(either: ClickHouse) -> None:
    """Look-ups by name hash and compare as the insert did, or an alert would have no counts, no colour, no budget."""

    async def asked() -> dict[str, list[Any]]:
        await migrate(either)
        events, counts, colour = ClickHouseEvents(either), ClickHouseCounts(either), ClickHouseColour(either)
        sent = batch([hostile_row(text) for text in HOSTILE.values()])
        await events.insert(sent)
        assert await events.find(sent, now=NOW) is BatchState.COMPLETE
        found = {}
        for what, text in HOSTILE.items():
            dimension = Dimension(text, text, text)
            only = await counts.counts([ERROR_RATE], [300], until=NOW, only=dimension)
            facts = await colour.colour(alert(dimension=dimension), until=NOW)
            by_provider = await colour.colour(alert(dimension=Dimension(None, text, None)), until=NOW)
            slow = alert(dimension=dimension, objective=objective(sli=latency()))
            await colour.colour(slow, until=NOW)
            found[what] = [
                [(name, ratio[300].bad) for name, slis in only.items() for ratio in slis.values()],
                *((one.status_codes, one.inference_providers, one.budget_bad) for one in (facts, by_provider)),
            ]
        return found

    found = asyncio.run(asked())
    for what, text in HOSTILE.items():
        seen = ((("500", 1),), ((text, 1),), 1)
        assert found[what] == [[(Dimension(text, text, text), 1)], seen, seen], what


def test_the_names_of_dimensions_and_the_history_keep_it(either: ClickHouse) -> None:
    async def read() -> tuple[set[Dimension], dict[str, Member]]:
        await migrate(either)
        events = ClickHouseEvents(either)
        await events.insert(batch([hostile_row(text) for text in HOSTILE.values()]))
        rows = [
            history_row(AT, **dict.fromkeys(HISTORY_COLUMNS, text), incident_id=f"i{text}") for text in HOSTILE.values()
        ]
        await events.insert(batch(rows, "batch-2", BatchKind.HISTORY))
        names = await ClickHouseDimensions(either).known_dimensions(1000)
        told = await ClickHouseHistory(either).incidents_since(AT - timedelta(hours=1))
        return set(names), {one.incident_id: one.members[0] for one in told}

    names, members = asyncio.run(read())
    assert names == {Dimension(text, text, text) for text in HOSTILE.values()}
    assert {identity: (member.key, member.objective, member.dimension) for identity, member in members.items()} == {
        f"i{text}": (text, text, Dimension(text, text, text)) for text in HOSTILE.values()
    }


# ---------------------------------------------------------------- no statement knows it


class Recording(ClickHouse):
    """Keeps every statement with its parameters; counts are 0, and lists of dimensions empty."""

    def __init__(self) -> None:
        super().__init__(lambda: None, database="o11y", place="nowhere")  # type: ignore[arg-type,return-value]
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def query(self, sql: str, parameters: Mapping[str, Any] | None = None, **_: Any) -> Table:
        self.asked.append((sql, parameters or {}))
        return Table(() if "GROUP BY dim_id, window_s" in sql or "GROUPING SETS" in sql else ((0,), (0,)))


@pytest.fixture
def recording() -> Iterator[Recording]:
    ch = Recording()
    yield ch
    ch.close()


async def ask_everything(ch: ClickHouse, text: str) -> None:
    """Every question that has text from outside in it."""
    events, counts, colour = ClickHouseEvents(ch), ClickHouseCounts(ch), ClickHouseColour(ch)
    await events.find(batch([hostile_row(text)], batch_id=text), now=NOW)
    await events.find(batch([history_row(AT, key=text)], batch_id=text, kind=BatchKind.HISTORY), now=NOW)
    dimension = Dimension(text, text, text)
    slis = [ERROR_RATE, latency()]
    await counts.counts(slis, [60, 300, 21_600], until=NOW, only=dimension)
    for scope in (dimension, Dimension(None, text, None), Dimension(text, None, None), Dimension(None, None, None)):
        for sli in slis:
            told = alert(dimension=scope, objective=objective(name=text, sli=sli))
            await colour.colour(told, until=NOW)
            await colour.bad_between(told, since=AT, until=NOW)


@pytest.mark.parametrize("what", HOSTILE)
def test_statements_are_the_same_whatever_the_text_is(recording: Recording, what: str) -> None:
    asyncio.run(ask_everything(recording, "harmless"))
    harmless, recording.asked = [sql for sql, _ in recording.asked], []
    asyncio.run(ask_everything(recording, HOSTILE[what]))
    assert [sql for sql, _ in recording.asked] == harmless
    assert len(harmless) > 20
    bound = [value for _, parameters in recording.asked for value in parameters.values()]
    assert HOSTILE[what] in bound


def test_the_names_of_status_classes_are_the_only_quoted_text_in_a_statement(recording: Recording) -> None:
    asyncio.run(ask_everything(recording, "harmless"))
    quoted = {part for sql, _ in recording.asked for part in _bare(sql).split("'")[1::2]}
    assert quoted <= {str(status) for status in StatusClass}


def _bare(sql: str) -> str:
    """Without its comments, and the time zones of its types."""
    code = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
    return code.replace("DateTime('UTC')", "DateTime").replace("DateTime64(3, 'UTC')", "DateTime64")
