"""The worked queries of ``docs/clickhouse.md``: each runs as it is printed, and answers what a recount answers."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS
from o11y.slo.quantiles import quantile
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

PAGE = (Path(__file__).parents[3] / "docs" / "clickhouse.md").read_text(encoding="utf-8")
QUESTIONS = dict(re.findall(r"^### \d+\. (.*?)\n(?:(?!\n###).)*?```sql\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

Answer = list[tuple[Any, ...]]


@pytest.fixture
def seeded(embedded: ClickHouse) -> tuple[ClickHouse, list[Row]]:
    return embedded, asyncio.run(fill(embedded))


def who_sends_how_much(rows: list[Row], found: Answer) -> None:
    clients = groups(since(rows, HOUR), lambda row: row["client_name"])
    assert sorted(found) == sorted(
        (client, len(sent), pytest.approx(len(sent) / 60, abs=0.05), 3) for client, sent in clients.items()
    )


def who_fails_most(rows: list[Row], found: Answer) -> None:
    """The window ends by the server's clock, so its edges are not recounted here, but in the test of the view."""
    assert {row[1] for row in found[:2]} == {"openai"}
    assert all(0 < row[4] <= row[3] and row[5] == pytest.approx(1000 * row[4] / row[3], abs=0.1) for row in found)


def at_or_above_in_both_windows(rows: list[Row], found: Answer) -> None:
    assert {row[:3] for row in found} >= {(client, "openai", "openai/gpt-5") for client in ("kilo", "ide")}
    assert all(row[3] >= 14.4 and row[4] >= 14.4 for row in found)


def error_rate_by_the_hour(rows: list[Row], found: Answer) -> None:
    start = floor(datetime.now(UTC) - DAY, HOUR)
    hours = groups(valid(since(rows, start)), lambda row: floor(at(row), HOUR) if row["provider"] == "openai" else None)
    hours.pop(None)
    assert [(hour.replace(tzinfo=UTC), *counts) for hour, *counts in found] == [
        (hour, len(cell), len(bad(cell)), pytest.approx(100 * len(bad(cell)) / len(cell), abs=0.001))
        for hour, cell in sorted(hours.items())
    ]


def kinds_of_failures(rows: list[Row], found: Answer) -> None:
    names = ["server_error", "overloaded", "timeout", "rate_limited", "auth_error", "payment_required"]
    names += ["client_error", "client_closed"]
    expected = []
    recent = [row for row in since(rows, HOUR) if not row["user_byok"]]
    for provider, sent in sorted(groups(recent, lambda row: row["provider"]).items()):
        counted = Counter(str(class_of(row)) for row in sent)
        expected.append((provider, *(counted[name] for name in names)))
    assert found == expected


def p90_of_a_model(rows: list[Row], found: Answer) -> None:
    expected = {}
    for model, sent in groups(successful(since(rows, DAY)), lambda row: row["resolved_model"]).items():
        at_most = [sum(row["complete_request_ms"] <= bound for row in sent) for bound in COMPLETE_BOUNDS_MS]
        p90 = quantile(COMPLETE_BOUNDS_MS, at_most, total=len(sent), level=Decimal("0.9"))
        assert p90 is not None
        expected[model] = (len(sent), pytest.approx(float(p90), abs=0.51))
    assert {row[0]: (row[1], row[5]) for row in found} == expected


def slower_than_15_s(rows: list[Row], found: Answer) -> None:
    providers = groups(successful(since(rows, timedelta(hours=6))), lambda row: row["provider"])
    slow = {name: sum(row["complete_request_ms"] > 15_000 for row in sent) for name, sent in providers.items()}
    assert {row[0]: row[1:3] for row in found} == {name: (len(sent), slow[name]) for name, sent in providers.items()}


def whose_budget_is_spent(rows: list[Row], found: Answer) -> None:
    cells = {key: (len(cell), len(bad(cell))) for key, cell in groups(valid(rows), dimension_of).items()}
    expected = {
        key: (counted, spoiled, pytest.approx(100 * (1 - spoiled / (counted * 0.001)), abs=0.1))
        for key, (counted, spoiled) in cells.items()
        if spoiled
    }
    assert {row[:3]: row[3:] for row in found} == expected
    assert [row[5] for row in found] == sorted(row[5] for row in found)


def budget_of_another_target(rows: list[Row], found: Answer) -> None:
    providers = groups(valid(rows), lambda row: row["provider"])
    assert {row[0]: row[1:] for row in found} == {
        name: (len(sent), len(bad(sent)), pytest.approx(100 * (1 - len(bad(sent)) / (len(sent) * 0.005)), abs=0.1))
        for name, sent in providers.items()
    }


