import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from o11y.adapters.clickhouse.bands import EXACT_UP_TO_S
from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.colour import ClickHouseColour
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.alerting.notification import NO_FACTS, Facts
from o11y.slo.counts import NOTHING, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.sli import Indicator, Sli
from tests.adapters.clickhouse.rows import batch, event_row
from tests.builders import NOW, alert, latency, objective, pair

MODEL = "it's {a:String}: 日本語"


def rows() -> list[dict[str, Any]]:
    """Four bad among ten valid in the last 5 min, and beside them what must not be counted."""
    just = NOW - timedelta(seconds=30)
    bad = [(500, "north"), (500, "north"), (529, "south"), (503, "")]
    good = [200] * 6
    return [
        *(event_row(just, resolved_model=MODEL, status_code=code, inference_provider=where) for code, where in bad),
        *(event_row(just, resolved_model=MODEL, status_code=code, complete_request_ms=1_000) for code in good),
        event_row(just, resolved_model=MODEL, status_code=499),
        event_row(just, resolved_model=MODEL, status_code=500, user_byok=True),
        event_row(just, resolved_model="another", status_code=504, provider="elsewhere"),
        event_row(NOW - timedelta(days=3), resolved_model=MODEL, status_code=500),
        event_row(NOW - timedelta(days=40), resolved_model=MODEL, status_code=500),
    ]


def facts_of(ch: ClickHouse, told: Any) -> Facts:
    async def ask() -> Facts:
        await migrate(ch, keep_forever=True)
        await ClickHouseEvents(ch).insert(batch(rows()))
        return await ClickHouseColour(ch).colour(told, until=NOW)

    return asyncio.run(ask())


def test_the_facts_are_of_the_bad_events_of_the_dimension_alone(either: ClickHouse) -> None:
    facts = facts_of(either, alert(dimension=Dimension("gateway", "vendor", MODEL)))
    assert facts == Facts(
        status_codes=(("500", 2), ("503", 1), ("529", 1)),
        inference_providers=(("north", 2), ("south", 1)),
        budget_bad=5,
        budget_valid=11,
    )


def test_the_facts_of_an_aggregate_are_of_everything_in_it(embedded: ClickHouse) -> None:
    everything = objective(scope=Scope.ALL)
    facts = facts_of(embedded, alert(objective=everything, dimension=Dimension(None, None, None)))
    assert dict(facts.status_codes) == {"500": 2, "503": 1, "504": 1, "529": 1}
    assert facts.budget_bad == 6


def test_a_provider_has_its_own_facts(embedded: ClickHouse) -> None:
    per_provider = objective(scope=Scope.PROVIDER)
    facts = facts_of(embedded, alert(objective=per_provider, dimension=Dimension(None, "elsewhere", None)))
    assert facts.status_codes == (("504", 1),)
    assert (facts.budget_bad, facts.budget_valid) == (1, 1)


def test_a_client_has_its_own_facts(embedded: ClickHouse) -> None:
    per_client = objective(scope=Scope.CLIENT)
    facts = facts_of(embedded, alert(objective=per_client, dimension=Dimension("gateway", None, None)))
    assert facts.budget_bad == 6


def test_a_latency_alert_tells_the_measured_percentile_of_valid_requests(either: ClickHouse) -> None:
    slow = objective(name="p50", sli=latency(750), target="0.5", pairs=(pair(burn_rate="1.9"),))
    facts = facts_of(either, alert(objective=slow, pair=slow.pairs[0], dimension=Dimension("gateway", "vendor", MODEL)))
    assert facts.quantile_ms == 1_000
    assert facts.status_codes == (("200", 6),)


def test_a_dimension_without_events_has_empty_facts(either: ClickHouse) -> None:
    slow = objective(name="p50", sli=latency(750), target="0.5", pairs=(pair(burn_rate="1.9"),))
    facts = facts_of(
        either, alert(objective=slow, pair=slow.pairs[0], dimension=Dimension("gateway", "vendor", "unheard of"))
    )
    assert facts == Facts(budget_bad=0, budget_valid=0)


