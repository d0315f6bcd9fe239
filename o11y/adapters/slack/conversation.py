"""A Slack channel as a receiver that keeps conversations: one message per incident, the rest in its thread.

One attempt a call: who retries is the outbox, which alone knows what was sent. An edit may be repeated at will, a
post may not, so the incident's message is edited first and posted to last.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from o11y.adapters.slack.message import Message, slack_message, slack_reply
from o11y.adapters.slack.pace import Pace
from o11y.adapters.slack.transport import DEADLINE_S
from o11y.adapters.slack.web_api import Refusal, SlackWebApi
from o11y.alerting.incident import Change, Thread
from o11y.alerting.notification import Notice, Notification, message_id
from o11y.slo.windows import Severity
from o11y.worker.ports import NotifyError

log = logging.getLogger(__name__)

#: of an edit, so that time is left to tell somebody
EDIT_DEADLINE_S = 4.0
#: chat.update is of tier 3, some 50 a minute: https://docs.slack.dev/apis/web-api/rate-limits/
EDIT_INTERVAL_S = 1.2

#: the message cannot be edited any more, or not by us; a new one takes its place
_NO_ROOT = frozenset(
    {
        "cant_update_message", "channel_not_found", "edit_window_closed", "is_archived", "is_inactive",
        "message_not_found", "not_in_channel",
    }
)  # fmt: skip
_NO_THREAD = frozenset(
    {"cannot_reply_to_message", "invalid_thread_ts", "message_not_found", "thread_locked", "thread_not_found"}
)
#: what a reply tells a human who may not be reading the thread
_BROADCAST = frozenset({Change.REOPENED, Change.ESCALATED})
#: what can wait until Slack takes edits again
_CALM = frozenset({Change.IMPROVED, Change.ACKNOWLEDGED, Change.NO_DATA, Change.RESOLVED, Change.EXPIRED})


@dataclass(frozen=True, slots=True)
class Gates:
    """What Slack takes without answering 429: posts of one channel, edits of one app."""

    posts: Pace = field(default_factory=Pace)
    edits: Pace = field(default_factory=lambda: Pace(EDIT_INTERVAL_S))


class SlackConversation:
    """``channel`` is an id or a name. ``buttons`` are for who receives what they send."""

    threads = True

    def __init__(
        self,
        api: SlackWebApi,
        channel: str,
        *,
        public_url: str | None = None,
        buttons: bool = False,
        gates: Gates | None = None,
        deadline_s: float = DEADLINE_S,
        edit_deadline_s: float = EDIT_DEADLINE_S,
    ) -> None:
        self._api = api
        self._channel = channel
        self._public_url = public_url
        self._buttons = buttons
        self._gates = gates or Gates()
        self._deadline_s = deadline_s
        self._edit_deadline_s = edit_deadline_s

    def __repr__(self) -> str:
        return f"SlackConversation({self._channel!r})"

    async def notify(self, message: Notification | Notice, *, thread: Thread | None = None) -> Thread | None:
        """Where the incident's message is now; ``None``: as before. Raises ``NotifyError`` within ``deadline_s``."""
        delivery = _Delivery(self._api, self._gates, self._edit_deadline_s)
        try:
            async with asyncio.timeout(self._deadline_s):
                if isinstance(message, Notice):
                    await delivery.post(self._root(message), channel=self._channel)
                    return None
                return await self._tell(delivery, message, thread)
        except TimeoutError:
            raise NotifyError(
                f"Slack: no answer within {self._deadline_s:g} s", maybe_delivered=delivery.posting
            ) from None

    async def _tell(self, delivery: "_Delivery", message: Notification, thread: Thread | None) -> Thread | None:
        if message.edit_only:
            if thread is not None:
                await self._edit(delivery, message, thread)
            return None
        delivery.check_posts()
        if thread is not None and await self._edit(delivery, message, thread):
            try:
                await delivery.post(
                    slack_reply(message),
                    channel=thread.channel,
                    thread_ts=thread.ts,
                    reply_broadcast=_must_be_seen(message),
                )
                return thread
            except Refusal as refusal:
                if refusal.word not in _NO_THREAD:
                    raise
        return await delivery.post(self._root(message), channel=self._channel)

    async def _edit(self, delivery: "_Delivery", message: Notification, thread: Thread) -> bool:
        """False: there is no message any more.

        What must be told now is told even while Slack takes no edits: the incident's next message makes good for it,
        its last one insists.
        """
        try:
            await delivery.update(self._root(message), thread)
        except NotifyError as error:
            if isinstance(error, Refusal) and error.word in _NO_ROOT:
                log.warning("a message is gone from Slack", extra={"answer": error.word})
                return False
            if message.edit_only or not (error.permanent or _urgent(message)):
                raise
            log.warning("not edited", extra={"notification": message_id(message), "error": str(error)})
        return True

    def _root(self, message: Notification | Notice) -> Message:
        return slack_message(message, public_url=self._public_url, buttons=self._buttons, live=True)


