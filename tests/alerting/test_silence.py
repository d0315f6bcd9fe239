"""Who mutes whom, and when."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from o11y.alerting.incident import Member
from o11y.alerting.matcher import parse_matchers
from o11y.alerting.silence import NO_SILENCES, Silence, Silences, State, in_order, labels_of, labels_of_member
from o11y.slo.dimension import Dimension
from tests.builders import NOW, alert, dimension, silence

HOUR = timedelta(hours=1)


def muted(labels: Any, *silences: Silence, at: Any = NOW) -> str | None:
    found = Silences(silences).muting(labels, at)
    return None if found is None else found.silence_id


def test_every_matcher_must_fit() -> None:
    labels = labels_of(alert())
    assert muted(labels, silence("client=gateway,severity=page")) == "s-1"
    assert muted(labels, silence("client=gateway,severity=ticket")) is None
    assert muted(labels, silence('model=~"vendor/.*"')) == "s-1"
    assert muted(labels, silence('severity!="ticket",client=~".+"')) == "s-1"
    assert NO_SILENCES.muting(labels, NOW) is None


@pytest.mark.parametrize(
    "matchers",
    [
        "provider=vendor",
        "indicator=error_rate",
        "objective=error-rate",
        "scope=model",
        "severity=page",
        "client!=x,scope=model",
    ],
)
def test_whatever_label_it_is_found_by(matchers: str) -> None:
    assert muted(labels_of(alert()), silence(matchers)) == "s-1"


def test_an_aggregate_has_no_names_of_what_it_folds_away() -> None:
    provider = labels_of(alert(dimension=Dimension(None, "vendor", None)))
    assert provider["scope"] == "provider"
    assert muted(provider, silence("provider=vendor")) == "s-1"
    assert muted(provider, silence("provider=vendor,client=gateway")) is None
    assert muted(provider, silence('provider=vendor,model=""')) == "s-1"
    assert muted(labels_of(alert()), silence('provider=vendor,model=""')) is None


def test_a_member_of_an_incident_has_the_labels_of_its_alert() -> None:
    one = alert()
    member = Member(
        one.key, one.objective.name, one.dimension, one.severity, one.pair, one.long, one.short,
        since=NOW, fired_at=NOW, burn_rate=one.pair.burn_rate, peak=one.pair.burn_rate, data_at=NOW,
    )  # fmt: skip
    assert labels_of_member(member, one.objective.sli.indicator) == labels_of(one)


def test_it_holds_from_its_start_until_just_before_its_end() -> None:
    labels, one = labels_of(alert()), silence(starts_at=NOW, ends_at=NOW + HOUR)
    second = timedelta(seconds=1)
    times = (NOW - second, NOW, NOW + HOUR - second, NOW + HOUR)
    assert [muted(labels, one, at=at) for at in times] == [None, "s-1", "s-1", None]
    assert [one.state(at) for at in times] == [State.PENDING, State.ACTIVE, State.ACTIVE, State.EXPIRED]


def test_one_that_was_expired_is_over_from_then_on() -> None:
    one = silence(ends_at=NOW + HOUR, expired_at=NOW + HOUR / 2)
    assert one.ended_at == NOW + HOUR / 2
    assert silence(ends_at=NOW + HOUR, expired_at=NOW + 2 * HOUR).ended_at == NOW + HOUR
    to_come = silence(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR, expired_at=NOW)
    assert to_come.state(NOW + HOUR) is State.EXPIRED


def test_of_several_the_one_that_lasts_longest_answers() -> None:
    short, long = silence(silence_id="short"), silence("provider=vendor", silence_id="long", ends_at=NOW + 9 * HOUR)
    assert muted(labels_of(alert()), short, long) == "long"
    assert muted(labels_of(alert()), long, short) == "long"


def test_those_of_an_incident_are_found_until_they_are_over() -> None:
    bound, other = silence(silence_id="bound", incident_id="i-1"), silence(silence_id="other")
    known = Silences([bound, other])
    assert known.of_incident("i-1", NOW) == (bound,)
    assert known.of_incident("i-1", bound.ends_at) == ()


def test_its_name_and_its_reason_are_fit_to_be_shown() -> None:
    one = silence(comment="deploy\n<!channel>", author="ann")
    assert one.name == "'deploy\\n<!channel>' by ann"
    assert one.reason == "'deploy\\n<!channel>' by ann until 2026-11-21T13:00:00Z"
    until_resolved = silence(incident_id="i-1", comment="until it is resolved")
    assert until_resolved.reason == "'until it is resolved' by ann"
    assert len(silence(comment="x" * 1000, author="y" * 100).name) < 120


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"silence_id": ""}, "silence_id"),
        ({"matchers": ()}, "from 1 to 20"),
        ({"matchers": parse_matchers("client=a") * 21}, "from 1 to 20"),
        ({"matchers": parse_matchers('client=~".*"')}, "must not match the empty text"),
        ({"matchers": parse_matchers('client!=a,model=""')}, "must not match the empty text"),
        ({"matchers": parse_matchers("client=" + "x" * 1000) * 5}, "4,096 characters"),
        ({"ends_at": NOW}, "end after it starts"),
        ({"ends_at": NOW + timedelta(days=401)}, "400 days"),
        ({"starts_at": NOW.replace(tzinfo=None)}, "time zone"),
        ({"author": " "}, "author: from 1 to 100"),
        ({"author": "x" * 101}, "author: from 1 to 100"),
        ({"comment": ""}, "comment: from 1 to 1,000"),
        ({"comment": "\ud800"}, "comment: it is not valid Unicode"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(silence(), **changes)


def test_they_are_read_in_the_order_in_which_they_matter() -> None:
    soon, late = silence(silence_id="soon"), silence(silence_id="late", ends_at=NOW + 5 * HOUR)
    to_come = silence(silence_id="to come", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    old = silence(silence_id="old", starts_at=NOW - 9 * HOUR, ends_at=NOW - 8 * HOUR)
    just = silence(silence_id="just", expired_at=NOW)
    ordered = in_order([old, just, to_come, late, soon], NOW)
    assert [one.silence_id for one in ordered] == ["soon", "late", "to come", "just", "old"]


def test_most_silences_are_not_even_looked_at() -> None:
    many = Silences(silence(f"model=vendor/other-{n}", silence_id=f"s-{n}") for n in range(1_000))
    looked = list(many._near(labels_of(alert(dimension=dimension("vendor/other-7")))))
    assert [one.silence_id for one in looked] == ["s-7"]
