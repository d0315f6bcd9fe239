"""What the status page is told: of stores that answer, and of those that do not."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from o11y.adapters.clickhouse.client import Table
from o11y.app import Role
from o11y.commands.clock import utc_now
from o11y.commands.condition import condition_of
from o11y.metrics import Metrics
from o11y.settings import Settings
from o11y.slo.windows import Severity
from o11y.worker.condition import Condition
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.open_incidents import Known
from o11y.worker.ports import MemoryLost, StoreError
from o11y.worker.tick import Health
from tests.builders import NOW
from tests.fakes_spool import FakeSpool

SECRET = "hunter2-hunter2"
SERVERS = {"clickhouse_url": f"http://user:{SECRET}@db.internal:8123", "redis_url": f"redis://:{SECRET}@cache.internal"}


class Store:
    """ClickHouse and Redis in one, well or away."""

    def __init__(self, *, away: bool) -> None:
        self._away = away

    async def query(self, _: str, **__: object) -> Table:
        if self._away:
            raise StoreError("no answer within 2 s")
        return Table([["26.5.1.1"]])

    async def ping(self) -> None:
        await self.version()

    async def version(self) -> str:
        if self._away:
            raise MemoryLost("Redis does not answer (TimeoutError)")
        return "Valkey 9.1.2"


class OpenIncidents:
    """Two."""

    def __init__(self, *, away: bool) -> None:
        self._away = away

    async def look(self) -> Known:
        book: Any = SimpleNamespace(open=lambda: iter("ab"))
        return Known(book, not self._away, NOW, NOW)


def found(role: Role = Role.ALL, *, away: bool = False, **settings: Any) -> Condition:
    metrics, store = Metrics(), Store(away=away)
    metrics.ticks.labels("done").inc(3)
    metrics.tick_seconds.observe(0.2)
    metrics.tick_seconds.observe(0.4)
    metrics.outbox.set(2)
    metrics.spool_limit_bytes.set(1_000)
    ticker = SimpleNamespace(
        health=Health(last_minute=NOW, last_took_s=0.4),
        replica="vm-1",
    )
    stores = SimpleNamespace(spool=FakeSpool(), clickhouse=store, redis=store)
    delivery = SimpleNamespace(failing_since={Severity.PAGE: NOW})
    worker: Any = SimpleNamespace(
        stores=stores, metrics=metrics, ticker=ticker, delivery=delivery, open_incidents=OpenIncidents(away=away)
    )
    live: Any = SimpleNamespace(settings=Settings(**settings))
    watch: Any = SimpleNamespace(troubles=[])
    ask = condition_of(live, worker, role=role, watch=watch, limit=DimensionLimit(), started_at=utc_now())
    return asyncio.run(ask())


def test_versions_and_places_are_told_and_never_an_address_or_a_secret() -> None:
    condition = found(**SERVERS)
    assert [(store.place, store.version) for store in condition.stores] == [
        ("server", "ClickHouse 26.5.1.1"),
        ("server", "Valkey 9.1.2"),
    ]
    assert {store.place for store in found().stores} == {"embedded"}
    assert SECRET not in repr(condition)
    assert "internal" not in repr(condition)


def test_stores_that_are_away_say_why_and_hold_nothing_up() -> None:
    condition = found(away=True)
    assert [store.version for store in condition.stores] == [None, None]
    assert [store.problem for store in condition.stores] == [
        "no answer within 2 s",
        "Redis does not answer (TimeoutError)",
    ]
    assert not condition.well
    assert (condition.incidents, condition.incidents_fresh, condition.incidents_as_of) == (2, False, NOW)


def test_times_and_counts_come_from_what_is_counted_anyway() -> None:
    condition = found()
    assert condition.tick is not None
    assert (condition.tick.took_s, condition.tick.outcomes) == (0.4, {"done": 3})
    assert round(condition.tick.usual_s or 0, 3) == 0.3
    assert (condition.incidents, condition.outbox, condition.dimensions) == (2, 2, 0)
    assert condition.spool.limit_bytes == 1_000


def test_each_role_tells_of_its_own() -> None:
    assert found(Role.INGEST).tick is None
    assert found(Role.EVALUATE).dimensions is None


def test_receivers_are_named_without_their_tokens() -> None:
    slack: Mapping[str, str] = {
        "slack_bot_token": f"xoxb-{SECRET}",
        "slack_page_channel": "#on-call",
        "slack_ticket_webhook_url": f"https://hooks.slack.com/services/{SECRET}",
    }
    page, ticket = found(**slack).receivers
    assert (page.way, page.failing_since) == ("Slack channel #on-call, without buttons", NOW)
    assert (ticket.way, ticket.failing_since) == ("Slack webhook", None)
    assert found().receivers[0].way == "the log alone"
    assert SECRET not in repr(found(**slack))
