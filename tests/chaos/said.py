"""A message as whoever reads it in Slack understands it: what happened, to what, and whether it may be a repeat."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from o11y.alerting.incident import Change
from o11y.slo.windows import Severity
from tests.slack_stand_in import SlackStandIn
from tests.slack_workspace import Posted

#: how a message says that it may be a repeat
MARK = "May be a repeat"
#: the words above a message; ``{}`` is PAGE or TICKET
_WORDS = {
    "{}": Change.FIRED,
    "{} AGAIN": Change.REOPENED,
    "{}, WAS A TICKET": Change.ESCALATED,
    "{} GROWS": Change.JOINED,
    "{} WORSE": Change.WORSENED,
    "{} BETTER": Change.IMPROVED,
    "{} STILL FIRING": Change.REMINDED,
    "ACKNOWLEDGED {}": Change.ACKNOWLEDGED,
    "NO DATA, {}": Change.NO_DATA,
    "RESOLVED {}": Change.RESOLVED,
    "CLOSED {}, RECOVERY NOT CONFIRMED": Change.EXPIRED,
}
_LEADS = {
    words.format(severity.upper()): (change, severity) for words, change in _WORDS.items() for severity in Severity
}
#: a new message in the channel of pages shows how things stand, and says so in its text
_WAS_A_TICKET = "Was a ticket since"
#: a sign, the lead, the objectives, and what it is about
_TITLE = re.compile(r"\S+ (?P<lead>[A-Z, ]+) `[^`]*`: `(?P<about>[^`]*)`")


@dataclass(frozen=True, slots=True)
class Said:
    """``text`` is all of a message. ``change`` and ``severity`` are ``None`` for what o11y says of itself."""

    text: str
    about: str = ""
    change: Change | None = None
    severity: Severity | None = None

    @classmethod
    def by(cls, message: Mapping[str, Any]) -> Self:
        """Raises ``KeyError`` for a title in words that are not known here."""
        text, title = json.dumps(message, ensure_ascii=False), _TITLE.match(message["text"])
        if title is None:
            return cls(text)
        change, severity = _LEADS[title["lead"]]
        if change is Change.FIRED and _WAS_A_TICKET in text:
            change = Change.ESCALATED
        return cls(text, title["about"], change, severity)

    def tells_of(self, name: str) -> bool:
        """Whether it is about this: others may be named as what is well."""
        return name in self.about if self.change is not None else name in self.text

    @property
    def repeated(self) -> bool:
        return MARK in self.text


def all_said(messages: Iterable[Mapping[str, Any]]) -> list[Said]:
    return [Said.by(message) for message in messages]


def said_in(slack: SlackStandIn) -> list[Said]:
    """In the order in which it was delivered; by a webhook, or posted as a message or a reply. Edits tell nobody."""
    return all_said([*slack.messages, *(posted.states[0] for posted in slack.workspace.messages)])


def shown_by(posted: Posted) -> Said:
    """The message as it is now."""
    return Said.by(posted.now)
