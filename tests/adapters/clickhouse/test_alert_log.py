"""The alert history read for people, on the real engine."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from o11y.adapters.clickhouse.alert_log import ClickHouseAlertLog
from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.alerting.incident import Thread
from o11y.slo.dimension import Dimension
from o11y.slo.windows import Severity
from o11y.worker.alert_log import AlertLog
from o11y.worker.log_request import after_incident, after_row, incident_mark, row_mark
from o11y.worker.ports import BatchKind
from o11y.worker.ports.alert_log import LogQuestion, Standing
from tests.adapters.clickhouse.rows import batch, history_row, iso

AT = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
NOVEMBER = LogQuestion(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))

Row = dict[str, Any]


def row(transition: str, minutes: float = 0, *, recorded: float | None = None, **changes: Any) -> Row:
    at = AT + timedelta(minutes=minutes)
    written = at if recorded is None else AT + timedelta(minutes=recorded)
    return history_row(at, transition=transition, recorded_at=iso(written), **changes)


def story(incident: str, *, days: float = 0, **changes: Any) -> list[Row]:
    """Fired, told, acknowledged after five minutes by Ann, over after twenty."""
    start = days * 1_440
    return [
        row("fired", start, incident_id=incident, reason="", **changes),
        row("notified", start, recorded=start + 0.5, incident_id=incident, slack="C01/1700000000.000100", **changes),
        row("acknowledged", start, recorded=start + 5.5, incident_id=incident, reason="by Ann", **changes),
        row("resolved", start + 20, incident_id=incident, reason="not firing", **changes),
    ]


async def kept(ch: ClickHouse, rows: Sequence[Row]) -> ClickHouseAlertLog:
    await migrate(ch, keep_forever=True)
    await ClickHouseEvents(ch).insert(batch(list(rows), kind=BatchKind.HISTORY))
    return ClickHouseAlertLog(ch)


def test_an_incident_is_told_from_its_beginning_to_its_end(either: ClickHouse) -> None:
    async def ask() -> None:
        log = AlertLog(await kept(either, story("i-1")), monotonic=time.monotonic)
        page = await log.page(NOVEMBER)
        (found,) = page.incidents
        assert (found.incident_id, found.severity, found.standing) == ("i-1", Severity.PAGE, Standing.RESOLVED)
        assert (found.opened_at, found.ended_at) == (AT, AT + timedelta(minutes=20))
        assert (found.objectives, found.alerts, found.peak, found.reopened) == (("error-rate",), 1, 500, 0)
        assert found.dimensions == (Dimension("gateway", "vendor", "vendor/model"),)
        assert found.paged_at == AT + timedelta(seconds=30)
        assert (found.acknowledged_at, found.acknowledged_by) == (AT + timedelta(minutes=5.5), "Ann")
        assert found.slack == Thread("C01", "1700000000.000100")
        assert page.after is None
        steps = page.steps["i-1"]
        assert [(step.transition, step.at, step.reason) for step in steps] == [
            ("fired", AT, ""),
            ("notified", AT + timedelta(seconds=30), ""),
            ("acknowledged", AT + timedelta(minutes=5.5), "by Ann"),
            ("resolved", AT + timedelta(minutes=20), "not firing"),
        ]
        summary = await log.on_call(NOVEMBER, now=NOVEMBER.until)
        assert (summary.pages, summary.acknowledged, summary.answer_s, summary.resolve_s) == (1, 1, 300, 1_200)

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("rows", "standing"),
    [
        ([row("fired")], Standing.FIRING),
        ([row("fired"), row("no_data", 5)], Standing.NO_DATA),
        ([row("fired"), row("no_data", 5), row("expired", 9)], Standing.EXPIRED),
        ([row("fired"), row("resolved", 5), row("reopened", 9)], Standing.FIRING),
        ([row("fired"), row("resolved", 5), row("reopened", 9), row("resolved", 12)], Standing.RESOLVED),
    ],
)
def test_how_an_incident_stands_is_what_happened_to_it_last(
    embedded: ClickHouse, rows: list[Row], standing: Standing
) -> None:
    async def ask() -> None:
        log = await kept(embedded, rows)
        (found,) = await log.incidents(NOVEMBER, after=None, most=10)
        assert found.standing is standing
        assert (found.ended_at is None) is (standing in (Standing.FIRING, Standing.NO_DATA))
        assert found.paged_at is None
        assert found.slack is None

    asyncio.run(ask())


def test_steps_of_many_alerts_at_one_moment_are_one_with_their_number(embedded: ClickHouse) -> None:
    many = [row("fired", key=f"{n:032}", model=f"m-{n:02}", burn_rate_long=float(n)) for n in range(12)]

    async def ask() -> None:
        log = await kept(embedded, [*many, row("fired", severity="ticket", key="t", model="quiet")])
        (found,) = await log.incidents(NOVEMBER, after=None, most=10)
        assert (found.alerts, len(found.dimensions), found.severity) == (13, 6, Severity.PAGE)
        page, ticket = await log.steps([found], most_of_each=10)
        assert (page.alerts, len(page.dimensions), page.peak) == (12, 6, 11)
        assert (ticket.severity, ticket.alerts) == ("ticket", 1)
        assert len(await log.steps([found], most_of_each=1)) == 1

    asyncio.run(ask())


def test_a_ticket_beside_a_page_did_not_page(embedded: ClickHouse) -> None:
    rows = [
        row("fired", key="p"),
        row("joined", key="t", severity="ticket", objective="client-error-rate"),
        row("inhibited", key="h", objective="provider-error-rate"),
        row("notified", recorded=1, key="p"),
    ]

    async def ask() -> None:
        log = await kept(embedded, rows)
        (found,) = await log.incidents(NOVEMBER, after=None, most=10)
        assert found.objectives == ("client-error-rate", "error-rate", "provider-error-rate")
        assert found.paging == ("error-rate",)
        (noise,) = (await AlertLog(log, monotonic=time.monotonic).on_call(NOVEMBER, now=NOVEMBER.until)).noisiest
        assert noise.objective == "error-rate"

    asyncio.run(ask())


def test_an_incident_is_acknowledged_once_whatever_its_alerts_are(embedded: ClickHouse) -> None:
    told = [row("acknowledged", recorded=5, key=severity, severity=severity) for severity in ("page", "ticket")]

    async def ask() -> None:
        log = await kept(embedded, [row("fired"), *told])
        (found,) = await log.incidents(NOVEMBER, after=None, most=10)
        _, answer = await log.steps([found], most_of_each=10)
        assert (answer.transition, answer.severity, answer.alerts) == ("acknowledged", "page", 2)

    asyncio.run(ask())


def test_questions_narrow_what_is_found(embedded: ClickHouse) -> None:
    rows = [
        *story("i-1"),
        *story("i-2", days=1, severity="ticket", client="other", objective="p90"),
        *story("i-3", days=2, provider="elsewhere", model="it's {a:String}: 日本語"),
        *story("i-4", days=40),
        row("fired", 9, incident_id=""),
    ]

    async def ask() -> None:
        log = await kept(embedded, rows)

        async def found(**asked: str) -> list[str]:
            question = LogQuestion(NOVEMBER.since, NOVEMBER.until, **asked)
            incidents = [one.incident_id for one in await log.incidents(question, after=None, most=10)]
            by_row = {one.incident_id for one in await log.transitions(question, after=None, most=100)}
            assert by_row - {""} == set(incidents), "both ways find the same"
            return incidents

        assert await found() == ["i-3", "i-2", "i-1"]
        assert await found(severity="ticket") == ["i-2"]
        assert await found(client="other", objective="p90") == ["i-2"]
        assert await found(model="it's {a:String}: 日本語") == ["i-3"]
        assert await found(provider="elsewhere", transition="resolved") == ["i-3"]
        assert await found(transition="escalated") == []
        assert await found(incident="i-1") == ["i-1"]
        assert await found(client="' OR 1 = 1 --") == []

    asyncio.run(ask())


def test_pages_of_incidents_follow_each_other_without_a_gap(embedded: ClickHouse) -> None:
    same_minute = [row("fired", incident_id=f"i-{n:03}") for n in range(60)]

    async def ask() -> None:
        log, seen, after = AlertLog(await kept(embedded, same_minute), monotonic=time.monotonic), [], None
        for _ in range(3):
            page = await log.page(NOVEMBER, after=after)
            seen += [one.incident_id for one in page.incidents]
            after = None if page.after is None else after_incident(incident_mark(page.after))
        assert after is None
        assert seen == [f"i-{n:03}" for n in reversed(range(60))]

    asyncio.run(ask())


def test_pages_of_rows_follow_each_other_although_many_share_minute_and_key(embedded: ClickHouse) -> None:
    rows = [row(word, recorded=n / 1_000, notification_id=f"n-{n}") for n in range(9) for word in ("fired", "notified")]

    async def ask() -> None:
        log, seen, after = AlertLog(await kept(embedded, rows), monotonic=time.monotonic), [], None
        for _ in range(4):
            some, mark = await log.transitions(NOVEMBER, after=after, most=5)
            seen += [(one.notification_id, one.transition) for one in some]
            after = None if mark is None else after_row(row_mark(mark))
        assert after is None
        assert len(seen) == len(set(seen)) == 18

    asyncio.run(ask())


def test_a_row_has_everything_that_was_written(embedded: ClickHouse) -> None:
    async def ask() -> None:
        log = await kept(embedded, [row("notified", recorded=1, scope="provider", client="", model="", slack="C/1.2")])
        (found,) = await log.transitions(NOVEMBER, after=None, most=10)
        assert (found.at, found.recorded_at) == (AT, AT + timedelta(minutes=1))
        assert found.dimension == Dimension(None, "vendor", None)
        assert (found.bad, found.valid, found.burn_rate, found.burn_rate_threshold) == (50, 100, 500, 14.4)
        assert (found.notification_id, found.incident_id, found.slack) == ("n-1", "i-1", Thread("C", "1.2"))

    asyncio.run(ask())


def test_an_incident_that_goes_beyond_a_month_is_told_whole_in_both(embedded: ClickHouse) -> None:
    days = (datetime(2026, 12, 1, tzinfo=UTC) - AT) / timedelta(minutes=1)

    async def ask() -> None:
        log = await kept(embedded, [row("fired", days - 30), row("resolved", days + 30)])
        december = LogQuestion(NOVEMBER.until, NOVEMBER.until + timedelta(days=31))
        both = [await log.incidents(month, after=None, most=9) for month in (NOVEMBER, december)]
        assert both[0] == both[1]
        assert both[0][0].ended_at == NOVEMBER.until + timedelta(minutes=30)

    asyncio.run(ask())
