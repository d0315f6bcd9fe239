"""What incidents took from budgets, against a recount of the raw events."""

import asyncio
import time
from datetime import timedelta
from typing import Any

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.counts import ClickHouseCounts
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.adapters.clickhouse.spend import ClickHouseSpend
from o11y.alerting.key import alert_key
from o11y.slo.budget_report import Standing
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.status_class import status_class
from o11y.worker.budgets import Budgets, Spender, key_of
from o11y.worker.ports import BatchKind
from o11y.worker.ports.alert_log import Stretch
from tests.adapters.clickhouse.rows import batch, event_row, history_row, iso
from tests.builders import BAD, ERROR_RATE, EXCLUDED, NOW, dimension, latency, objective, pair

DAYS = timedelta(days=1)
MINUTES = timedelta(minutes=1)
MODEL = "it's {a:String}: 日本語"
HOSTILE = Dimension("gateway", "vendor", MODEL)
VENDOR = Dimension(None, "vendor", None)
PER_PROVIDER = objective(name="provider", scope=Scope.PROVIDER)
P50 = objective(name="p50", sli=latency(750), target="0.5", pairs=(pair(burn_rate="1.9"),))
OBJECTIVES = (objective(), PER_PROVIDER, P50)

Row = dict[str, Any]


def events() -> list[Row]:
    """Every half hour for 31 days, and every ten seconds of three bad stretches."""
    calm = [
        event_row(
            NOW - timedelta(minutes=30 * n + 7),
            resolved_model=MODEL,
            status_code=(503, 404)[n % 2] if n % 9 == 0 else 200,
        )
        for n in range(31 * 48)
    ]
    bad = [
        event_row(NOW - ago + timedelta(seconds=10 * n), resolved_model=MODEL, status_code=500 if n % 3 else 200)
        for ago in (20 * DAYS, 3 * DAYS + 7 * MINUTES, 2 * 60 * MINUTES)
        for n in range(90)
    ]
    beside = [event_row(NOW - 3 * DAYS, resolved_model="another", provider="elsewhere", status_code=500)] * 5
    own_key = [event_row(NOW - 3 * DAYS, resolved_model=MODEL, user_byok=True, status_code=500)] * 7
    return [
        {**row, "event_id": f"00000000-0000-7000-8000-{n:012}"}
        for n, row in enumerate([*calm, *bad, *beside, *own_key])
    ]


def recount(rows: list[Row], since: Any, until: Any) -> Ratio:
    """Of the error rate of the hostile model, from the events."""
    valid = bad = 0
    for row in rows:
        if row["resolved_model"] != MODEL or row["user_byok"] or not iso(since) <= row["event_time"] < iso(until):
            continue
        kind = status_class(row["status_code"])
        valid += kind not in EXCLUDED
        bad += kind in BAD
    return Ratio(bad, valid)


def episode(incident: str, began: timedelta, ended: timedelta | None, **changes: Any) -> list[Row]:
    named = {
        "incident_id": incident,
        "key": alert_key("error-rate", HOSTILE),
        "model": MODEL,
        **changes,
    }
    rows = [history_row(NOW - began, transition="fired", **named)]
    if ended is not None:
        rows.append(history_row(NOW - ended, transition="resolved", **named))
    return rows


HISTORY = [
    *episode("old", 40 * DAYS, 39 * DAYS),
    *episode("i-1", 20 * DAYS - 5 * MINUTES, 20 * DAYS - 25 * MINUTES),
    *episode("i-2", 3 * DAYS, 3 * DAYS - 20 * MINUTES),
    *episode("i-3", 3 * DAYS - 22 * MINUTES, 3 * DAYS - 30 * MINUTES, severity="ticket", long_window_s=21_600),
    *episode("i-4", 110 * MINUTES, None),
    *episode("else", DAYS, DAYS, key=alert_key("error-rate", dimension("another")), model="another"),
    # held back by the page of its part, and open as that is
    history_row(
        NOW - 110 * MINUTES,
        transition="inhibited",
        reason="part of it pages",
        incident_id="i-4",
        key=alert_key("provider", VENDOR),
        objective="provider",
        scope="provider",
        client="",
        model="",
    ),
]


