"""A test message to each receiver, and what is said of its answer."""

import asyncio
import io
import json
import sys
from collections.abc import Iterator

import pytest

from o11y.adapters.log_notifier import LogNotifier
from o11y.commands import notify
from o11y.settings import Settings
from o11y.slo.windows import Severity
from o11y.worker.ports import NotifyError
from tests.builders import NOW
from tests.http_stand_in import closed_url
from tests.slack_stand_in import (
    CUT,
    NO_SERVICE,
    PAGES,
    SERVER_ERROR,
    TICKETS,
    TOKEN,
    SlackStandIn,
    refused,
)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as stand_in:
        yield stand_in


class Receiver:
    """Raises ``fails``, or takes it."""

    def __init__(self, fails: Exception | None = None, *, threads: bool = False) -> None:
        self.fails = fails
        self.threads = threads

    async def notify(self, message: object, *, thread: object = None) -> None:
        if self.fails is not None:
            raise self.fails


def answer_of(receiver: object) -> notify.Answer:
    (answer,) = asyncio.run(
        notify.answers({Severity.PAGE: receiver}, [Severity.PAGE], sender="ann on a laptop", now=NOW)
    )
    return answer


def test_the_message_says_that_it_is_a_test_and_who_sent_it() -> None:
    message = notify.test_message(Severity.TICKET, sender="ann on a laptop", now=NOW)
    assert message.text.startswith("This is a test: nothing is wrong.")
    assert "Sent by ann on a laptop" in message.text
    assert message.notice_id.startswith("test-ticket-")
    assert message.severity is Severity.TICKET


@pytest.mark.parametrize(
    ("receiver", "kind"),
    [(Receiver(), "webhook"), (Receiver(threads=True), "bot"), (LogNotifier(io.StringIO()), "log")],
)
def test_what_was_delivered_says_by_what(receiver: object, kind: str) -> None:
    answer = answer_of(receiver)
    assert (answer.receiver, answer.delivered, answer.error) == (kind, True, None)
    assert ("printed here" if kind == "log" else "delivered in") in notify.words(answer)


@pytest.mark.parametrize(
    ("error", "said", "maybe"),
    [
        (NotifyError("Slack answered 404 no_service"), "Slack answered 404 no_service", False),
        (NotifyError("Slack: no answer", maybe_delivered=True), "it may have been delivered all the same", True),
        (TimeoutError(), "no answer within 10 s", True),
    ],
)
def test_what_was_not_delivered_says_why(error: Exception, said: str, maybe: bool) -> None:
    answer = answer_of(Receiver(error))
    assert (answer.delivered, answer.maybe_delivered) == (False, maybe)
    assert "NOT delivered" in notify.words(answer)
    assert said in notify.words(answer)


def test_both_receivers_are_tried_though_the_first_fails(
    slack: SlackStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    slack.failures.append(NO_SERVICE)
    settings = Settings(slack_page_webhook_url=slack.webhook_url, slack_ticket_webhook_url=slack.webhook_url)
    assert notify.test(settings, list(Severity), as_json=False) == 1
    page, ticket = capsys.readouterr().out.splitlines()
    assert page.startswith("page   (webhook): NOT delivered after ")
    assert page.endswith("Slack answered 404 no_service")
    assert ticket.startswith("ticket (webhook): delivered in ")
    (message,) = slack.messages
    assert "This is a test: nothing is wrong." in message["text"]


def test_one_severity_is_tried_alone_and_the_code_is_0_when_it_took_it(slack: SlackStandIn) -> None:
    settings = Settings(slack_page_webhook_url=closed_url(), slack_ticket_webhook_url=slack.webhook_url)
    assert notify.test(settings, [Severity.TICKET], as_json=False) == 0
    assert len(slack.messages) == 1


def test_a_bot_is_tried_in_the_channel_of_each_severity(
    slack: SlackStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(
        slack_bot_token=TOKEN,
        slack_base_url=slack.api_url,
        slack_page_channel=PAGES,
        slack_ticket_channel=TICKETS,
    )
    slack.failures.append(refused("channel_not_found"))
    assert notify.test(settings, list(Severity), as_json=False) == 1
    page, ticket = capsys.readouterr().out.splitlines()
    assert page.startswith("page   (bot): NOT delivered after ")
    assert "channel_not_found" in page
    assert ticket.startswith("ticket (bot): delivered in ")


@pytest.mark.parametrize("failure", [SERVER_ERROR, CUT])
def test_nothing_is_tried_twice(slack: SlackStandIn, failure: object) -> None:
    slack.failures.append(failure)
    assert notify.test(Settings(slack_page_webhook_url=slack.webhook_url), [Severity.PAGE], as_json=False) == 1
    assert len(slack.requests) == 1


def test_json_is_all_of_stdout_also_where_the_log_is_the_receiver(
    monkeypatch: pytest.MonkeyPatch, slack: SlackStandIn
) -> None:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    settings = Settings(slack_page_webhook_url=slack.webhook_url)
    assert notify.test(settings, list(Severity), as_json=True) == 0
    found = json.loads(out.getvalue())
    assert [(one["severity"], one["receiver"], one["delivered"]) for one in found] == [
        ("page", "webhook", True),
        ("ticket", "log", True),
    ]
    assert "This is a test: nothing is wrong." in err.getvalue()


def test_the_sender_is_a_name_on_a_machine() -> None:
    assert " on " in notify.sender()
