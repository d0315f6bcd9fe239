"""Every message, word for word, beside this file: read the difference before you accept it.

O11Y_TEST_REWRITE_RENDERED=1 pytest tests/rendered    writes them anew
"""

import json
import os
from pathlib import Path

import pytest

from o11y.adapters.slack.message import Message, slack_message, slack_reply
from o11y.alerting.notification import Notice, Notification
from o11y.alerting.plain_text import WIDTH, plain_text
from tests.rendered.cases import CASES
from tests.rendered.slack_text import slack_text
from tests.slack_stand_in import problems_of

FOLDER = Path(__file__).parent
URL = "https://o11y.example"


def rendered(message: Notification | Notice) -> str:
    shown = {"plain text": plain_text(message, public_url=URL), "Slack webhook": slack_text(webhook(message))}
    if isinstance(message, Notification):
        shown["Slack conversation: the message"] = slack_text(root(message))
        shown["Slack conversation: the reply"] = slack_text(slack_reply(message))
    return "".join(f"==== {receiver}\n{text}\n\n" for receiver, text in shown.items())


def webhook(message: Notification | Notice) -> Message:
    return slack_message(message, public_url=URL)


def root(message: Notification | Notice) -> Message:
    return slack_message(message, public_url=URL, buttons=True, live=True)


@pytest.mark.parametrize("name", CASES)
def test_a_message_reads_as_it_was_approved(name: str) -> None:
    file, text = FOLDER / f"{name}.txt", rendered(CASES[name])
    if os.environ.get("O11Y_TEST_REWRITE_RENDERED") == "1":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_no_approved_text_is_left_over() -> None:
    assert {file.stem for file in FOLDER.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_slack_takes_every_message(name: str) -> None:
    message = CASES[name]
    made = [webhook(message), root(message)]
    if isinstance(message, Notification):
        made.append(slack_reply(message))
    assert [list(problems_of(json.dumps(one.payload).encode())) for one in made] == [[] for _ in made]


@pytest.mark.parametrize("name", CASES)
def test_a_terminal_of_eighty_columns_shows_every_line(name: str) -> None:
    lines = plain_text(CASES[name]).splitlines()
    runbooks = [line for line in lines if line.startswith("  runbook")]
    assert [line for line in lines if len(line) > WIDTH and line not in runbooks] == []
