"""An outage is one story: a page, a reminder of it, its end; and the same story again when it returns at once."""

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
    command = [sys.executable, "-m", "tests.program.life_scenario", str(tmp_path_factory.mktemp("life") / "data")]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["error"], found["refusals"]) == ("", [])
    return found


def test_it_is_told_when_it_fires_when_it_lasts_when_it_ends_and_when_it_returns(seen: dict[str, Any]) -> None:
    words = [text.split("`")[0].partition(" ")[2].strip() for text in seen["texts"]]
    assert words == ["PAGE", "PAGE STILL FIRING", "RESOLVED PAGE", "PAGE AGAIN", "RESOLVED PAGE"]


def test_its_reminder_comes_after_the_cooldown_and_its_end_after_five_quiet_minutes(seen: dict[str, Any]) -> None:
    fired, reminded, resolved, again, over = seen["told_at"]
    assert reminded - fired == 15
    assert resolved == 18 + 1 + 5
    assert again in (27, 28)
    assert over == 28 + 1 + 5


def test_each_message_says_what_is_news_in_it(seen: dict[str, Any]) -> None:
    _, reminded, resolved, again, _ = seen["texts"]
    assert "Still firing" in reminded
    assert "Resolved: it fired for" in resolved
    assert "Fires again" in again


def test_the_history_has_every_transition_once(seen: dict[str, Any]) -> None:
    assert seen["history"] == {"fired": 1, "reminded": 1, "resolved": 2, "reopened": 1, "notified": 5}
