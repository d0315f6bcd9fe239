"""From a posted event to the page in Slack, through every real part."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.program.program import environment

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.program.page_scenario", str(tmp_path_factory.mktemp("page") / "data")]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["error"] == ""
    assert [minute["accepted"] for minute in found["minutes"]] == [10] * 5
    return found


def test_the_outage_is_one_page_although_slack_failed_first(seen: dict[str, Any]) -> None:
    assert len(seen["messages"]) == 1
    assert seen["refusals"] == []
    text = json.dumps(seen["messages"][0])
    for part in ("PAGE", "error-rate", "gateway", "openrouter", "vendor/model", "9 of 9"):
        assert part in text


def test_the_page_is_retried_from_the_outbox_and_then_never_again(seen: dict[str, Any]) -> None:
    assert [minute["attempts"] for minute in seen["minutes"]] == [2, 2, 2, 2, 2]
    assert [minute["retried"] for minute in seen["minutes"]] == [1, 0, 0, 0, 0]


def test_the_history_tells_the_page_and_the_ticket_that_it_inhibits(seen: dict[str, Any]) -> None:
    transitions = [tuple(row) for row in seen["history"]]
    page = ("page", "error-rate", "gateway", "vendor/model")
    assert transitions[0] == ("fired", *page)
    assert transitions.count(("fired", *page)) == transitions.count(("notified", *page)) == 1
    assert set(transitions[1:]) == {("notified", *page), ("inhibited", "ticket", *page[1:])}
