"""Which way the messages of each severity go, as the settings say it, and the receivers that take them."""

import sys
from collections import defaultdict
from dataclasses import dataclass
from typing import TextIO

from pydantic import SecretStr

from o11y.adapters.log_notifier import LogNotifier
from o11y.adapters.slack.conversation import EDIT_INTERVAL_S, Gates, SlackConversation
from o11y.adapters.slack.pace import Pace
from o11y.adapters.slack.web_api import SlackWebApi
from o11y.adapters.slack.webhook import SlackWebhook
from o11y.settings import Settings
from o11y.slo.windows import Severity
from o11y.worker.ports import Notifier


@dataclass(frozen=True, slots=True)
class Webhook:
    """A Slack incoming webhook: every message stands for itself."""

    url: SecretStr


@dataclass(frozen=True, slots=True)
class Channel:
    """A Slack channel that a bot writes to: one message per incident. ``buttons``: their presses can be verified."""

    name: str
    token: SecretStr
    base_url: str
    buttons: bool


#: ``None``: there is none, and the log has to do
Way = Webhook | Channel | None


def ways_of(settings: Settings) -> dict[Severity, Way]:
    """Equal ways are the same receiver."""
    return {
        Severity.PAGE: _way(settings, settings.slack_page_webhook_url, settings.slack_page_channel),
        Severity.TICKET: _way(settings, settings.slack_ticket_webhook_url, settings.slack_ticket_channel),
    }


def _way(settings: Settings, webhook: SecretStr | None, channel: str | None) -> Way:
    if channel is not None and settings.slack_bot_token is not None:
        buttons = settings.slack_signing_secret is not None
        return Channel(channel, settings.slack_bot_token, settings.slack_base_url, buttons)
    return None if webhook is None else Webhook(webhook)


def notifiers_of(settings: Settings, *, stream: TextIO | None = None) -> dict[Severity, Notifier]:
    """The receiver of each severity. One that both share keeps one pace; a bot's edits do anyway.

    ``stream`` is the log, stdout unless it is given.
    """
    posts: defaultdict[Way, Pace] = defaultdict(Pace)
    edits = Pace(EDIT_INTERVAL_S)

    def notifier(way: Way) -> Notifier:
        match way:
            case Webhook(url):
                return SlackWebhook(url.get_secret_value(), public_url=settings.public_url, pace=posts[way])
            case Channel(name, token, base_url, buttons):
                return SlackConversation(
                    SlackWebApi(token.get_secret_value(), base_url=base_url),
                    name,
                    public_url=settings.public_url,
                    buttons=buttons,
                    gates=Gates(posts[way], edits),
                )
            case None:
                return LogNotifier(stream or sys.stdout, public_url=settings.public_url)

    return {severity: notifier(way) for severity, way in ways_of(settings).items()}


def receivers_apart(settings: Settings) -> bool:
    """Whether pages and tickets go different ways, so that one may tell that the other fails."""
    ways = ways_of(settings)
    return ways[Severity.PAGE] != ways[Severity.TICKET]
