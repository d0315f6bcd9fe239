"""Which way messages go: a webhook, a channel, or the log, each severity for itself."""

import io
import os

import pytest

from o11y.adapters.log_notifier import LogNotifier
from o11y.adapters.slack.conversation import SlackConversation
from o11y.adapters.slack.webhook import SlackWebhook
from o11y.app import Role, retries_messages
from o11y.receivers import notifiers_of, receivers_apart, ways_of
from o11y.settings import Settings, load_settings
from o11y.slo.windows import Severity

TOKEN = "xoxb-111-222-s3cretS3cret"
HOOK = "https://hooks.example.com/one"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("O11Y_")]:
        monkeypatch.delenv(name)


def settings(**given: object) -> Settings:
    return load_settings(**{f"slack_{name}": value for name, value in given.items()})


def kinds(of: Settings) -> list[type]:
    return [type(notifier) for notifier in notifiers_of(of, stream=io.StringIO()).values()]


def test_each_severity_may_go_its_own_way() -> None:
    assert kinds(settings()) == [LogNotifier, LogNotifier]
    assert kinds(settings(page_webhook_url=HOOK)) == [SlackWebhook, LogNotifier]
    mixed = settings(bot_token=TOKEN, page_channel="#pages", ticket_webhook_url=HOOK)
    assert kinds(mixed) == [SlackConversation, SlackWebhook]
    assert kinds(settings(bot_token=TOKEN, ticket_channel="C0TICKETS")) == [LogNotifier, SlackConversation]


def test_buttons_are_shown_where_their_presses_can_be_verified() -> None:
    bot = {"bot_token": TOKEN, "page_channel": "#pages"}
    without, with_secret = settings(**bot), settings(**bot, signing_secret=SECRET)
    assert [getattr(ways_of(s)[Severity.PAGE], "buttons", None) for s in (without, with_secret)] == [False, True]


def test_two_severities_in_one_channel_are_one_receiver() -> None:
    assert not receivers_apart(settings(bot_token=TOKEN, page_channel="#alerts", ticket_channel="#alerts"))
    assert receivers_apart(settings(bot_token=TOKEN, page_channel="#pages", ticket_channel="#tickets"))
    assert not receivers_apart(settings(page_webhook_url=HOOK, ticket_webhook_url=HOOK))


def test_a_door_sends_what_waits_only_when_no_message_would_end_in_its_log() -> None:
    both = settings(bot_token=TOKEN, page_channel="#pages", ticket_webhook_url=HOOK)
    one = settings(bot_token=TOKEN, page_channel="#pages")
    assert [retries_messages(s, Role.INGEST) for s in (both, one)] == [True, False]
    assert retries_messages(one, Role.EVALUATE)


def test_the_token_is_in_no_repr() -> None:
    given = settings(bot_token=TOKEN, page_channel="#pages", signing_secret=SECRET)
    shown = repr(given) + repr(ways_of(given)) + repr(notifiers_of(given, stream=io.StringIO()))
    assert "s3cret" not in shown
    assert SECRET not in shown