def test_the_budget_ends_where_the_windows_end(embedded: ClickHouse) -> None:
    within, beyond = NOW + timedelta(minutes=5), NOW + timedelta(minutes=10)
    until = NOW + timedelta(minutes=7, seconds=30)

    async def ask() -> Facts:
        await migrate(embedded, keep_forever=True)
        events = [event_row(at, resolved_model=MODEL, status_code=500) for at in (within, until, beyond)]
        await ClickHouseEvents(embedded).insert(batch(events))
        told = alert(dimension=Dimension("gateway", "vendor", MODEL), at=until)
        return await ClickHouseColour(embedded).colour(told, until=until)

    facts = asyncio.run(ask())
    assert (facts.budget_bad, facts.budget_valid) == (1, 1)


def spread(seconds: int) -> list[dict[str, Any]]:
    """Every 7 s one event, of every third of them bad, before the end of the windows and a little after."""
    ends = UNTIL + timedelta(seconds=60)
    return [
        event_row(
            ends - timedelta(seconds=7 * number, milliseconds=number % 1_000),
            resolved_model=MODEL if number % 2 else "another",
            status_code=(200, 503, 404)[number % 3],
            user_byok=number % 11 == 0,
            complete_request_ms=500 + number * 37 % 600,
        )
        for number in range((seconds + 660) // 7)
    ]


UNTIL = NOW + timedelta(minutes=3, seconds=20)
IN_FORCE = [
    (objective(), lambda row: row["status_code"] != 404, lambda row: row["status_code"] == 503),
    (
        objective(name="slow", sli=latency(750)),
        lambda row: row["status_code"] == 200,
        lambda row: row["complete_request_ms"] > 750,
    ),
]


@pytest.mark.parametrize("seconds", [10, 300, 5_430, 86_400, 95_400])
@pytest.mark.parametrize("place", [Dimension("gateway", "vendor", MODEL), Dimension(None, "vendor", None)], ids=str)
def test_what_was_bad_between_two_times_is_what_a_recount_of_the_events_finds(
    embedded: ClickHouse, seconds: int, place: Dimension
) -> None:
    """Of a short time to 10 s; what began longer ago, from the 5 minutes in which it began."""
    sent = spread(seconds)
    since = UNTIL - timedelta(seconds=seconds)
    begins = since if seconds <= EXACT_UP_TO_S else since - timedelta(seconds=since.timestamp() % 300)

    async def check() -> None:
        await migrate(embedded, keep_forever=True)
        await ClickHouseEvents(embedded).insert(batch(sent))
        within = [
            row
            for row in sent
            if begins <= datetime.fromisoformat(row["event_time"]) < UNTIL
            and not row["user_byok"]
            and place.model in (None, row["resolved_model"])
        ]
        for one, is_valid, is_bad in IN_FORCE:
            valid = [row for row in within if is_valid(row)]
            found = await ClickHouseColour(embedded).bad_between(
                alert(objective=one, dimension=place), since=since, until=UNTIL
            )
            assert found == Ratio(sum(map(is_bad, valid)), len(valid))
            assert found.bad or seconds < 300

    asyncio.run(check())


def test_nothing_was_bad_where_there_was_nothing(either: ClickHouse) -> None:
    async def check() -> None:
        await migrate(either, keep_forever=True)
        colour = ClickHouseColour(either)
        assert await colour.bad_between(alert(), since=NOW - timedelta(hours=3), until=NOW) == Ratio(0, 0)
        assert await colour.bad_between(alert(), since=NOW, until=NOW) == Ratio(0, 0)

    asyncio.run(check())


def test_requests_that_did_not_come_have_no_facts_and_nothing_is_asked(embedded: ClickHouse) -> None:
    sli = Sli(Indicator.TRAFFIC)
    missing = alert(objective=objective(sli=sli, target="0.05", pairs=(pair(burn_rate=1),)), pair=pair(burn_rate=1))
    assert facts_of(embedded, missing) == NO_FACTS
    between = ClickHouseColour(embedded).bad_between(missing, since=NOW - timedelta(hours=1), until=NOW)
    assert asyncio.run(between) == NOTHING
