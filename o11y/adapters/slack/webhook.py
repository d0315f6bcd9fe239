"""Slack's incoming webhook as a receiver.

One attempt a call: who retries is the outbox, which alone knows what was sent. The webhook's URL is a secret and is
in no error, log or repr. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
"""

import asyncio
import logging
import re
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from slack_sdk.errors import SlackClientError
from slack_sdk.webhook import WebhookClient, WebhookResponse

from o11y.adapters.detached import detached
from o11y.adapters.slack.message import Message, slack_message
from o11y.adapters.slack.pace import Pace
from o11y.adapters.slack.transport import DEADLINE_S, asked_to_wait_s, muted, reason_word, words_of
from o11y.alerting.incident import Thread
from o11y.alerting.notification import Notice, Notification
from o11y.worker.ports import NotifyError

log = logging.getLogger(__name__)

#: statuses that refuse the payload; the reasons below come with them and speak of the webhook instead
_PAYLOAD_REFUSED = (400, 413, 422)
_NOT_THE_PAYLOAD = frozenset({"user_not_found", "channel_not_found", "invalid_token", "no_service", "no_team"})


class SlackWebhook:
    """Delivers to one webhook, one message a second at most. ``public_url`` is the dashboard's address."""

    threads = False

    def __init__(
        self,
        url: str,
        *,
        timeout_s: int = 8,
        deadline_s: float = DEADLINE_S,
        public_url: str | None = None,
        pace: Pace | None = None,
    ) -> None:
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\x00-\x1f\x7f]", url.strip()):
            raise ValueError("Slack webhook: a URL starting with https:// is accepted")
        # The SDK would resend after a dropped connection (a duplicate), and logs the URL.
        self._client = WebhookClient(url.strip(), timeout=timeout_s, retry_handlers=[], logger=muted())
        self._deadline_s = deadline_s
        self._public_url = public_url
        self._pace = pace or Pace()

    def __repr__(self) -> str:
        return "SlackWebhook(…)"

    async def notify(self, message: Notification | Notice, *, thread: Thread | None = None) -> None:
        """Deliver within ``deadline_s`` or raise ``NotifyError``. What only edits a message is not for a webhook."""
        if isinstance(message, Notification) and message.edit_only:
            return
        if (silent_s := self._pace.held_s()) > 0:
            raise NotifyError("Slack asked for silence", retry_after_s=silent_s)
        rendered = slack_message(message, public_url=self._public_url)
        sending = False
        try:
            async with asyncio.timeout(self._deadline_s), self._pace:
                sending = True
                await self._send(rendered)
        except TimeoutError:
            raise NotifyError(f"Slack: no answer within {self._deadline_s:g} s", maybe_delivered=sending) from None

    async def _send(self, message: Message) -> None:
        answer = await self._post(message.payload)
        if _refuses_payload(answer):
            log.error("Slack refused a message; sending it as plain text", extra={"answer": _reason(answer).strip()})
            answer = await self._post({"text": message.text})
        self._judge(answer)

    async def _post(self, payload: dict[str, Any]) -> WebhookResponse:
        try:
            return await detached(lambda: self._client.send_dict(payload), name="slack-webhook")
        except (OSError, HTTPException, SlackClientError, ValueError) as error:
            # urllib wraps what fails up to the last byte sent (URLError); after that the message may have arrived.
            # Without its cause, whose text may carry the URL.
            raise NotifyError(f"Slack: {words_of(error)}", maybe_delivered=not isinstance(error, URLError)) from None

    def _judge(self, answer: WebhookResponse) -> None:
        if 200 <= answer.status_code < 300:
            if answer.body.lstrip().startswith("<"):
                raise NotifyError("the Slack webhook answered with a web page; is its URL right?")
            return
        said = f"Slack answered {answer.status_code}{_reason(answer)}"
        retry_after_s = asked_to_wait_s(answer.status_code, answer.headers)
        if retry_after_s is not None:
            self._pace.hold(retry_after_s)
        # A webhook that is gone or forbidden may be put right within the day that the outbox keeps trying, and a
        # refusal that is not in Slack's words is that of something in between.
        permanent = _refuses_payload(answer) and bool(_reason(answer))
        raise NotifyError(said, permanent=permanent, retry_after_s=retry_after_s)


def _refuses_payload(answer: WebhookResponse) -> bool:
    return answer.status_code in _PAYLOAD_REFUSED and answer.body.strip() not in _NOT_THE_PAYLOAD


def _reason(answer: WebhookResponse) -> str:
    word = reason_word(answer.body)
    return f" {word}" if word else ""
