"""The particulars of an incident's message: its worst alerts, and all that is known of the worst."""

from collections.abc import Iterator

from o11y.adapters.slack.blocks import Block, fields, section
from o11y.adapters.slack.mrkdwn import code, escape, span
from o11y.alerting.alert import Alert
from o11y.alerting.headline import is_of_one_place, is_of_several
from o11y.alerting.notification import Facts, Notification
from o11y.alerting.quantities import count
from o11y.alerting.wording import NAMED_ALERTS, TOP, briefly, budget, burning, goal, measured, pace_label, place


def worst_ones(notification: Notification) -> Block:
    return section("\n".join(_listed(notification)))


def measurement(notification: Notification) -> Block:
    """The one figure that says how bad it is."""
    worst = notification.alerts[0]
    said = f"*{escape(measured(worst, notification.facts, beside=notification.fired_at))}*"
    if not is_of_several(notification):
        return section(said)
    which = code(worst.objective.name) if is_of_one_place(notification) else placed(worst)
    return section(f"The worst: {which} {said}")


def particulars(notification: Notification) -> Block:
    worst, facts = notification.alerts[0], notification.facts
    where = worst.dimension
    names = (("Client", where.client), ("Provider", where.provider), ("Model", where.model))
    return fields(
        [
            *((label, "all" if name is None else code(name)) for label, name in names),
            ("Objective", f"{code(worst.objective.name)}\n{escape(goal(worst.objective))}"),
            *_pace(worst, facts),
            *_top("Status codes of the bad", facts.status_codes),
            *_top("Bad ones were served by", facts.inference_providers),
        ]
    )


def pace(notification: Notification) -> Block:
    """How fast the budget goes, for a message that follows the first."""
    return fields(list(_pace(notification.alerts[0], notification.facts)))


def placed(alert: Alert) -> str:
    return span(place(alert.dimension, name_limit=60), limit=200)


def _listed(notification: Notification) -> Iterator[str]:
    """Each with its place and its objective, unless all have the same."""
    alerts = notification.alerts
    differ, same_place = len({alert.objective.name for alert in alerts}) > 1, is_of_one_place(notification)
    for alert in alerts[:NAMED_ALERTS]:
        where = [] if same_place else [placed(alert)]
        objective = [f"{code(alert.objective.name, limit=60)}:"] if differ else []
        yield " ".join(["•", *where, *objective, escape(briefly(alert))])
    if more := max(0, len(alerts) - NAMED_ALERTS) + notification.unseen:
        yield f"… and {count(more)} more"


def _pace(worst: Alert, facts: Facts) -> Iterator[tuple[str, str]]:
    yield pace_label(worst.objective).capitalize(), escape(burning(worst))
    if (left := budget(worst, facts)) is not None:
        yield "30-day budget", escape(left)


def _top(label: str, counted: tuple[tuple[str, int], ...]) -> Iterator[tuple[str, str]]:
    """No field for what is not known."""
    if counted:
        yield label, "\n".join(f"{code(name, limit=60)}: {count(events)}" for name, events in counted[:TOP])
