"""A notification as a Slack message, to be understood on a phone at 3 a.m. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from o11y.adapters.slack.blocks import Block, context, fields, fitting, header, plain_section, section
from o11y.adapters.slack.mrkdwn import code, cut, escape, link
from o11y.alerting.alert import Alert
from o11y.alerting.foreign_text import visible
from o11y.alerting.notification import Notice, Notification
from o11y.alerting.quantities import count, moment
from o11y.alerting.wording import (
    NAMED_ALERTS,
    TOP,
    briefly,
    budget,
    burning,
    goal,
    measured,
    place,
    remarks,
)
from o11y.slo.windows import Severity

#: a shape and a word: colour alone tells nothing to some, and nothing in a notification preview
_SIGN = {Severity.PAGE: "🚨 PAGE", Severity.TICKET: "🎫 TICKET"}
_TEXT_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Message:
    """``text`` stands for the message in previews, screen readers and where blocks are refused."""

    text: str
    blocks: tuple[Block, ...]

    @property
    def payload(self) -> dict[str, Any]:
        return {"text": self.text, "blocks": list(self.blocks), "unfurl_links": False, "unfurl_media": False}


def slack_message(message: Notification | Notice, *, public_url: str | None = None) -> Message:
    """``public_url`` is the dashboard's address, if it has one."""
    if isinstance(message, Notice):
        blocks = [
            header(escape(f"{_SIGN[message.severity]} · {visible(message.title)}")),
            plain_section(escape(_lines(message.text))),
            context(moment(message.at)),
        ]
    else:
        blocks = list(_blocks(message, public_url))
    return Message(_text(message), tuple(fitting(blocks)))


def _text(message: Notification | Notice) -> str:
    sign = _SIGN[message.severity]
    if isinstance(message, Notice):
        said = f"{sign} {code(message.title)}: {escape(_lines(message.text)).replace('`', chr(39))}"
    else:
        worst = message.alerts[0]
        said = f"{sign} {code(worst.objective.name)}: {_place(worst)}, {measured(worst, message.facts)}"
        if more := len(message.alerts) - 1:
            said += f", and {count(more)} more"
        said = " ".join([f"{said}.", *map(escape, remarks(message))])
    return cut(said, _TEXT_LIMIT)


def _blocks(notification: Notification, public_url: str | None) -> Iterator[Block]:
    alerts, facts = notification.alerts, notification.facts
    worst = alerts[0]
    name = visible(worst.objective.name, limit=60)
    about = f"{count(len(alerts))} dimensions" if len(alerts) > 1 else place(worst.dimension, name_limit=60)
    yield header(escape(f"{_SIGN[notification.severity]} · {name} · {about}"))
    if len(alerts) > 1:
        yield section("\n".join(_several(alerts)))
    yield section(f"{'The worst: ' if len(alerts) > 1 else ''}*{escape(measured(worst, facts))}*")
    yield fields(
        [
            ("Client", _name(worst.dimension.client)),
            ("Provider", _name(worst.dimension.provider)),
            ("Model", _name(worst.dimension.model)),
            ("Objective", f"{code(worst.objective.name)}\n{escape(goal(worst.objective))}"),
            ("Burn rate", escape(burning(worst))),
            ("30-day budget", escape(budget(worst, facts))),
            *_top("Status codes of the bad", facts.status_codes),
            *_top("Bad ones were served by", facts.inference_providers),
        ]
    )
    if said := remarks(notification):
        yield section("\n".join(f"⚠️ {escape(remark)}" for remark in said))
    yield context(" · ".join(_small_print(notification, public_url)))


def _several(alerts: tuple[Alert, ...]) -> Iterator[str]:
    for alert in alerts[:NAMED_ALERTS]:
        yield f"• {_place(alert)} {briefly(alert)}"
    if (more := len(alerts) - NAMED_ALERTS) > 0:
        yield f"… and {count(more)} more"


def _place(alert: Alert) -> str:
    return code(place(alert.dimension, name_limit=60), limit=200)


def _name(name: str | None) -> str:
    return "all" if name is None else code(name)


def _top(label: str, counted: tuple[tuple[str, int], ...]) -> Iterator[tuple[str, str]]:
    """No field for what is not known."""
    if counted:
        yield label, "\n".join(f"{code(name, limit=60)}: {count(events)}" for name, events in counted[:TOP])


def _small_print(notification: Notification, public_url: str | None) -> Iterator[str]:
    yield moment(notification.fired_at)
    if public_url:
        yield link(public_url, "Dashboard")
    if runbook := notification.alerts[0].objective.runbook:
        yield link(runbook, "Runbook")


def _lines(text: str) -> str:
    return "\n".join(visible(line, limit=2_000) if line else "" for line in text.splitlines()) or "(no text)"
