"""A Slack workspace as its Web API shows it: channels, messages with their edits, threads. Strict, and no socket.

https://docs.slack.dev/reference/methods/chat.postMessage and chat.update
"""

from dataclasses import dataclass, field
from typing import Any

from tests.slack_limits import content_problems

TOKEN = "xoxb-111-222-s3cretS3cret"
PAGES, TICKETS = "C0PAGES000", "C0TICKETS0"

_POST = {"channel", "text", "blocks", "attachments", "thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media"}
_UPDATE = {"channel", "ts", "text", "blocks", "attachments"}


class Refused(Exception):
    """Slack's word for it."""


@dataclass
class Posted:
    """A message as it is now; ``states`` are all that it has been, the present one last."""

    channel: str
    ts: str
    states: list[dict[str, Any]]
    thread_ts: str | None = None
    broadcast: bool = False
    locked: str = ""  # why it cannot be edited

    @property
    def now(self) -> dict[str, Any]:
        return self.states[-1]

    @property
    def text(self) -> str:
        return str(self.now["text"])

    @property
    def edits(self) -> int:
        return len(self.states) - 1


@dataclass
class Channel:
    identity: str
    name: str
    member: bool = True
    archived: bool = False


@dataclass
class Workspace:
    """``messages`` in the order in which they were posted; ``refusals`` are what Slack would have refused, and why."""

    channels: list[Channel] = field(default_factory=lambda: [Channel(PAGES, "pages"), Channel(TICKETS, "tickets")])
    messages: list[Posted] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def call(self, method: str, arguments: dict[str, Any], token: str | None) -> dict[str, Any]:
        """Slack's answer."""
        try:
            if token != TOKEN:
                raise Refused("not_authed" if token is None else "invalid_auth")
            act = {
                "chat.postMessage": self._post,
                "chat.update": self._update,
                "auth.test": lambda _: {"team": "T", "user": "o11y", "bot_id": "B0"},
            }.get(method)
            if act is None:
                raise Refused("unknown_method")
            return {"ok": True, **act(arguments)}
        except Refused as refused:
            return {"ok": False, "error": str(refused)}

    @property
    def roots(self) -> list[Posted]:
        return [message for message in self.messages if message.thread_ts is None]

    def replies(self, root: Posted) -> list[Posted]:
        return [message for message in self.messages if message.thread_ts == root.ts]

    def delete(self, message: Posted) -> None:
        self.messages.remove(message)

    def channel(self, named: object) -> Channel:
        found = next((c for c in self.channels if named in (c.identity, c.name, f"#{c.name}")), None)
        if found is None:
            raise Refused("channel_not_found")
        return found

    def _post(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._check(arguments, _POST)
        channel = self.channel(arguments["channel"])
        if channel.archived:
            raise Refused("is_archived")
        if not channel.member:
            raise Refused("not_in_channel")
        thread_ts = arguments.get("thread_ts")
        if thread_ts is not None and not any(
            root.ts == thread_ts and root.channel == channel.identity for root in self.roots
        ):
            raise Refused("thread_not_found")
        if arguments.get("reply_broadcast") and thread_ts is None:
            raise Refused("invalid_arguments")
        ts = f"{1_795_000_000 + len(self.messages)}.{len(self.messages):06}"
        posted = Posted(
            channel.identity, ts, [_content(arguments, {})], thread_ts, bool(arguments.get("reply_broadcast"))
        )
        self.messages.append(posted)
        return {"channel": channel.identity, "ts": ts, "message": posted.now}

    def _update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._check(arguments, _UPDATE)
        channel = next((c for c in self.channels if c.identity == arguments["channel"]), None)  # a name is not taken
        if channel is None:
            raise Refused("channel_not_found")
        if channel.archived:
            raise Refused("is_archived")
        for posted in self.messages:
            if posted.ts == arguments["ts"] and posted.channel == channel.identity:
                if posted.locked:
                    raise Refused(posted.locked)
                posted.states.append(_content(arguments, posted.now))
                return {"channel": channel.identity, "ts": posted.ts, "text": posted.text}
        raise Refused("message_not_found")

    def _check(self, arguments: dict[str, Any], known: set[str]) -> None:
        if unknown := set(arguments) - known:
            self.refusals.append(f"arguments: {sorted(unknown)}")
            raise Refused("invalid_arguments")
        if problems := list(content_problems(arguments)):
            self.refusals += problems
            raise Refused("no_text" if "no_text" in problems else "invalid_blocks")


def _content(arguments: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What an edit leaves out stays as it was."""
    return {name: arguments.get(name, before.get(name, [])) for name in ("text", "blocks", "attachments")}
