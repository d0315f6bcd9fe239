"""Where a message is in Slack, for a browser."""

import re

from o11y.alerting.incident import Thread

_CHANNEL = re.compile(r"[A-Z0-9]{2,40}")
_TS = re.compile(r"([0-9]{1,12})\.([0-9]{1,8})")


def slack_link(thread: Thread | None) -> str | None:
    """None for what is no message of Slack. https://docs.slack.dev/reference/methods/chat.getPermalink/"""
    if thread is None or not _CHANNEL.fullmatch(thread.channel):
        return None
    ts = _TS.fullmatch(thread.ts)
    return None if ts is None else f"https://slack.com/archives/{thread.channel}/p{ts[1]}{ts[2]}"
