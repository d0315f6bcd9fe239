"""What can be pressed below an incident's message. Only where somebody receives what it sends."""

from collections.abc import Iterator

from o11y.adapters.slack.blocks import BUTTON_URL_LIMIT, Block, actions, button, link_button
from o11y.adapters.slack.mrkdwn import web_address
from o11y.alerting.dashboard_address import page_of
from o11y.alerting.headline import State, state_of
from o11y.alerting.notification import Notification
from o11y.worker.ports.responses import ACKNOWLEDGE, SILENCES


def buttons_of(notification: Notification, *, public_url: str | None) -> Iterator[Block]:
    """Rows of buttons: what answers, then what opens."""
    if answers := list(_answers(notification)):
        yield actions(answers)
    if links := list(_links(notification, public_url)):
        yield actions(links)


def _answers(notification: Notification) -> Iterator[Block]:
    account, state = notification.account, state_of(notification)
    if account is None or state.is_over:
        return
    if state is State.FIRING or account.acknowledged_by is None:
        yield button("Acknowledge", ACKNOWLEDGE, value=account.incident_id, primary=True)
    for action_id, seconds in SILENCES.items():
        label = "Silence until resolved" if seconds is None else f"Silence {seconds // 3_600} h"
        yield button(label, action_id, value=account.incident_id)


def _links(notification: Notification, public_url: str | None) -> Iterator[Block]:
    opens = (
        ("Open dashboard", "o11y_dashboard", page_of(notification, public_url)),
        ("Runbook", "o11y_runbook", notification.alerts[0].objective.runbook),
    )
    for label, action_id, url in opens:
        if url and (address := web_address(url, limit=BUTTON_URL_LIMIT)):
            yield link_button(label, action_id, url=address)