async def budgets(ch: ClickHouse) -> Budgets:
    await migrate(ch, keep_forever=True)
    store = ClickHouseEvents(ch)
    await store.insert(batch(events(), "events"))
    await store.insert(batch(HISTORY, "history", BatchKind.HISTORY))
    return Budgets(
        objectives=lambda: OBJECTIVES,
        counts=ClickHouseCounts(ch),
        spend=ClickHouseSpend(ch),
        clock=lambda: NOW,
        monotonic=time.monotonic,
        lag_s=0,
    )


def standing_of(found: Any, name: str, where: Dimension) -> Standing:
    (row,) = [r for r in found.order if (found.objective(r).name, found.dimension(r)) == (name, where)]
    return found.standing(row)  # type: ignore[no-any-return]


def test_the_numbers_of_a_budget_are_those_of_the_events(either: ClickHouse) -> None:
    async def ask() -> None:
        found, rows = await (await budgets(either)).report(NOW), events()
        standing = standing_of(found, "error-rate", HOSTILE)
        assert standing.period == recount(rows, NOW - 30 * DAYS, NOW)
        assert standing.day == recount(rows, NOW - DAYS, NOW)
        assert standing.hour == recount(rows, NOW - 60 * MINUTES, NOW)
        steps = [recount(rows, NOW - 5 * n * DAYS, NOW - 5 * (n - 1) * DAYS) for n in range(6, 0, -1)]
        assert list(standing.steps) == steps
        vendor = standing_of(found, "provider", Dimension(None, "vendor", None))
        assert vendor.period == standing.period
        assert standing_of(found, "provider", Dimension(None, "elsewhere", None)).period == Ratio(5, 5)

    asyncio.run(ask())


def test_incidents_are_told_with_what_was_bad_in_them_and_nothing_is_counted_twice(either: ClickHouse) -> None:
    async def ask() -> None:
        use, rows = await budgets(either), events()
        found = await use.report(NOW)
        standing = standing_of(found, "error-rate", HOSTILE)
        told = (await use.spenders([standing], until=found.until))[key_of(standing)]
        assert [one.incident_id for one in told.told] == ["i-4", "i-2", "i-3", "i-1"]
        of: dict[str, Spender] = {one.incident_id: one for one in told.told}
        assert of["i-4"].counted == recount(rows, NOW - 115 * MINUTES, NOW)
        assert of["i-1"].counted == recount(rows, NOW - 20 * DAYS, NOW - 20 * DAYS + 25 * MINUTES)
        # the ticket's long window reaches back beyond the page, which is counted from where the ticket ended
        together = recount(rows, NOW - 3 * DAYS + 22 * MINUTES - 360 * MINUTES, NOW - 3 * DAYS + 30 * MINUTES)
        parts = [of[name].counted for name in ("i-2", "i-3")]
        assert parts[0] is not None
        assert parts[1] is not None
        assert parts[0] + parts[1] == together
        assert told.more == 0

    asyncio.run(ask())


def test_what_is_held_back_by_a_larger_cause_spends_while_that_is_open(either: ClickHouse) -> None:
    async def ask() -> None:
        use = await budgets(either)
        found = await use.report(NOW)
        standing = standing_of(found, "provider", VENDOR)
        (one,) = (await use.spenders([standing], until=found.until))[key_of(standing)].told
        assert (one.incident_id, one.ended_at) == ("i-4", None)
        assert one.counted == recount(events(), NOW - 115 * MINUTES, NOW)

    asyncio.run(ask())


def test_stretches_of_every_scope_are_counted_by_one_statement(either: ClickHouse) -> None:
    async def ask() -> None:
        await budgets(either)
        since, until = NOW - 4 * DAYS, NOW
        places = [
            (ERROR_RATE, HOSTILE),
            (ERROR_RATE, Dimension(None, "elsewhere", None)),
            (ERROR_RATE, Dimension("gateway", None, None)),
            (ERROR_RATE, Dimension(None, None, None)),
            (P50.sli, HOSTILE),
            (ERROR_RATE, dimension("never heard of")),
        ]
        asked = [Stretch(sli, where, since, until) for sli, where in places]
        own, elsewhere, client, everything, slow, never = await ClickHouseSpend(either).counted(asked)
        assert own == recount(events(), since, until)
        assert elsewhere == Ratio(5, 5)
        assert client == everything == own + elsewhere
        assert slow.bad == slow.valid > 0
        assert never == Ratio(0, 0)
        assert await ClickHouseSpend(either).counted([]) == []
        assert await ClickHouseSpend(either).episodes([], since=since, until=until, most=9) == []

    asyncio.run(ask())
