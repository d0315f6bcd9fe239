"""What the alert history still knows of incidents, asked of the real engine."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.history import ClickHouseHistory
from o11y.adapters.clickhouse.migrations import migrate
from o11y.alerting.incident import Change, Incident, Level, Member, Phase
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity
from o11y.worker.ports import BatchKind
from tests.adapters.clickhouse.rows import batch, history_row, iso
from tests.builders import NOW, PAGE_5M

DAY = timedelta(days=1)
PAGE, TICKET = {"severity": "page"}, {"severity": "ticket", "long_window_s": 21_600, "short_window_s": 1_800}


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def row(minutes_ago: float, transition: str, **changes: Any) -> dict[str, Any]:
    """Of the incident "i-1" and its one alert, recorded two seconds later."""
    at = ago(minutes_ago)
    return history_row(at, transition=transition, **{"recorded_at": iso(at + timedelta(seconds=2)), **changes})


def known(ch: ClickHouse, rows: Sequence[dict[str, Any]], *, since: datetime = NOW - DAY) -> list[Incident]:
    async def ask() -> list[Incident]:
        await migrate(ch, keep_forever=True)
        await ClickHouseEvents(ch).insert(batch(list(rows), "h-1", BatchKind.HISTORY))
        return list(await ClickHouseHistory(ch).incidents_since(since))

    return asyncio.run(ask())


def one(ch: ClickHouse, *rows: dict[str, Any]) -> Incident:
    (incident,) = known(ch, rows)
    return incident


def test_nothing_is_known_where_nothing_was_written(either: ClickHouse) -> None:
    async def ask() -> Sequence[Incident]:
        await migrate(either)
        return await ClickHouseHistory(either).incidents_since(NOW - DAY)

    assert asyncio.run(ask()) == []


def test_an_open_incident_is_known_as_it_was_told(either: ClickHouse) -> None:
    counts = {"valid": 200, "bad": 150, "short_valid": 40, "short_bad": 39, "burn_rate_long": 750.0}
    found = one(
        either,
        row(30, "fired", burn_rate_long=500.0),
        row(30, "notified", burn_rate_long=500.0),
        row(15, "reminded", **counts),
        row(15, "notified", **counts),
    )
    assert found == Incident(
        incident_id="i-1",
        cause=found.cause,
        members=(
            Member(
                key="0" * 32,
                objective="error-rate",
                dimension=Dimension("gateway", "vendor", "vendor/model"),
                severity=Severity.PAGE,
                pair=PAGE_5M,
                long=Ratio(150, 200),
                short=Ratio(39, 40),
                since=ago(30),
                fired_at=ago(15),
                burn_rate=Decimal("750.0"),
                peak=Decimal("750.0"),
                data_at=ago(15),
                told=Severity.PAGE,
            ),
        ),
        opened_at=ago(30),
        evaluated_at=ago(15),
        told=found.told,
        level=Level(ago(15), Decimal("750.0")),
    )
    assert (found.cause.shared, found.cause.indicator) == (found.members[0].dimension, Indicator.ERROR_RATE)
    assert found.told is not None
    assert (found.told.change, found.told.at, found.told.urged_at) == (Change.FIRED, ago(15), ago(15))
    assert (found.told.severity, found.told.firing, found.told.burn_rate) == (Severity.PAGE, 1, Decimal("750.0"))


def test_the_worst_rate_is_remembered_when_it_has_fallen(embedded: ClickHouse) -> None:
    found = one(embedded, row(30, "fired", burn_rate_long=900.0), row(10, "improved", burn_rate_long=20.0))
    assert (found.peak, found.members[0].burn_rate) == (Decimal(900), Decimal(20))


# ---------------------------------------------------------------- where it stood


@pytest.mark.parametrize(
    ("story", "phase"),
    [
        (["fired", "notified"], Phase.FIRING),
        (["fired", "notified", "resolved"], Phase.RESOLVED),
        (["fired", "notified", "resolved", "notified"], Phase.RESOLVED),
        (["fired", "notified", "expired"], Phase.RESOLVED),
        (["fired", "notified", "no_data"], Phase.NO_DATA),
        (["fired", "notified", "no_data", "resolved"], Phase.RESOLVED),
        (["fired", "notified", "no_data", "expired", "notified"], Phase.RESOLVED),
        (["fired", "notified", "no_data", "reopened"], Phase.FIRING),
        (["fired", "notified", "resolved", "reopened"], Phase.FIRING),
        (["fired", "notified", "resolved", "reopened", "resolved"], Phase.RESOLVED),
        (["fired", "notified", "escalated", "worsened", "reminded", "acknowledged"], Phase.FIRING),
        (["fired", "resolved", "undeliverable", "superseded"], Phase.RESOLVED),
    ],
    ids=" ".join,
)
def test_it_stands_where_its_last_transition_left_it(embedded: ClickHouse, story: list[str], phase: Phase) -> None:
    rows = [row(60 - 5 * number, transition) for number, transition in enumerate(story)]
    found = one(embedded, *rows)
    assert found.phase is phase
    ended = [ago(60 - 5 * number) for number, word in enumerate(story) if word in ("resolved", "expired")]
    assert found.resolved_at == (ended[-1] if phase is Phase.RESOLVED else None)
    assert (found.no_data_since is not None) == (phase is Phase.NO_DATA)


def test_two_incidents_of_one_alert_are_two(embedded: ClickHouse) -> None:
    first = [row(200, "fired"), row(200, "notified"), row(180, "resolved")]
    second = [row(30, word, incident_id="i-2") for word in ("fired", "notified")]
    found = {incident.incident_id: incident for incident in known(embedded, [*first, *second])}
    assert {identity: incident.phase for identity, incident in found.items()} == {
        "i-1": Phase.RESOLVED,
        "i-2": Phase.FIRING,
    }
    assert found["i-2"].opened_at == ago(30)


def test_an_incident_of_days_is_known_from_its_beginning_as_long_as_there_is_news_of_it(embedded: ClickHouse) -> None:
    quiet = row(3_000, "joined", key="k-2", model="second")
    found = one(embedded, row(3_000, "fired"), row(3_000, "notified"), quiet, row(20, "reminded"), row(20, "notified"))
    assert found.opened_at == ago(3_000)
    assert {member.key: member.told for member in found.members} == {"0" * 32: Severity.PAGE, "k-2": Severity.PAGE}


def test_what_has_had_no_news_and_what_is_of_no_incident_is_left_out(embedded: ClickHouse) -> None:
    rows = [row(1_500, "fired"), row(1_500, "notified"), row(10, "notified", incident_id="")]
    assert known(embedded, rows) == []
    assert len(known(embedded, rows, since=ago(1_501))) == 1


def test_news_that_were_recorded_late_are_news(embedded: ClickHouse) -> None:
    """Slack was away, or the spool waited for ClickHouse."""
    late = row(1_500, "notified", recorded_at=iso(ago(60)))
    assert one(embedded, row(1_500, "fired"), late).told is not None


# ---------------------------------------------------------------- what was told


def told_as(ch: ClickHouse, *rows: dict[str, Any]) -> Severity | None:
    (member,) = one(ch, *rows).members
    return member.told


def test_what_was_found_and_never_told_is_known_as_untold(embedded: ClickHouse) -> None:
    found = one(embedded, row(1, "fired", **TICKET))
    assert (found.told, found.members[0].told) == (None, None)


def test_a_ticket_is_told_when_it_has_waited(embedded: ClickHouse) -> None:
    assert told_as(embedded, row(9, "fired", **TICKET), row(7, "notified", **TICKET)) is Severity.TICKET


def test_a_message_tells_of_every_alert_that_was_there_and_of_none_that_joined_since(embedded: ClickHouse) -> None:
    found = one(
        embedded,
        *(row(30, "fired", key=f"k-{number}", model=f"m-{number}") for number in range(3)),
        row(30, "notified", key="k-1", model="m-1"),
        row(20, "joined", key="k-4", model="m-4"),
    )
    told = {member.key: member.told for member in found.members}
    assert told == {"k-0": Severity.PAGE, "k-1": Severity.PAGE, "k-2": Severity.PAGE, "k-4": None}


def test_a_ticket_whose_rise_was_not_told_is_known_as_a_ticket_that_was(embedded: ClickHouse) -> None:
    as_ticket = [row(30, word, **TICKET) for word in ("fired", "notified")]
    found = one(embedded, *as_ticket, row(10, "escalated", **PAGE))
    (member,) = found.members
    assert (member.severity, member.told) == (Severity.PAGE, Severity.TICKET)
    assert found.told is not None
    assert found.told.severity is Severity.TICKET


def test_and_when_it_was_as_a_page(embedded: ClickHouse) -> None:
    as_ticket = [row(30, word, **TICKET) for word in ("fired", "notified")]
    assert told_as(embedded, *as_ticket, row(10, "escalated"), row(10, "notified")) is Severity.PAGE


def test_what_was_silenced_from_its_beginning_was_not_told_with_the_others(embedded: ClickHouse) -> None:
    silent = {"key": "k-2", "model": "m-2"}
    rows = [row(30, "fired"), row(30, "notified"), row(30, "fired", **silent), row(30, "silenced", **silent)]
    told = {member.key: member.told for member in one(embedded, *rows, row(15, "notified")).members}
    assert told == {"0" * 32: Severity.PAGE, "k-2": None}


def test_what_was_silenced_later_or_is_so_no_more_was_told(embedded: ClickHouse) -> None:
    later, ended = {"key": "later", "model": "m-1"}, {"key": "ended", "model": "m-2"}
    found = one(
        embedded,
        row(30, "fired", **later),
        row(30, "notified", **later),
        row(20, "silenced", **later),
        row(30, "fired", **ended),
        row(30, "cooldown", **ended),
        row(18, "unmuted", **ended),
        row(18, "notified", **ended),
    )
    assert {member.key: member.told for member in found.members} == {"later": Severity.PAGE, "ended": Severity.PAGE}


def test_the_cooldown_begins_where_somebody_was_last_asked_to_act_not_at_the_end(embedded: ClickHouse) -> None:
    found = one(embedded, row(40, "fired"), row(40, "notified"), row(20, "resolved"), row(25, "notified"))
    assert found.told is not None
    assert found.told.urged_at == ago(40)


@pytest.mark.parametrize("why", ["its page is live", "its page has just ended"])
def test_a_part_that_another_spoke_for_is_one_and_the_ticket_of_a_page_is_no_member(
    embedded: ClickHouse, why: str
) -> None:
    part = row(25, "inhibited", key="part", model="part", reason="'provider vendor' is open and names it")
    held = row(20, "inhibited", reason=why, **TICKET)
    found = one(embedded, row(30, "fired"), row(30, "notified"), part, held)
    members = {member.key: member for member in found.members}
    assert {key: member.spoken_for for key, member in members.items()} == {"0" * 32: False, "part": True}
    assert members["0" * 32].severity is Severity.PAGE
    assert members["0" * 32].pair == PAGE_5M


# ---------------------------------------------------------------- what it is about


@pytest.mark.parametrize(
    ("scope", "names", "dimension"),
    [
        ("provider", {"client": "", "model": ""}, Dimension(None, "vendor", None)),
        ("client", {"provider": "", "model": ""}, Dimension("gateway", None, None)),
        ("all", {"client": "", "provider": "", "model": ""}, Dimension(None, None, None)),
        ("model", {"client": "*", "provider": "*", "model": "*"}, Dimension("*", "*", "*")),
    ],
)
def test_an_aggregate_is_told_from_a_model_by_its_scope(
    embedded: ClickHouse, scope: str, names: dict[str, str], dimension: Dimension
) -> None:
    found = one(embedded, row(5, "fired", scope=scope, **names))
    assert (found.members[0].dimension, found.cause.shared) == (dimension, dimension)


def test_the_cause_is_what_its_alerts_share(embedded: ClickHouse) -> None:
    models = [row(5, "fired", key=f"k-{name}", model=name) for name in ("m-1", "m-2")]
    provider = row(4, "joined", key="k-p", scope="provider", client="", model="")
    elsewhere = row(3, "joined", key="k-3", model="m-3", client="another")
    assert one(embedded, *models, provider, elsewhere).cause.shared == Dimension(None, "vendor", None)


def test_an_incident_in_words_of_a_newer_version_hides_no_other(
    embedded: ClickHouse, caplog: pytest.LogCaptureFixture
) -> None:
    odd = [row(5, "fired", incident_id="i-0", indicator="mood"), row(5, "fired", incident_id="i-9", severity="hymn")]
    with caplog.at_level(logging.ERROR):
        assert [incident.incident_id for incident in known(embedded, [*odd, row(5, "fired")])] == ["i-1"]
    assert [record.__dict__["id"] for record in caplog.records] == ["i-0", "i-9"]
