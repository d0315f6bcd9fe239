"""What is missing, from seven days of events to the verdict, by the statements of a tick."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from o11y.adapters.clickhouse.baselines import ClickHouseBaselines
from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.counts import ClickHouseCounts
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.adapters.clickhouse.migrations import migrate
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evidence import Evidence
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, Sli
from o11y.slo.usual_traffic import DAYS
from o11y.worker.traffic_watch import TrafficWatch
from tests.adapters.clickhouse.rows import batch, event_row
from tests.builders import objective, pair

UNTIL = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOURLY = 20  # requests in ten minutes

STEADY = Dimension("web", "openai", "steady")
MOVED_FROM, MOVED_TO = Dimension("web", "openai", "moved"), Dimension("web", "azure", "moved")
SILENT = Dimension("app", "openai", "steady")
RARE = Dimension("rare", "openai", "steady")


def drop(scope: Scope) -> Objective:
    return objective(
        name=f"drop-{scope}",
        sli=Sli(Indicator.TRAFFIC, per=scope),
        scope=scope,
        target=Decimal("0.05"),
        pairs=(pair(long_s=600, short_s=300, burn_rate=1),),
        evidence=Evidence(min_volume=60),
    )


def requests(where: Dimension, end: datetime, number: int = HOURLY, **changes: Any) -> list[dict[str, Any]]:
    """Evenly over the ten minutes before ``end``."""
    names = {"client_name": where.client, "provider": where.provider, "resolved_model": where.model}
    return [event_row(end - timedelta(seconds=600 * n // number + 5), **names, **changes) for n in range(number)]


async def stored(ch: ClickHouse) -> None:
    await migrate(ch, keep_forever=True)
    for day in range(1, DAYS + 1):
        end = UNTIL - timedelta(days=day)
        usual = [row for where in (STEADY, MOVED_FROM, SILENT) for row in requests(where, end)]
        await ClickHouseEvents(ch).insert(batch([*usual, *requests(RARE, end, 4)], f"day-{day}"))
    today = [*requests(STEADY, UNTIL), *requests(MOVED_TO, UNTIL), *requests(SILENT, UNTIL, user_byok=True)]
    await ClickHouseEvents(ch).insert(batch(today, "today"))


def test_who_is_silent_is_told_from_who_moved_and_from_who_never_says_much(either: ClickHouse) -> None:
    watch = TrafficWatch(
        [drop(scope) for scope in Scope],
        counts=ClickHouseCounts(either),
        baselines=ClickHouseBaselines(either),
    )

    async def ask() -> Counts:
        await stored(either)
        return await watch.missing(UNTIL)

    missing = asyncio.run(ask())
    assert {(verdict.objective.scope, verdict.dimension) for verdict in watch.breaches(missing)} == {
        (Scope.MODEL, MOVED_FROM),
        (Scope.MODEL, SILENT),
        (Scope.CLIENT, Dimension("app", None, None)),
    }
    model = Sli(Indicator.TRAFFIC)
    assert {where: by_sli[model][600] for where, by_sli in missing.items()} == {
        STEADY: Ratio(0, HOURLY),
        MOVED_FROM: Ratio(HOURLY, HOURLY),
        SILENT: Ratio(HOURLY, HOURLY),
        RARE: Ratio(4, 4),
    }


def test_a_question_about_one_dimension_is_answered_from_that_alone(embedded: ClickHouse) -> None:
    watch = TrafficWatch(
        [drop(Scope.MODEL)], counts=ClickHouseCounts(embedded), baselines=ClickHouseBaselines(embedded)
    )

    async def ask(where: Dimension) -> Counts:
        return await watch.missing(UNTIL, only=where)

    asyncio.run(stored(embedded))
    assert {where: set(by_sli) for where, by_sli in asyncio.run(ask(SILENT)).items()} == {
        SILENT: {Sli(Indicator.TRAFFIC)}
    }
    assert asyncio.run(ask(MOVED_TO)) == {}
