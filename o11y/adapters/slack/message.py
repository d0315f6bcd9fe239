"""A notification as a Slack message, to be understood on a phone at 3 a.m. Pure.

What happened comes first and is never folded away: Slack hides the lower part of a long attachment, so that only the
particulars are in one, for the sake of its coloured edge.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from o11y.adapters.slack.blocks import BUTTON_URL_LIMIT, Block, context, fitting, header, plain_section
from o11y.adapters.slack.buttons import buttons_of
from o11y.adapters.slack.details import measurement, pace, particulars, worst_ones
from o11y.adapters.slack.look import colour, sign, stamp
from o11y.adapters.slack.mrkdwn import cut, escape, link, size, span, web_address
from o11y.alerting.dashboard_address import page_of
from o11y.alerting.foreign_text import visible
from o11y.alerting.headline import TOLD_IN_FULL, change_of, is_of_several, objectives, state_of, subject, title, which
from o11y.alerting.incident import Change
from o11y.alerting.notification import Notice, Notification
from o11y.alerting.quantities import count, moment
from o11y.alerting.remarks import remarks
from o11y.alerting.story import standing, story
from o11y.alerting.wording import measured
from o11y.alerting.wording_cause import unaffected_text

_TEXT_LIMIT = 2_000
_SENTENCE_LIMIT = 600
#: replies that are shown beside the thread, too, where nothing says what they are about
_APART = (Change.REOPENED, Change.ESCALATED, Change.REMINDED)


@dataclass(frozen=True, slots=True)
class Message:
    """``text`` stands for the message in previews, screen readers and where blocks are refused."""

    text: str
    blocks: tuple[Block, ...]
    attachments: tuple[dict[str, Any], ...] = ()

    @property
    def payload(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "blocks": list(self.blocks),
            "attachments": list(self.attachments),
            "unfurl_links": False,
            "unfurl_media": False,
        }


def slack_message(
    message: Notification | Notice, *, public_url: str | None = None, buttons: bool = False, live: bool = False
) -> Message:
    """``public_url`` is the dashboard's address, if it has one. ``buttons``: somebody receives what they send.

    ``live``: the message is kept up to date, and shows how its incident stands; otherwise it brings the news.
    """
    if isinstance(message, Notice):
        return _notice(message)
    above = list(_above(message, public_url, buttons=buttons, live=live))
    below = list(_below(message, public_url, buttons=buttons, live=live))
    kept = fitting([*above, *below])
    attached = kept[len(above) :]
    edge = ({"color": colour(message), "blocks": attached},) if attached else ()
    return Message(_text(message, live=live), tuple(kept[: len(above)]), edge)


def slack_reply(message: Notification) -> Message:
    """The news alone, for the incident's thread."""
    said = " ".join(story(message, answerable=True)) or title(message)
    change, blocks = change_of(message), []
    if change in _APART:
        blocks.append(plain_section(escape(_heading(message, live=False))))
        blocks.append(plain_section(escape(said)))
    else:
        blocks.append(plain_section(escape(f"{sign(message)} {said}")))
    if _goes_on(message) and change is not Change.ACKNOWLEDGED:
        blocks.append(measurement(message))
    return Message(_text(message, live=False), tuple(fitting([*blocks, *_remarks(message)])))


def _notice(notice: Notice) -> Message:
    text = _lines(notice.text)
    blocks = [
        header(escape(f"{stamp(notice)} · {visible(notice.title)}")),
        plain_section(escape(text)),
        context(moment(notice.at)),
    ]
    said = f"{stamp(notice)} {span(visible(notice.title))}: {escape(text).replace('`', chr(39))}"
    return Message(cut(said, _TEXT_LIMIT), tuple(fitting(blocks)))


def _above(notification: Notification, public_url: str | None, *, buttons: bool, live: bool) -> Iterator[Block]:
    yield header(escape(_heading(notification, live=live)))
    if said := _told(notification, answerable=buttons, live=live):
        yield plain_section(escape(said))
    if _in_full(notification, live=live):
        yield from _breadth(notification)
    if _goes_on(notification) and (live or change_of(notification) is not Change.ACKNOWLEDGED):
        yield measurement(notification)
    yield from _remarks(notification)
    if buttons:
        yield from buttons_of(notification, public_url=public_url)


