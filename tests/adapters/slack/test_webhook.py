"""The webhook on a real socket: what each of Slack's answers becomes."""

import asyncio
import logging
import traceback
from collections.abc import Callable

import pytest

from o11y.adapters.slack.pace import Pace
from o11y.adapters.slack.webhook import SlackWebhook
from o11y.alerting.notification import Notice, Notification
from o11y.worker.ports import NotifyError
from tests.adapters.slack.timeline import Timeline
from tests.builders import alert, dimension, notice, notification
from tests.http_stand_in import Answer, closed_url
from tests.slack_stand_in import (
    CUT,
    INVALID_PAYLOAD,
    NO_SERVICE,
    PATH,
    SERVER_ERROR,
    SlackStandIn,
    rate_limited,
)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def send(slack: SlackStandIn, message: Notification | Notice | None = None) -> None:
    asyncio.run(SlackWebhook(slack.webhook_url, pace=Timeline().pace()).notify(message or notification()))


def failure(slack: SlackStandIn) -> NotifyError:
    with pytest.raises(NotifyError) as caught:
        send(slack)
    return caught.value


def test_a_message_is_delivered_once_with_blocks_and_text() -> None:
    with SlackStandIn() as slack:
        send(slack)
        (message,) = slack.messages
    assert message["text"].startswith("🚨 PAGE")
    assert message["blocks"][0]["type"] == "header"
    assert message["unfurl_links"] is False


def test_what_only_edits_a_message_is_not_for_a_webhook() -> None:
    with SlackStandIn() as slack:
        send(slack, notification(edit_only=True))
        assert slack.requests == []
    assert not SlackWebhook.threads


@pytest.mark.parametrize("name", ["<!channel>", "x" * 500, "😀" * 300, "אבג \u202e", "`*_~", "a\nb"])
def test_hostile_names_are_taken_over_the_wire(name: str) -> None:
    with SlackStandIn() as slack:
        send(slack, notification(alert(dimension=dimension(name))))
        send(slack, notice(title=name, text=name))
        assert slack.refusals == []
        assert len(slack.messages) == 2