class _Delivery:
    """The calls of one attempt. ``posting``: something has been posted, or may have been."""

    def __init__(self, api: SlackWebApi, gates: Gates, edit_deadline_s: float) -> None:
        self._api = api
        self._gates = gates
        self._edit_deadline_s = edit_deadline_s
        self.posting = False

    def check_posts(self) -> None:
        """Raises ``NotifyError`` while Slack wants no posts."""
        if (silent_s := self._gates.posts.held_s()) > 0:
            raise NotifyError("Slack asked for silence", retry_after_s=silent_s)

    async def post(self, message: Message, **where: Any) -> Thread | None:
        """``None``: it was taken, and Slack did not say where it is."""
        self.check_posts()
        async with self._gates.posts:
            self.check_posts()  # again: somebody may have been told so while this one waited
            self.posting = True
            plain = {"unfurl_links": False, "unfurl_media": False}
            answer = await self._say("chat.postMessage", message, where | plain, self._gates.posts)
        channel, ts = answer.get("channel"), answer.get("ts")
        return Thread(channel, ts) if isinstance(channel, str) and isinstance(ts, str) else None

    async def update(self, message: Message, thread: Thread) -> None:
        if (silent_s := self._gates.edits.held_s()) > 0:
            raise NotifyError("Slack wants no edits for a while", retry_after_s=silent_s, others_pass=True)
        # What an edit does not speak of would stay.
        where = {"channel": thread.channel, "ts": thread.ts, "blocks": [], "attachments": []}
        try:
            async with asyncio.timeout(self._edit_deadline_s), self._gates.edits:
                await self._say("chat.update", message, where, self._gates.edits)
        except TimeoutError:
            raise NotifyError(f"Slack: no answer to an edit within {self._edit_deadline_s:g} s") from None
        except NotifyError as error:
            error.maybe_delivered = False  # whether it was done or not: it can be done again, and nobody notices
            error.others_pass = error.retry_after_s is not None
            raise

    async def _say(self, method: str, message: Message, where: dict[str, Any], gate: Pace) -> dict[str, Any]:
        parts = {"blocks": list(message.blocks), "attachments": list(message.attachments)}
        plain = where | {"text": message.text}
        try:
            try:
                return await self._api.call(method, plain | {name: part for name, part in parts.items() if part})
            except Refusal as refusal:
                if not refusal.permanent:
                    raise
                log.error("Slack refused a message; sending it as plain text", extra={"answer": refusal.word})
            return await self._api.call(method, plain)
        except Refusal as refusal:
            if refusal.retry_after_s is not None:
                gate.hold(refusal.retry_after_s)
            raise


def _urgent(message: Notification) -> bool:
    change = Change.FIRED if message.account is None else message.account.change
    return message.severity is Severity.PAGE and change not in _CALM


def _must_be_seen(message: Notification) -> bool:
    change = Change.FIRED if message.account is None else message.account.change
    return change in _BROADCAST or (change is Change.REMINDED and message.severity is Severity.PAGE)
