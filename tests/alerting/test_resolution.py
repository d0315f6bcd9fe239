"""The end of an incident."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from o11y.alerting.incident import Change
from o11y.alerting.notification import Facts
from o11y.alerting.story import story
from o11y.slo.dimension import Dimension
from tests.builders import NOW, account, alert, notification, objective

SINCE = NOW - timedelta(minutes=80)
UNTIL = NOW - timedelta(minutes=6)
FACTS = Facts(budget_bad=120_000, budget_valid=1_000_000_000)
HARM: dict[str, Any] = {"peak": Decimal("500"), "spent_bad": 12_400, "spent_valid": 30_000}


def told(*alerts: Any, facts: Facts = FACTS, **changes: Any) -> list[str]:
    ended = account(Change.RESOLVED, **{"since": SINCE, "until": UNTIL, "firing": 0, **changes})
    return list(story(notification(*alerts, account=ended, facts=facts)))


def test_a_resolution_tells_duration_worst_bad_events_and_what_it_cost() -> None:
    assert told(**HARM) == [
        "Resolved: it fired for 1h 14m, from 10:40 UTC to 11:54 UTC.",
        "Worst burn rate 500×.",
        "12,400 of 30,000 requests failed: 1.24 % of the 30-day budget, 88 % is left.",
    ]


def test_one_minute_of_firing_has_no_duration() -> None:
    assert told(until=SINCE) == ["Resolved: it fired at 10:40 UTC only."]


def test_returns_are_counted() -> None:
    assert told(reopened=2)[0].endswith("to 11:54 UTC, and came back twice in that time.")


def test_of_a_group_the_worst_is_named() -> None:
    assert told(**HARM, members=14)[-1].startswith("At the worst, gateway / vendor / vendor/model, 12,400 of 30,000")


def test_of_one_dimension_the_worst_objective_is_named() -> None:
    both = [alert(objective=objective(name=name)) for name in ("p90", "p50")]
    assert told(*both, **HARM, members=2)[-1].startswith("At the worst, p90, 12,400 of 30,000")


def test_what_is_not_known_is_left_out() -> None:
    assert told(facts=Facts(), **HARM)[-1] == "12,400 of 30,000 requests failed."
    assert len(told(peak=Decimal(5), spent_bad=7)) == 2


def test_counts_that_cannot_be_are_not_told() -> None:
    assert len(told(spent_bad=7, spent_valid=5)) == 1


def test_a_resolution_without_its_last_minute_ends_with_the_message() -> None:
    assert told(until=None)[0] == "Resolved: it fired for 1h 20m, from 10:40 UTC to 12:00 UTC."


def test_an_aggregate_is_told_like_any_other() -> None:
    whole = alert(dimension=Dimension(None, None, None))
    assert told(whole, **HARM)[1] == "Worst burn rate 500×."
