"""A notification that waits in the outbox is told exactly as it was found."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o11y.alerting import notification_json
from o11y.alerting.alert import Alert
from o11y.alerting.incident import Cause, Change, Extent
from o11y.alerting.notification import Account, Facts, Notice, Notification, Presence
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.objective import Evidence, Match, Objective
from o11y.slo.sli import Indicator, LatencyOf, Sli
from o11y.slo.status_class import StatusClass
from o11y.slo.windows import Severity, WindowPair
from tests.builders import account, notification

names = st.text(min_size=1, max_size=12)
moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]))
counts = st.integers(0, 2**60)
ratios = st.builds(lambda bad, good: Ratio(bad, bad + good), counts, counts)
pairs = st.builds(
    lambda severity, short, more, burn: WindowPair(severity, (short + more) * 10, short * 10, burn),
    st.sampled_from(Severity), st.integers(1, 99), st.integers(1, 99), st.decimals("0.001", "1", places=20),
)  # fmt: skip
slis = st.one_of(
    st.builds(
        Sli, st.just(Indicator.ERROR_RATE), bad=st.frozensets(st.sampled_from(StatusClass), min_size=1),
        exclude_user_byok=st.booleans(),
    ),
    st.builds(Sli, st.just(Indicator.TTFB), threshold_ms=st.just(3000), latency_of=st.sampled_from(LatencyOf)),
)  # fmt: skip
objectives = st.builds(
    Objective, names, slis, st.decimals("0.1", "0.999", places=20), st.lists(pairs, min_size=1, max_size=3).map(tuple),
    scope=st.sampled_from(Scope), match=st.builds(Match, names, names, names),
    evidence=st.builds(Evidence, st.integers(1, 99), st.integers(1, 99)), family=names,
    runbook=st.none() | names, page_eligible=st.booleans(),
)  # fmt: skip
maybe = st.none() | names
facts = st.builds(
    Facts, *2 * [st.lists(st.tuples(names, counts), max_size=3).map(tuple)], st.none() | counts, st.none() | counts,
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip


dimensions = st.builds(Dimension, maybe, maybe, maybe)
pairs_of_counts = st.tuples(counts, counts)
extents = st.builds(
    Extent, counts, counts, pairs_of_counts, pairs_of_counts, pairs_of_counts, st.lists(names, max_size=2).map(tuple),
    counts, names, st.lists(names, max_size=2).map(tuple), counts, names,
)  # fmt: skip
rates = st.none() | st.decimals("0", "1000", places=2)
accounts = st.builds(
    Account, names, st.sampled_from(Change), st.builds(Cause, dimensions, st.sampled_from(Indicator)), moments,
    until=st.none() | moments, firing=counts, members=counts, extent=st.none() | extents, peak=rates,
    joined=st.lists(dimensions, max_size=2).map(tuple), joined_more=counts,
    before_severity=st.none() | st.sampled_from(Severity), before_firing=st.none() | counts, before_burn_rate=rates,
    reopened=counts, no_data_since=st.none() | moments, acknowledged_by=maybe, acknowledged_at=st.none() | moments,
    silenced=maybe, ended_silence=maybe, spent_bad=st.none() | counts, spent_valid=st.none() | counts,
    resolved_at=st.none() | moments, burn_rate=rates,
)  # fmt: skip


@st.composite
def notifications(draw: st.DrawFn) -> Notification:
    objective, severity = draw(objectives), draw(st.sampled_from(Severity))
    alert = st.builds(
        Alert, st.just(objective), dimensions, st.just(severity), pairs, ratios, ratios,
        moments, maybe,
    )  # fmt: skip
    alerts = tuple(draw(st.lists(alert, min_size=1, max_size=3)))
    flags = {name: draw(st.booleans()) for name in ("repeated", "late_detection", "without_memory", "edit_only")}
    return Notification(
        draw(names), alerts, draw(moments), draw(st.none() | accounts), draw(st.none() | st.sampled_from(Severity)),
        draw(counts), draw(facts),
        delivered_at=draw(st.none() | moments), presence=draw(st.none() | st.sampled_from(Presence)), **flags,
    )  # fmt: skip


notices = st.builds(Notice, names, st.sampled_from(Severity), names, st.text(), moments, st.booleans())


@settings(max_examples=40, deadline=None)
@given(notifications() | notices)
def test_every_message_comes_back_equal(message: Notification | Notice) -> None:
    text = notification_json.dumps(message)
    assert notification_json.loads(text) == message
    assert text.isascii()


def _notice() -> str:
    return notification_json.dumps(Notice("n1", Severity.PAGE, "blind", "text", datetime(2026, 11, 21, tzinfo=UTC)))


def test_a_decimal_keeps_every_digit() -> None:
    pair = WindowPair(Severity.PAGE, 300, 60, Decimal("14.400"))
    objective = Objective("o", Sli(Indicator.LATENCY, threshold_ms=15_000), Decimal("0.950"), (pair,))
    alert = Alert(objective, Dimension("c", "p", "m"), Severity.PAGE, pair, Ratio(5, 9), Ratio(1, 2), datetime.now(UTC))
    back = notification_json.loads(notification_json.dumps(Notification("n", (alert,), alert.at)))
    assert isinstance(back, Notification)
    assert str(back.alerts[0].pair.burn_rate) == "14.400"


def test_a_field_of_a_newer_version_is_ignored() -> None:
    newer = {**json.loads(_notice()), "colour": "red"}
    assert notification_json.loads(json.dumps(newer)) == notification_json.loads(_notice())


def test_an_entry_of_an_older_version_has_what_it_did_not_know_by_default() -> None:
    older = json.loads(notification_json.dumps(notification(account=account(), unseen=3)))
    for name in ("account", "to", "unseen", "edit_only"):
        del older[name]
    assert notification_json.loads(json.dumps(older)) == notification()


def test_an_account_of_an_older_version_has_what_it_did_not_know_by_default() -> None:
    older = json.loads(notification_json.dumps(notification(account=account())))
    for name in ("resolved_at", "burn_rate", "extent"):
        del older["account"][name]
    assert notification_json.loads(json.dumps(older)) == notification(account=account())


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"kind": "letter"}', '{"kind": "notice"}', _notice().replace('"n1"', "7"),
     _notice().replace("page", "shout"), _notice().replace("2026", "never")],
)  # fmt: skip
def test_what_is_not_a_message_is_refused_in_one_way(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        notification_json.loads(text)
