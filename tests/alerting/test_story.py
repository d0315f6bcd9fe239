"""What happened, a sentence each. How the whole message reads is kept in tests/rendered."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from o11y.alerting.incident import Cause, Change, Extent
from o11y.alerting.notification import Notification, Presence
from o11y.alerting.story import standing, story
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity
from tests.builders import NOW, account, alert, dimension, latency, notification, objective, pair, ratio

SINCE = NOW - timedelta(minutes=80)
AN_HOUR_AGO = NOW - timedelta(hours=1)


def of(change: Change, **changes: Any) -> Notification:
    return notification(account=account(change, **{"since": SINCE, **changes}))


def told(change: Change, **changes: Any) -> list[str]:
    return list(story(of(change, **changes)))


def test_a_first_message_has_no_story_but_its_measurements() -> None:
    assert told(Change.FIRED, since=NOW) == []


def test_an_entry_of_an_older_version_has_no_story() -> None:
    assert story(notification()) == standing(notification()) == ()


def test_who_waited_to_be_told_says_since_when_it_fires() -> None:
    assert told(Change.FIRED) == ["Firing since 10:40 UTC."]


def test_what_ended_while_it_waited_is_told_as_over() -> None:
    over = told(Change.FIRED, firing=0, until=NOW - timedelta(minutes=1))
    assert over == ["It fired from 10:40 UTC to 11:59 UTC, and not since."]
    assert told(Change.FIRED, since=NOW, until=NOW, firing=0) == ["It fired at 12:00 UTC, and not since."]


def test_what_a_silence_kept_quiet_says_so() -> None:
    said = told(Change.FIRED, ended_silence="'deploy' by ann")
    assert said == ["Firing since 10:40 UTC.", "First told now: silence 'deploy' by ann is over."]


def test_who_returns_says_how_long_after_it_was_resolved() -> None:
    said = told(Change.REOPENED, resolved_at=NOW - timedelta(minutes=6), reopened=1)
    assert said == ["Fires again, 6m after it was resolved.", "It first fired at 10:40 UTC."]


def test_who_returns_often_is_counted() -> None:
    said = told(Change.REOPENED, resolved_at=NOW - timedelta(minutes=6), reopened=3)
    assert said[1] == "It first fired at 10:40 UTC and has come back 3 times."


def test_who_returns_from_no_data_was_never_resolved() -> None:
    assert told(Change.REOPENED)[0] == "Fires again, after a time without data."


def test_a_ticket_that_becomes_a_page_says_so() -> None:
    assert told(Change.ESCALATED) == ["Was a ticket since 10:40 UTC, is a page now."]


def test_joiners_are_named_and_the_whole_is_counted() -> None:
    said = told(
        Change.JOINED,
        joined=(dimension("a"), dimension("b")),
        joined_more=3,
        extent=Extent(firing=14, active=15, models=(14, 15)),
    )
    assert said == ["5 more: gateway / vendor / a, gateway / vendor / b and 3 others; now 14 of 15 models."]


def test_of_one_model_the_providers_or_clients_that_joined_are_counted() -> None:
    hosted = Extent(firing=2, active=3, models=(1, 1), providers=(2, 3))
    used = Extent(firing=2, active=3, models=(1, 1), clients=(2, 3))
    for extent, names in ((hosted, "providers"), (used, "clients")):
        said = told(Change.JOINED, joined=(dimension("a"),), extent=extent)
        assert said == [f"1 more: gateway / vendor / a; now 2 of 3 {names}."]


def test_many_joiners_are_named_in_part() -> None:
    (said,) = told(Change.JOINED, joined=tuple(dimension(f"m-{number}") for number in range(12)), firing=14)
    assert said.startswith("12 more: ")
    assert said.endswith("gateway / vendor / m-9 and 2 others; now 14 alerts.")


def test_joiners_that_have_stopped_by_then_are_told_as_such() -> None:
    said = told(Change.JOINED, joined=(dimension("a"),), firing=0, until=NOW - timedelta(minutes=1))
    assert said == ["1 more: gateway / vendor / a; none of it fires now."]


def test_a_trend_tells_from_what_to_what() -> None:
    before: dict[str, Any] = {"before_burn_rate": Decimal("40"), "before_firing": 3, "firing": 14}
    assert told(Change.WORSENED, **before) == ["Worse: burn rate 40× → 500×, 3 → 14 alerts firing."]
    better = told(Change.IMPROVED, before_burn_rate=Decimal("40"), burn_rate=Decimal("12"))
    assert better == ["Better, but still firing: burn rate 40× → 12×."]


def test_a_change_of_severity_is_part_of_the_trend() -> None:
    assert told(Change.WORSENED, before_severity=Severity.TICKET) == ["Worse: ticket → page."]


def test_a_reminder_says_for_how_long_and_what_has_changed() -> None:
    before: dict[str, Any] = {"before_burn_rate": Decimal("40"), "before_firing": 14}
    assert told(Change.REMINDED, **before, burn_rate=Decimal("12"), firing=3) == [
        "Still firing after 1h 20m.",
        "Since the last message: burn rate 40× → 12×, 14 → 3 alerts firing.",
    ]


def test_a_reminder_of_what_is_as_it_was_says_that() -> None:
    before: dict[str, Any] = {"before_burn_rate": Decimal("500"), "before_firing": 1}
    assert told(Change.REMINDED, **before)[1] == "Nothing has changed since the last message: burn rate 500×."


def test_that_nobody_has_acknowledged_it_is_said_where_somebody_could() -> None:
    reminder = of(Change.REMINDED)
    assert story(reminder, answerable=True)[-1] == "Nobody has acknowledged it."
    assert "acknowledged" not in " ".join(story(reminder, answerable=False))
    known = of(Change.REMINDED, acknowledged_by="ann", acknowledged_at=AN_HOUR_AGO)
    assert story(known, answerable=True)[-1] == "Acknowledged by ann at 11:00 UTC, 20m after it began."


def test_no_data_is_not_recovery() -> None:
    assert told(Change.NO_DATA, no_data_since=AN_HOUR_AGO, until=SINCE, firing=0) == [
        "No requests since 11:00 UTC: recovery is not confirmed.",
        "It last fired at 10:40 UTC and stays open.",
    ]


def test_no_data_of_a_latency_is_the_lack_of_successes() -> None:
    slow = objective(sli=latency(), target="0.9", pairs=(pair(burn_rate=5),))
    silent = notification(
        alert(objective=slow, pair=slow.pairs[0], long=ratio(90, 100)),
        account=account(Change.NO_DATA, no_data_since=AN_HOUR_AGO),
    )
    assert story(silent)[0] == "No successful requests since 11:00 UTC: recovery is not confirmed."


@pytest.mark.parametrize(
    ("since", "said"),
    [(AN_HOUR_AGO, "no requests since 11:00 UTC"), (None, "nothing evaluates it any more")],
)
def test_what_is_closed_without_recovery_says_why(since: datetime | None, said: str) -> None:
    assert told(Change.EXPIRED, no_data_since=since) == [f"Closed, its recovery never confirmed: {said}."]


def test_an_acknowledgement_names_who_and_when() -> None:
    said = told(Change.ACKNOWLEDGED, acknowledged_by="ann\n<!channel>", acknowledged_at=AN_HOUR_AGO)
    assert said == ["Acknowledged by ann\\n<!channel> at 11:00 UTC, 20m after it began.", "No more reminders."]


def test_the_date_is_told_of_what_began_on_another_day() -> None:
    assert told(Change.ESCALATED, since=NOW - timedelta(days=1))[0].startswith(
        "Was a ticket since 2026-11-20 12:00 UTC"
    )


def test_a_message_kept_up_to_date_tells_how_things_stand_and_no_news() -> None:
    for change in (Change.FIRED, Change.JOINED, Change.WORSENED, Change.REMINDED):
        assert standing(of(change)) == ("Firing since 10:40 UTC.",)


def test_what_stands_includes_the_worst_so_far_and_the_returns() -> None:
    said = standing(of(Change.IMPROVED, peak=Decimal("900"), reopened=2))
    assert said == ("Firing since 10:40 UTC, came back twice; worst burn rate so far 900×.",)


def test_a_message_told_late_does_not_say_that_it_fires_when_it_is_over() -> None:
    late = notification(account=account(), delivered_at=NOW + timedelta(hours=1), presence=Presence.OVER)
    assert standing(late) == ("It fired at 12:00 UTC, and not since.",)


def test_an_acknowledged_silence_of_data_tells_both() -> None:
    said = standing(of(Change.ACKNOWLEDGED, no_data_since=AN_HOUR_AGO, acknowledged_by="ann"))
    assert said[0] == "No requests since 11:00 UTC: recovery is not confirmed."
    assert said[-1] == "Acknowledged by ann."


def test_a_silenced_incident_says_that_nobody_is_told() -> None:
    said = standing(of(Change.WORSENED, silenced="silenced: 'upgrade' by bob"))
    assert said[-1] == "Silenced, 'upgrade' by bob: changes are shown here and told to nobody."


@pytest.mark.parametrize("change", Change)
def test_every_change_has_a_story_and_a_standing(change: Change) -> None:
    minimal = notification(account=account(change, cause=Cause(Dimension(None, None, None), Indicator.ERROR_RATE)))
    assert story(minimal) or change is Change.FIRED
    assert standing(minimal)
