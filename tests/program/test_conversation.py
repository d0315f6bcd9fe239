"""From a posted event to a conversation in Slack and back: one message, its buttons, its thread, its end."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from o11y.worker.ports.responses import ACKNOWLEDGE
from tests.program.program import Program, environment
from tests.slack_limits import buttons
from tests.slack_press import ACTIONS, SIGNING_SECRET, form, payload, send, signed
from tests.slack_stand_in import SlackStandIn
from tests.slack_workspace import PAGES, TICKETS, TOKEN

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("conversation") / "data"
    command = [sys.executable, "-m", "tests.program.conversation_scenario", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["error"] == ""
    return found


def root(shown: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = [message["now"] for message in shown if not message["reply"]]
    return dict(found)


def action_ids(message: dict[str, Any]) -> set[str]:
    return {button["action_id"] for button in buttons(message)}


def test_slack_refuses_nothing(seen: dict[str, Any]) -> None:
    assert seen["refusals"] == []


def test_the_outage_is_one_message_from_its_beginning_to_its_end(seen: dict[str, Any]) -> None:
    words = [root(seen[when])["text"].split("`")[0] for when in ("fired", "acknowledged", "silenced", "resolved")]
    assert words == ["🚨 PAGE ", "👀 ACKNOWLEDGED PAGE ", "👀 ACKNOWLEDGED PAGE ", "✅ RESOLVED PAGE "]


def test_an_acknowledgement_is_taken_once_however_often_it_is_sent(seen: dict[str, Any]) -> None:
    assert seen["acknowledge"] == 200
    (reply,) = [message for message in seen["acknowledged"] if message["reply"]]
    assert "Acknowledged by ann" in reply["now"]["text"]
    assert ACKNOWLEDGE in action_ids(root(seen["fired"]))
    assert ACKNOWLEDGE not in action_ids(root(seen["acknowledged"]))


def test_a_silence_is_kept_once_and_shown_with_who_asked_for_it_without_telling_anybody(seen: dict[str, Any]) -> None:
    assert seen["silence"] == [200, 200]
    assert seen["silences"] == [["bob", "for 1 h"]]
    assert "by bob" in root(seen["silenced"])["text"]
    assert len(seen["silenced"]) == len(seen["acknowledged"])


def test_what_is_over_has_no_buttons_that_answer(seen: dict[str, Any]) -> None:
    assert not any(name.startswith(("o11y_ack", "o11y_silence")) for name in action_ids(root(seen["resolved"])))


def test_the_history_says_who_acknowledged(seen: dict[str, Any]) -> None:
    assert ["acknowledged", "page", "by ann"] in seen["history"]


BOT = {"slack_bot_token": TOKEN, "slack_page_channel": PAGES, "slack_ticket_channel": TICKETS}


def test_the_program_answers_slack_and_nobody_else(tmp_path: Path) -> None:
    with SlackStandIn() as slack:
        bot = {**BOT, "slack_base_url": slack.api_url, "slack_signing_secret": SIGNING_SECRET}
        with Program(tmp_path / "data", **bot) as program:
            assert program.post(b"payload=%7B%7D", ACTIONS)[0] == 401
            pressed = form(payload({"action_id": ACKNOWLEDGE, "value": "nobody-knows-it"}))
            assert program.post(pressed, ACTIONS, headers=signed(pressed))[0] == 404
            assert "incident" in send(program.url, pressed, signed(pressed)).body.decode()
            assert program.ask("notify", "test").returncode == 0
            assert [message.channel for message in slack.workspace.messages] == [PAGES, TICKETS]
            assert TOKEN not in program.stderr + program.stdout
            assert SIGNING_SECRET not in program.stderr + program.stdout


def test_without_a_signing_secret_the_program_has_no_such_door_and_says_so(tmp_path: Path) -> None:
    with Program(tmp_path / "data", **BOT) as program:
        assert program.post(b"payload=%7B%7D", ACTIONS)[0] == 404
        assert "no buttons below Slack messages: O11Y_SLACK_SIGNING_SECRET is not set" in program.stdout
        assert "no Slack receiver" not in program.stdout
