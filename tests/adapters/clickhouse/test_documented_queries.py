"""The questions that ``docs/alerting.md`` puts to the alert history are answered as the page says."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.worker.ports import BatchKind
from tests.adapters.clickhouse.rows import batch, history_row, iso

PAGE = (Path(__file__).parents[3] / "docs" / "alerting.md").read_text(encoding="utf-8")
#: the questions end in the clock of the server: an hour ago is inside every window that they look at
NOW = datetime.now(UTC).replace(second=0, microsecond=0)


def question(words: str) -> str:
    """The statement below the paragraph that begins with these words."""
    found = re.search(re.escape(words) + r"[^`]*```sql\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, words
    return found[1]


def row(minutes_ago: float, transition: str, incident: str, **changes: Any) -> dict[str, Any]:
    at = NOW - timedelta(minutes=minutes_ago)
    changes = {
        "recorded_at": iso(at),
        "incident_id": incident,
        "notification_id": f"{incident}-{minutes_ago}",
        **changes,
    }
    return history_row(at, transition=transition, **changes)


#: one is over and was answered after six minutes, one goes on, one was silenced
ROWS = [
    row(60, "fired", "over"),
    row(60, "notified", "over", recorded_at=iso(NOW - timedelta(minutes=59))),
    row(58, "acknowledged", "over", reason="by ann", recorded_at=iso(NOW - timedelta(minutes=54))),
    row(20, "resolved", "over"),
    row(22, "notified", "over", recorded_at=iso(NOW - timedelta(minutes=20))),
    row(15, "fired", "open", provider="other", key="1" * 32),
    row(15, "inhibited", "open", provider="other", key="1" * 32, severity="ticket", reason="its page is live"),
    row(15, "notified", "open", provider="other", key="1" * 32),
    row(5, "notified", "open", provider="other", key="1" * 32, burn_rate_long=750.0),
    row(4, "fired", "quiet", key="2" * 32, severity="ticket"),
    row(4, "silenced", "quiet", key="2" * 32, severity="ticket", reason="silenced: 'deploy' by ann"),
]


@pytest.fixture
def history(embedded: ClickHouse) -> ClickHouse:
    async def fill() -> None:
        await migrate(embedded, keep_forever=True)
        await ClickHouseEvents(embedded).insert(batch(list(ROWS), "h-1", BatchKind.HISTORY))

    asyncio.run(fill())
    return embedded


def answers(ch: ClickHouse, words: str) -> list[tuple[Any, ...]]:
    return list(asyncio.run(ch.query(question(words))).rows)


def test_what_is_open_is_what_has_begun_and_not_ended(history: ClickHouse) -> None:
    opened, quiet = answers(history, "What is open?")
    assert opened[:2] == ("open", "page")
    assert opened[3:] == (1, "error-rate", "gateway / other / vendor/model", 750)
    assert quiet[:2] == ("quiet", "ticket")


def test_the_story_is_that_of_the_last_incident_that_paged(history: ClickHouse) -> None:
    told = answers(history, "What happened in the last incident that paged?")
    assert sorted(transition for _, transition, *_ in told[:3]) == ["fired", "inhibited", "notified"]
    assert [transition for _, transition, *_ in told[3:]] == ["notified"]
    assert {provider for *_, provider, _model, _rate, _bad, _valid, _reason in told} == {"other"}


def test_who_pages_most_is_counted_in_incidents_and_messages(history: ClickHouse) -> None:
    told = answers(history, "Who pages most?")
    assert sorted((provider, *counted) for _, _, provider, _, *counted in told) == [("other", 1, 2), ("vendor", 1, 2)]


def test_what_was_not_told_says_why(history: ClickHouse) -> None:
    told = answers(history, "What was not told in the last week, and why?")
    assert {(transition, reason) for transition, reason, *_ in told} == {
        ("inhibited", "its page is live"),
        ("silenced", "silenced: 'deploy' by ann"),
    }


def test_how_long_pages_last_leaves_out_those_that_go_on(history: ClickHouse) -> None:
    weeks = answers(history, "How long do pages last, and how soon does somebody answer?")
    assert sum(pages for _, pages, *_ in weeks) == 2
    (answered,) = [week[2:] for week in weeks if week[3]]
    assert answered == (40, 1, 6)


def test_every_query_of_the_page_is_asked_here() -> None:
    asked = Path(__file__).read_text(encoding="utf-8")
    questions = re.findall(r"\n\n([^\n`]+\?)[^`]*\n\n```sql", PAGE)
    assert len(questions) == PAGE.count("```sql") > 0
    assert [words for words in questions if f'"{words}"' not in asked] == []
