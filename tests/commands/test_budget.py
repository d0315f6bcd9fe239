"""``o11y budget`` as a table."""

from io import StringIO
from typing import Any

from o11y.commands.budget import print_budgets


def row(**changes: Any) -> dict[str, Any]:
    return {
        "objective": "error-rate",
        "scope": "model",
        "client": "kilo",
        "provider": "openai",
        "model": "openai/gpt-5",
        "valid": 100_000,
        "bad": 70,
        "left": 0.3,
        "compliance": 0.9993,
        "burn_rate_1h": 5.0,
        "burn_rate_24h": 3.0,
        "ends_in_s_at_1h": 155_520.0,
        "ends_in_s_at_24h": None,
        "incidents": [],
        "incidents_before": 0,
        **changes,
    }


def printed(*rows: dict[str, Any], budgets: int | None = None) -> str:
    found = {
        "from": "2026-10-22T12:00:00Z",
        "until": "2026-11-21T12:00:00Z",
        "budgets": len(rows) if budgets is None else budgets,
        "overspent": 1,
        "listed": list(rows),
    }
    out = StringIO()
    print_budgets(found, out)
    return out.getvalue()


def test_a_row_tells_what_is_left_and_when_it_ends() -> None:
    text = printed(row())
    for said in ("1 budget from", "1 overspent", "kilo / openai / openai/gpt-5", "30 %", "70 / 100,000", "99.93 %"):
        assert said in text, said
    assert "1d 19h at 5×" in text
    assert "no incident" in text


def test_what_is_gone_and_what_is_overspent_says_so() -> None:
    text = printed(row(left=-1.5, ends_in_s_at_1h=0.0, ends_in_s_at_24h=0.0))
    assert "-150 %" in text
    assert text.count("gone") >= 2


def test_incidents_are_named_by_their_time_with_what_they_took() -> None:
    taken = {"incident": "i-1", "severity": "page", "from": "2026-11-20T10:05:00Z", "until": None, "bad": 7, "valid": 9}
    text = printed(row(incidents=[{**taken, "spent": 0.25}, {**taken, "spent": None}], incidents_before=3))
    for said in ("11-20 10:05 25 %", "3 before"):
        assert said in text.replace("\n", " "), said


def test_aggregates_are_named_by_what_they_are_of() -> None:
    text = printed(row(scope="provider", client="*", model="*"), row(scope="all"))
    assert "provider openai" in text
    assert "all traffic" in text


def test_without_rows_and_with_more_of_them_it_says_so() -> None:
    assert "No valid events" in printed()
    assert "and 1,999 with more left" in printed(row(), budgets=2_000)


def test_names_are_text_whatever_they_hold() -> None:
    assert "\x1b" not in printed(row(model="\x1b[31mred", objective="[bold]x[/bold]"))
    assert "[bold]x" in printed(row(objective="[bold]x"))