def _breadth(notification: Notification) -> Iterator[Block]:
    """Who is affected, and who is not."""
    extent = None if notification.account is None else notification.account.extent
    if extent is not None and (well := unaffected_text(extent, name_limit=60)):
        yield plain_section(escape(f"{well[:1].upper()}{well[1:]}."))
    if is_of_several(notification):
        yield worst_ones(notification)


def _below(notification: Notification, public_url: str | None, *, buttons: bool, live: bool) -> Iterator[Block]:
    if _in_full(notification, live=live):
        yield particulars(notification)
    elif _goes_on(notification) and change_of(notification) is not Change.ACKNOWLEDGED:
        yield pace(notification)
    yield context(" · ".join(_small_print(notification, public_url, buttons=buttons, live=live)))


def _heading(notification: Notification, *, live: bool) -> str:
    about = f"{objectives(notification, name_limit=60)} · {subject(notification, name_limit=60)}"
    return f"{stamp(notification, live=live)} · {about}"


def _told(notification: Notification, *, answerable: bool, live: bool) -> str:
    said = standing if live else story
    return " ".join(said(notification, answerable=answerable))


def _in_full(notification: Notification, *, live: bool) -> bool:
    return change_of(notification) in TOLD_IN_FULL or (live and _goes_on(notification))


def _goes_on(notification: Notification) -> bool:
    return state_of(notification).goes_on


def _remarks(notification: Notification) -> Iterator[Block]:
    if said := remarks(notification):
        yield plain_section("\n".join(f"⚠️ {escape(remark)}" for remark in said))


def _text(notification: Notification, *, live: bool) -> str:
    """What happened comes first, then how bad it is; of a first message that is the same.

    Sentences that may name what came from outside are code, in which nothing else is interpreted.
    """
    about = span(objectives(notification, name_limit=60)) + ": " + span(subject(notification, name_limit=60))
    said = list(map(_spoken, (standing if live else story)(notification)))
    if _goes_on(notification) and change_of(notification) is not Change.ACKNOWLEDGED:
        said.insert(0 if change_of(notification) is Change.FIRED else len(said), _extent(notification))
    said += map(_spoken, remarks(notification))
    return _within(f"{stamp(notification, live=live)} {about}.", said)


def _spoken(sentence: str) -> str:
    return span(sentence, limit=_SENTENCE_LIMIT)


def _within(head: str, sentences: Sequence[str]) -> str:
    """As many whole sentences as there is room for: a span that is cut open would be none."""
    text = head
    for sentence in sentences:
        if size(f"{text} {sentence}") > _TEXT_LIMIT:
            break
        text = f"{text} {sentence}"
    return text


def _extent(notification: Notification) -> str:
    worst = notification.alerts[0]
    said = escape(f"{measured(worst, notification.facts, beside=notification.fired_at)}.").replace("`", "'")
    if not is_of_several(notification):
        return said
    number = count(len(notification.alerts) + notification.unseen)
    return f"The worst of {number}, {span(which(notification, name_limit=60))}: {said}"


def _small_print(notification: Notification, public_url: str | None, *, buttons: bool, live: bool) -> Iterator[str]:
    """The links are here where there are no buttons for them."""
    yield f"as of {moment(notification.fired_at)}" if live else moment(notification.fired_at)
    runbook = None if state_of(notification).is_over and not buttons else notification.alerts[0].objective.runbook
    for label, url in (("Dashboard", page_of(notification, public_url)), ("Runbook", runbook)):
        if url and not (buttons and web_address(url, limit=BUTTON_URL_LIMIT)):
            yield link(url, label)


def _lines(text: str) -> str:
    return "\n".join(visible(line, limit=2_000) if line else "" for line in text.splitlines()) or "(no text)"
