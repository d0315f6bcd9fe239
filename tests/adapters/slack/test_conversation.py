"""A channel on a real socket: one message an incident, and what becomes of it when Slack says no."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from o11y.adapters.slack.conversation import Gates, SlackConversation
from o11y.adapters.slack.web_api import SlackWebApi
from o11y.alerting.incident import Change, Thread
from o11y.alerting.notification import Notice, Notification
from o11y.slo.windows import Severity
from o11y.worker.ports import NotifyError
from o11y.worker.ports.responses import ACKNOWLEDGE, SILENCES
from tests.adapters.slack.timeline import Timeline
from tests.builders import NOW, TICKET_6H, account, alert, dimension, notice, notification
from tests.http_stand_in import Answer, closed_url
from tests.slack_limits import buttons
from tests.slack_stand_in import (
    CUT,
    HANG,
    PAGES,
    SERVER_ERROR,
    TICKETS,
    TOKEN,
    SlackStandIn,
    refused,
    slowed,
)

POST, UPDATE = "chat.postMessage", "chat.update"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def channel(slack: SlackStandIn, name: str = PAGES, *, timeline: Timeline | None = None, **options: Any) -> Any:
    timeline = timeline or Timeline()
    values = {"buttons": True, "gates": Gates(timeline.pace(), timeline.pace()), **options}
    return SlackConversation(SlackWebApi(TOKEN, base_url=slack.api_url), name, **values)


def tell(
    slack: SlackStandIn, message: Notification | Notice, *, thread: Thread | None = None, **options: Any
) -> Thread | None:
    return asyncio.run(channel(slack, **options).notify(message, thread=thread))


def failure(slack: SlackStandIn, message: Notification | Notice, **options: Any) -> NotifyError:
    with pytest.raises(NotifyError) as caught:
        tell(slack, message, **options)
    return caught.value


def page(change: Change = Change.FIRED, **changes: Any) -> Notification:
    return notification(account=account(change, **changes))


def ticket(change: Change = Change.FIRED) -> Notification:
    return notification(alert(pair=TICKET_6H), account=account(change))


def fired(slack: SlackStandIn, message: Notification | None = None, **options: Any) -> Thread:
    thread = tell(slack, message or page(), **options)
    assert thread is not None
    return thread


# ---------------------------------------------------------------- one message, and its thread


def test_an_incident_is_one_message_with_buttons() -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        (root,) = slack.workspace.messages
    assert (thread.channel, thread.ts) == (root.channel, root.ts) == (PAGES, root.ts)
    assert root.text.startswith("🚨 PAGE")
    assert {button["action_id"] for button in buttons(root.now)} >= {ACKNOWLEDGE, *SILENCES}
    assert slack.refusals == []


def test_without_somebody_to_receive_them_there_are_no_buttons() -> None:
    with SlackStandIn() as slack:
        fired(slack, buttons=False)
        (root,) = slack.workspace.messages
    assert list(buttons(root.now)) == []


def test_a_channel_may_be_given_by_its_name() -> None:
    with SlackStandIn() as slack:
        assert fired(slack, name="#tickets").channel == TICKETS


def test_news_edit_the_message_first_and_are_told_in_its_thread() -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        assert tell(slack, page(Change.WORSENED), thread=thread) == thread
        root, reply = slack.workspace.messages
        assert slack.calls == [POST, UPDATE, POST]
    assert (root.edits, reply.thread_ts, reply.broadcast) == (1, root.ts, False)


@pytest.mark.parametrize("change", Change)
def test_every_change_is_taken_by_slack_as_edit_and_as_reply(change: Change) -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        told = page(change, acknowledged_by="ann", acknowledged_at=NOW, until=NOW, no_data_since=NOW)
        tell(slack, told, thread=thread)
        assert slack.refusals == []
        assert len(slack.workspace.messages) == 2


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (page(Change.REOPENED), True),
        (page(Change.ESCALATED), True),
        (page(Change.REMINDED), True),
        (ticket(Change.REMINDED), False),
        (ticket(Change.REOPENED), True),
        (page(Change.JOINED), False),
        (page(Change.RESOLVED), False),
    ],
)
def test_what_must_be_seen_is_shown_in_the_channel_too(message: Notification, shown: bool) -> None:
    with SlackStandIn() as slack:
        tell(slack, message, thread=fired(slack))
        assert slack.workspace.messages[-1].broadcast is shown


def test_an_edit_alone_tells_nobody() -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        acknowledged = page(Change.ACKNOWLEDGED, acknowledged_by="ann", acknowledged_at=NOW)
        assert tell(slack, replace(acknowledged, edit_only=True), thread=thread) is None
        (root,) = slack.workspace.messages
        assert "ann" in str(root.now)
        assert ACKNOWLEDGE not in {button["action_id"] for button in buttons(root.now)}


def test_an_edit_of_a_message_that_never_was_is_nothing_to_do() -> None:
    with SlackStandIn() as slack:
        assert tell(slack, replace(page(), edit_only=True)) is None
        assert slack.calls == []


def test_a_resolved_incident_has_no_buttons_that_answer() -> None:
    with SlackStandIn() as slack:
        tell(slack, page(Change.RESOLVED, until=NOW), thread=fired(slack))
        root = slack.workspace.messages[0]
        assert not {button["action_id"] for button in buttons(root.now)} & {ACKNOWLEDGE, *SILENCES}


def test_a_notice_is_a_message_of_its_own() -> None:
    with SlackStandIn() as slack:
        assert tell(slack, notice()) is None
        (root,) = slack.workspace.messages
        assert "o11y is blind" in root.text
        assert slack.refusals == []


@pytest.mark.parametrize("name", ["<!channel>", "x" * 500, "😀" * 300, "אבג \u202e", "`*_~", "a\nb"])
def test_hostile_names_are_taken_over_the_wire(name: str) -> None:
    with SlackStandIn() as slack:
        told = notification(alert(dimension=dimension(name)), account=account())
        thread = fired(slack, told)
        who = account(Change.ACKNOWLEDGED, acknowledged_by=name, acknowledged_at=NOW, silenced=f"silenced: {name}")
        tell(slack, replace(told, account=who), thread=thread)
        tell(slack, notice(title=name, text=name))
        assert slack.refusals == []
        assert len(slack.workspace.messages) == 3


# ---------------------------------------------------------------- a message that is gone


@pytest.mark.parametrize(
    "word", ["message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "is_archived"]
)
def test_a_message_that_cannot_be_edited_any_more_is_posted_anew(word: str) -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        slack.failing[UPDATE].append(refused(word))
        anew = tell(slack, page(Change.RESOLVED, until=NOW), thread=thread)
        assert anew is not None
        assert anew != thread
        assert len(slack.workspace.roots) == 2
        tell(slack, page(Change.REOPENED), thread=anew)
        assert len(slack.workspace.roots) == 2


def test_a_message_that_somebody_deleted_is_posted_anew() -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        slack.workspace.delete(slack.workspace.messages[0])
        anew = tell(slack, page(Change.WORSENED), thread=thread)
        (root,) = slack.workspace.messages
        assert anew == Thread(root.channel, root.ts)


def test_a_message_that_somebody_deleted_is_not_posted_anew_for_an_edit() -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        slack.workspace.delete(slack.workspace.messages[0])
        assert tell(slack, replace(page(Change.ACKNOWLEDGED), edit_only=True), thread=thread) is None
        assert slack.workspace.messages == []


def test_a_thread_that_takes_no_replies_is_begun_anew() -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        slack.failing[POST].append(refused("thread_locked"))
        assert tell(slack, page(Change.WORSENED), thread=thread) not in (thread, None)
        assert len(slack.workspace.roots) == 2


# ---------------------------------------------------------------- no


@pytest.mark.parametrize(
    "word",
    [
        "channel_not_found", "not_in_channel", "is_archived", "restricted_action", "invalid_auth", "not_authed",
        "account_inactive", "token_revoked", "token_expired", "missing_scope", "service_unavailable", "ratelimited",
    ],
)  # fmt: skip
def test_a_channel_or_a_token_that_does_not_work_today_may_work_tomorrow(word: str) -> None:
    with SlackStandIn() as slack:
        slack.failing[POST].append(refused(word))
        error = failure(slack, page())
        assert slack.calls == [POST]
    assert not error.permanent
    assert not error.maybe_delivered
    assert word in str(error)


@pytest.mark.parametrize("word", ["invalid_blocks", "msg_too_long", "invalid_attachments", "too_many_attachments"])
def test_a_refused_message_goes_out_as_plain_text(word: str) -> None:
    with SlackStandIn() as slack:
        slack.failing[POST].append(refused(word))
        assert tell(slack, page()) is not None
        (root,) = slack.workspace.messages
    assert root.now["blocks"] == root.now["attachments"] == []


def test_a_refused_edit_leaves_nothing_of_what_was_there() -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        slack.failing[UPDATE].append(refused("invalid_blocks"))
        tell(slack, page(Change.RESOLVED, until=NOW), thread=thread)
        root = slack.workspace.messages[0]
        assert root.now["blocks"] == root.now["attachments"] == []
        assert "RESOLVED" in root.text


def test_a_message_refused_as_plain_text_too_is_given_up() -> None:
    with SlackStandIn() as slack:
        slack.failing[POST] += [refused("invalid_blocks")] * 2
        assert failure(slack, page()).permanent


@pytest.mark.parametrize("word", ["internal_error", "fatal_error"])
def test_an_error_after_which_slack_promises_nothing_may_have_delivered(word: str) -> None:
    with SlackStandIn() as slack:
        slack.failing[POST].append(refused(word))
        assert failure(slack, page()).maybe_delivered


@pytest.mark.parametrize(
    "answer",
    [
        SERVER_ERROR,
        Answer(200, b"<!doctype html><title>Sign in</title>"),
        Answer(403, b"<html>blocked by a proxy</html>"),
        Answer(503, b""),
    ],
)
def test_an_answer_that_is_not_in_the_words_of_slack_is_not_final(answer: Answer) -> None:
    with SlackStandIn() as slack:
        slack.failing[POST].append(answer)
        error = failure(slack, page())
    assert not error.permanent
    assert "html" not in str(error)


@pytest.mark.parametrize("body", [b"[]", b"5", b'"ok"', b"null", b"\xff\xfe", b"[" * 100_000])
def test_an_answer_that_nobody_understands_may_have_been_a_yes(body: bytes) -> None:
    with SlackStandIn() as slack:
        slack.failing[POST].append(Answer(200, body, {"Content-Type": "application/json"}))
        error = failure(slack, page())
    assert not error.permanent
    assert not str(error).startswith("Traceback")


def test_a_yes_that_does_not_say_where_is_a_yes() -> None:
    with SlackStandIn() as slack:
        slack.failing[POST].append(Answer(200, b'{"ok": true}', {"Content-Type": "application/json"}))
        assert tell(slack, page()) is None


def test_a_connection_cut_after_a_post_may_have_delivered_it() -> None:
    with SlackStandIn() as slack:
        slack.failing[POST].append(CUT)
        error = failure(slack, page())
        assert len(slack.workspace.messages) == 1
    assert error.maybe_delivered


def test_a_connection_cut_after_an_edit_has_told_nobody() -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        slack.failing[UPDATE].append(CUT)
        error = failure(slack, page(Change.RESOLVED, until=NOW), thread=thread)
        assert len(slack.workspace.messages) == 1
    assert not error.maybe_delivered


def test_an_unreachable_slack_has_certainly_not_delivered() -> None:
    conversation = SlackConversation(SlackWebApi(TOKEN, base_url=closed_url() + "/api/"), PAGES)
    with pytest.raises(NotifyError, match="refused") as caught:
        asyncio.run(conversation.notify(page()))
    assert not caught.value.maybe_delivered


def test_a_hanging_slack_is_given_up_at_the_deadline() -> None:
    with SlackStandIn() as slack:
        slack.failing[POST].append(HANG)
        error = failure(slack, page(), deadline_s=0.3)
    assert "no answer within 0.3 s" in str(error)
    assert error.maybe_delivered


# ---------------------------------------------------------------- slower, please


@pytest.mark.parametrize(("given", "asked"), [("30", 30.0), ("86400", 300.0), (None, None), ("soon", None)])
def test_retry_after_is_passed_on_and_capped(given: str | None, asked: float | None) -> None:
    with SlackStandIn() as slack:
        slack.failing[POST].append(slowed(given))
        error = failure(slack, page())
    assert error.retry_after_s == asked
    assert not error.permanent
    assert not error.others_pass


def test_nothing_is_posted_while_slack_asked_for_silence() -> None:
    timeline = Timeline()

    async def thrice(conversation: SlackConversation) -> NotifyError:
        for _ in range(2):
            with pytest.raises(NotifyError) as caught:
                await conversation.notify(page())
            timeline.now += 10
        timeline.now += 20
        assert await conversation.notify(page()) is not None
        return caught.value

    with SlackStandIn() as slack:
        slack.failing[POST].append(slowed("30"))
        second = asyncio.run(thrice(channel(slack, timeline=timeline)))
        assert slack.calls == [POST, POST]
    assert second.retry_after_s == 20.0


def test_posts_keep_a_second_between_them() -> None:
    timeline = Timeline()

    async def three(conversation: SlackConversation) -> None:
        await asyncio.gather(*(conversation.notify(page()) for _ in range(3)))

    with SlackStandIn() as slack:
        asyncio.run(three(channel(slack, timeline=timeline)))
    assert timeline.slept == [1.0, 1.0]


def in_turn(conversation: SlackConversation, *told: tuple[Notification, Thread | None]) -> list[Any]:
    """What each became: where its message is, or why it was not told."""

    async def run() -> list[Any]:
        found: list[Any] = []
        for message, thread in told:
            try:
                found.append(await conversation.notify(message, thread=thread))
            except NotifyError as error:
                found.append(error)
        return found

    return asyncio.run(run())


def test_while_slack_takes_no_edits_a_new_page_is_posted() -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        slack.failing[UPDATE].append(slowed("60"))
        resolved = page(Change.RESOLVED, until=NOW)
        held, again, told = in_turn(channel(slack), (resolved, thread), (resolved, thread), (page(), None))
        assert isinstance(told, Thread)
        assert slack.calls == [POST, UPDATE, POST], "and asks for no edit while it is held"
    assert (held.retry_after_s, held.others_pass) == (60.0, True)
    assert again.others_pass
    assert 50.0 < again.retry_after_s <= 60.0


@pytest.mark.parametrize("answer", [slowed("60"), SERVER_ERROR, CUT, HANG, refused("ratelimited")])
def test_a_page_is_told_in_its_thread_while_its_message_cannot_be_edited(answer: Answer) -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        slack.failing[UPDATE].append(answer)
        assert tell(slack, page(Change.REOPENED), thread=thread, edit_deadline_s=0.3) == thread
        assert slack.workspace.messages[-1].broadcast


@pytest.mark.parametrize("change", [Change.RESOLVED, Change.EXPIRED, Change.ACKNOWLEDGED])
def test_the_last_word_waits_until_the_message_can_be_edited(change: Change) -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        slack.failing[UPDATE].append(SERVER_ERROR)
        told = page(change, until=NOW, acknowledged_by="ann", acknowledged_at=NOW)
        assert not failure(slack, told, thread=thread).maybe_delivered
        assert slack.workspace.replies(slack.workspace.messages[0]) == []
        tell(slack, told, thread=thread)
        assert len(slack.workspace.messages) == 2


def test_an_edit_that_slack_will_never_take_keeps_no_news_back() -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        slack.failing[UPDATE] += [refused("invalid_blocks")] * 2
        assert tell(slack, page(Change.RESOLVED, until=NOW), thread=thread) == thread
        assert len(slack.workspace.messages) == 2


def test_an_edit_that_hangs_leaves_time_to_tell() -> None:
    with SlackStandIn() as slack:
        thread = fired(slack)
        slack.failing[UPDATE].append(HANG)
        error = failure(slack, ticket(Change.WORSENED), thread=thread, edit_deadline_s=0.2)
    assert "no answer to an edit within 0.2 s" in str(error)
    assert not error.maybe_delivered


# ---------------------------------------------------------------- secrets


FAILURES: dict[str, Callable[[SlackStandIn], None]] = {
    "away": lambda slack: slack.failing[POST].append(SERVER_ERROR),
    "cut": lambda slack: slack.failing[POST].append(CUT),
    "refused": lambda slack: slack.failing[POST].extend([refused("invalid_blocks")] * 2),
    "echo": lambda slack: slack.failing[POST].append(Answer(400, f"Bearer {TOKEN}".encode())),
    "echoed as JSON": lambda slack: slack.failing[POST].append(refused(TOKEN)),
}


@pytest.mark.parametrize("name", FAILURES)
def test_the_token_is_in_no_error_log_or_repr(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with SlackStandIn() as slack:
        FAILURES[name](slack)
        error = failure(slack, page())
        shown = "".join(traceback.format_exception(error)) + repr(channel(slack)) + repr(SlackWebApi(TOKEN))
    assert "s3cret" not in shown
    assert "s3cret" not in caplog.text
    assert not any("s3cret" in str(record.__dict__) for record in caplog.records)


def test_a_conversation_says_that_it_keeps_threads() -> None:
    assert SlackConversation.threads


def test_severities_are_told_apart_in_the_message_itself() -> None:
    with SlackStandIn() as slack:
        fired(slack, ticket())
        assert Severity.TICKET.upper() in slack.workspace.messages[0].text