@pytest.mark.parametrize(
    ("given", "asked"),
    [("30", 30.0), ("86400", 300.0), (None, None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-5", 0.0), ("nan", None)],
)
def test_retry_after_is_passed_on_and_capped(given: str | None, asked: float | None) -> None:
    with SlackStandIn(rate_limited(given)) as slack:
        error = failure(slack)
    assert error.retry_after_s == asked
    assert not error.permanent


def test_nothing_is_sent_while_slack_asked_for_silence() -> None:
    timeline = Timeline()

    async def twice(webhook: SlackWebhook) -> NotifyError:
        for _ in range(2):
            with pytest.raises(NotifyError) as caught:
                await webhook.notify(notification())
            timeline.now += 10
        timeline.now += 20
        await webhook.notify(notification())
        return caught.value

    with SlackStandIn(rate_limited("30")) as slack:
        second = asyncio.run(twice(SlackWebhook(slack.webhook_url, pace=timeline.pace())))
        assert len(slack.requests) == 2
        assert len(slack.messages) == 1
    assert second.retry_after_s == 20.0


@pytest.mark.parametrize("answer", [SERVER_ERROR, NO_SERVICE, Answer(410, b"channel_is_archived"), Answer(403, b"x")])
def test_a_webhook_that_does_not_work_today_may_work_tomorrow(answer: Answer) -> None:
    with SlackStandIn(answer) as slack:
        error = failure(slack)
        assert len(slack.requests) == 1
    assert not error.permanent
    assert not error.maybe_delivered
    assert str(answer.status) in str(error)


def test_a_refused_message_goes_out_as_plain_text() -> None:
    with SlackStandIn(INVALID_PAYLOAD) as slack:
        send(slack)
        assert [set(message) for message in slack.messages] == [{"text"}]


def test_a_message_refused_as_plain_text_too_is_given_up() -> None:
    with SlackStandIn(INVALID_PAYLOAD, INVALID_PAYLOAD) as slack:
        error = failure(slack)
        assert len(slack.requests) == 2
    assert error.permanent
    assert "invalid_payload" in str(error)


def test_a_refusal_that_is_not_in_the_words_of_slack_is_not_final() -> None:
    with SlackStandIn(*[Answer(400, b"<html>bad gateway rule</html>")] * 2) as slack:
        assert not failure(slack).permanent


def test_a_connection_cut_after_delivery_is_not_sent_again_and_said_to_be_uncertain() -> None:
    with SlackStandIn(CUT) as slack:
        error = failure(slack)
        assert len(slack.messages) == 1
    assert error.maybe_delivered
    assert not error.permanent


def test_a_hanging_slack_is_given_up_at_the_deadline() -> None:
    with SlackStandIn() as slack:
        slack.hanging = True
        webhook = SlackWebhook(slack.webhook_url, deadline_s=0.3)
        with pytest.raises(NotifyError, match=r"no answer within 0\.3 s") as caught:
            asyncio.run(webhook.notify(notification()))
    assert caught.value.maybe_delivered


def test_a_message_that_waited_for_its_turn_too_long_was_not_sent() -> None:
    async def notify_while_busy(pace: Pace, webhook: SlackWebhook) -> NotifyError:
        async with pace:
            with pytest.raises(NotifyError) as caught:
                await webhook.notify(notification())
        return caught.value

    with SlackStandIn() as slack:
        pace = Pace()
        error = asyncio.run(notify_while_busy(pace, SlackWebhook(slack.webhook_url, deadline_s=0.05, pace=pace)))
        assert slack.requests == []
    assert not error.maybe_delivered


def test_an_unreachable_slack_has_certainly_not_delivered() -> None:
    with pytest.raises(NotifyError, match="refused") as caught:
        asyncio.run(SlackWebhook(closed_url() + PATH).notify(notification()))
    assert not caught.value.maybe_delivered
    assert not caught.value.permanent


def test_a_web_page_in_place_of_slack_is_not_a_delivery() -> None:
    with SlackStandIn(Answer(200, b"<!doctype html><title>Sign in</title>")) as slack:
        assert "web page" in str(failure(slack))


def test_messages_keep_a_second_between_them() -> None:
    timeline = Timeline()

    async def three(webhook: SlackWebhook) -> None:
        await asyncio.gather(*(webhook.notify(notification()) for _ in range(3)))

    with SlackStandIn() as slack:
        asyncio.run(three(SlackWebhook(slack.webhook_url, pace=timeline.pace())))
        assert len(slack.messages) == 3
    assert timeline.slept == [1.0, 1.0]


@pytest.mark.parametrize(
    "url", ["ftp://hooks.example/x", "hooks.slack.com/services/T/B/s3cret", "https://", "https://a b/s3cret"]
)
def test_what_is_no_webhook_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="https://") as caught:
        SlackWebhook(url)
    assert "s3cret" not in str(caught.value)


FAILURES: dict[str, Callable[[SlackStandIn], None]] = {
    "away": lambda slack: slack.failures.append(SERVER_ERROR),
    "cut": lambda slack: slack.failures.append(CUT),
    "refused": lambda slack: slack.failures.extend([INVALID_PAYLOAD] * 2),
    "echo": lambda slack: slack.failures.append(Answer(404, slack.webhook_url.encode())),
}


@pytest.mark.parametrize("name", FAILURES)
def test_the_webhook_url_is_in_no_error_log_or_repr(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with SlackStandIn() as slack:
        FAILURES[name](slack)
        error = failure(slack)
        shown = "".join(traceback.format_exception(error)) + repr(SlackWebhook(slack.webhook_url))
    assert "s3cret" not in shown
    assert "s3cret" not in caplog.text
    assert not any("s3cret" in str(record.__dict__) for record in caplog.records)
