"""The stand-in is as strict as Slack, or what passes it proves nothing."""

from typing import Any

import pytest

from tests.slack_limits import content_problems
from tests.slack_workspace import PAGES, TICKETS, TOKEN, Workspace

BUTTON = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "A"}}


def called(workspace: Workspace, method: str, token: str | None = TOKEN, **arguments: Any) -> dict[str, Any]:
    return workspace.call(method, {"channel": PAGES, "text": "x", **arguments}, token)


def plain(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": text}}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    "content",
    [
        {"text": ""},
        {"text": "x" * 4_001},
        {"blocks": [plain("x")] * 51},
        {"blocks": [plain("x" * 3_001)]},
        {"blocks": [plain("x" * 2_900)] * 5},
        {"blocks": [mrkdwn("<!channel>")]},
        {"blocks": [mrkdwn("a & b")]},
        {"blocks": [mrkdwn("`open")]},
        {"blocks": [{"type": "actions", "elements": []}]},
        {"blocks": [{"type": "actions", "elements": [{**BUTTON, "action_id": str(n)} for n in range(26)]}]},
        {"blocks": [{"type": "actions", "elements": [BUTTON, BUTTON]}]},
        {"blocks": [{"type": "actions", "elements": [{**BUTTON, "value": "x" * 2_001}]}]},
        {"blocks": [{"type": "actions", "elements": [{**BUTTON, "url": "ftp://x"}]}]},
        {"blocks": [{"type": "actions", "elements": [{**BUTTON, "style": "loud"}]}]},
        {"blocks": [{"type": "actions", "elements": [{**BUTTON, "text": {"type": "mrkdwn", "text": "A"}}]}]},
        {"blocks": [{"type": "carousel"}]},
        {"attachments": [{"color": "reddish", "blocks": [plain("x")]}]},
        {"attachments": [{"pretext": "x"}]},
        {"attachments": [{"blocks": [plain("x" * 3_001)]}]},
    ],
)
def test_what_slack_refuses_is_refused(content: dict[str, Any]) -> None:
    assert list(content_problems({"text": "x", **content}))
    assert called(Workspace(), "chat.postMessage", **content)["ok"] is False


def test_a_thread_needs_its_message_in_the_same_channel() -> None:
    workspace = Workspace()
    ts = called(workspace, "chat.postMessage")["ts"]
    assert called(workspace, "chat.postMessage", thread_ts=ts)["ok"]
    assert called(workspace, "chat.postMessage", thread_ts="1.0")["error"] == "thread_not_found"
    assert called(workspace, "chat.postMessage", channel=TICKETS, thread_ts=ts)["error"] == "thread_not_found"


def test_an_edit_keeps_what_it_does_not_speak_of() -> None:
    workspace = Workspace()
    ts = called(workspace, "chat.postMessage", blocks=[plain("one")])["ts"]
    called(workspace, "chat.update", ts=ts, text="two")
    (message,) = workspace.messages
    assert (message.text, message.now["blocks"], message.edits) == ("two", [plain("one")], 1)


def test_an_edit_wants_the_id_of_the_channel() -> None:
    workspace = Workspace()
    ts = called(workspace, "chat.postMessage", channel="#pages")["ts"]
    assert called(workspace, "chat.update", channel="#pages", ts=ts)["error"] == "channel_not_found"
    assert called(workspace, "chat.update", ts="1.0")["error"] == "message_not_found"


def test_channels_say_no_in_slacks_words() -> None:
    workspace = Workspace()
    workspace.channel(PAGES).member = False
    workspace.channel(TICKETS).archived = True
    assert called(workspace, "chat.postMessage")["error"] == "not_in_channel"
    assert called(workspace, "chat.postMessage", channel=TICKETS)["error"] == "is_archived"
    assert called(workspace, "chat.postMessage", channel="#none")["error"] == "channel_not_found"


def test_strangers_are_told_apart() -> None:
    assert called(Workspace(), "chat.postMessage", None)["error"] == "not_authed"
    assert called(Workspace(), "chat.postMessage", "xoxb-other")["error"] == "invalid_auth"
    assert called(Workspace(), "chat.delete")["error"] == "unknown_method"
    assert called(Workspace(), "auth.test")["ok"]