def days_of_the_budget(rows: list[Row], found: Answer) -> None:
    sent = [row for row in valid(rows) if row["provider"] == "openai"]
    days: dict[date, list[Row]] = groups(sent, lambda row: at(row).date())
    assert found == [
        (day, len(bad(cell)), len(cell), pytest.approx(100 * len(bad(cell)) / (len(sent) * 0.001), abs=0.1))
        for day, cell in sorted(days.items())
    ]


def _sum(rows: Sequence[Row], column: str) -> int:
    return sum(row.get(column) or 0 for row in rows)


def who_uses_the_tokens(rows: list[Row], found: Answer) -> None:
    own = [row for row in since(rows, DAY) if not row["user_byok"]]
    users = groups(own, lambda row: (row["client_name"], row["resolved_model"]))
    assert {row[:2]: row[2:] for row in found} == {
        key: (_sum(cell, "input_tokens"), _sum(cell, "output_tokens"), len(cell)) for key, cell in users.items()
    }


def out_of_the_cache(rows: list[Row], found: Answer) -> None:
    models = groups(since(rows, DAY), lambda row: row["resolved_model"])
    assert found == [
        (
            model,
            sum(row["input_tokens"] is not None for row in cell),
            len(cell),
            pytest.approx(100 * _sum(cell, "cache_hit_tokens") / _sum(cell, "input_tokens"), abs=0.1),
        )
        for model, cell in sorted(models.items())
    ]


def who_served_the_failures(rows: list[Row], found: Answer) -> None:
    here = [
        row
        for row in since(rows, HOUR)
        if dimension_of(row) == ("kilo", "openai", "openai/gpt-5")
        and not row["user_byok"]
        and row["status_code"] >= 400
    ]
    cells = groups(here, lambda row: (row["inference_provider"], row["status_code"]))
    assert {row[:2]: (row[2], row[3].replace(tzinfo=UTC)) for row in found} == {
        key: (len(cell), max(map(at, cell))) for key, cell in cells.items()
    }


def whom_does_it_hurt(rows: list[Row], found: Answer) -> None:
    hurting = {"server_error", "overloaded", "timeout", "rate_limited"}
    expected = {}
    for provider, sent in groups(since(rows, HOUR), lambda row: row["provider"]).items():
        users = {row["kilo_user_id"] for row in sent}
        hurt = {row["kilo_user_id"] for row in sent if class_of(row) in hurting}
        expected[provider] = (len(users), len(hurt), pytest.approx(100 * len(hurt) / len(users), abs=0.51))
    assert {row[0]: row[1:] for row in found} == expected
    assert found[0][0] == "openai"


def tools_that_fail(rows: list[Row], found: Answer) -> None:
    expected = {}
    for tool in ("read", "bash"):
        sent = [row for row in since(rows, HOUR) if tool in row["tools_used"]]
        failed = sum(row["status_code"] >= 500 for row in sent)
        expected[tool] = (len(sent), failed, pytest.approx(100 * failed / len(sent), abs=0.1))
    assert {row[0]: row[1:] for row in found} == expected


CHECKS: dict[str, Callable[[list[Row], Answer], None]] = {
    "Who sends how much?": who_sends_how_much,
    "Who fails most, right now?": who_fails_most,
    "What is at or above a threshold in both windows?": at_or_above_in_both_windows,
    "How does the error rate of a provider go, hour by hour?": error_rate_by_the_hour,
    "What kind of failures are they?": kinds_of_failures,
    "What is the p90 of a model over a day and all its clients?": p90_of_a_model,
    "How many requests are slower than 15 s?": slower_than_15_s,
    "Whose budget is spent?": whose_budget_is_spent,
    "What is left of the budget of another target?": budget_of_another_target,
    "On which days was it spent?": days_of_the_budget,
    "Who uses the tokens?": who_uses_the_tokens,
    "How much comes out of the cache?": out_of_the_cache,
    "Who served the requests that failed?": who_served_the_failures,
    "Whom does it hurt?": whom_does_it_hurt,
    "Do some tools fail more than others?": tools_that_fail,
}


def test_every_query_of_the_page_is_asked_here_and_there_are_fifteen() -> None:
    assert list(CHECKS) == list(QUESTIONS)
    assert len(QUESTIONS) == PAGE.count("```sql") == 15


def test_each_query_answers_what_a_recount_answers(seeded: tuple[ClickHouse, list[Row]]) -> None:
    ch, rows = seeded
    for question, check in CHECKS.items():
        found = list(asyncio.run(ch.query(QUESTIONS[question])).rows)
        assert found, question
        check(rows, found)
