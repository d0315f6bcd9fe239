"""What ``/readyz`` says of receivers: an evaluator's business, and no door's."""

import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from o11y.app import Role
from o11y.commands.clock import utc_now
from o11y.commands.readiness import readiness
from o11y.slo.windows import Severity
from o11y.worker.tick import Health
from tests.fakes_spool import FakeSpool


class Answering:
    """A store that is well."""

    async def query(self, _: str) -> None:
        return None

    async def ping(self) -> None:
        return None


def checks(role: Role, failing: dict[Severity, datetime] | None = None) -> dict[str, str | None]:
    stores = SimpleNamespace(spool=FakeSpool(), clickhouse=Answering(), redis=Answering())
    delivery = SimpleNamespace(failing_since=failing or {})
    worker: Any = SimpleNamespace(stores=stores, delivery=delivery, ticker=SimpleNamespace(health=Health()))
    return asyncio.run(readiness(role, worker)())


def test_each_role_has_its_own_checks_and_all_are_well() -> None:
    assert checks(Role.INGEST) == {"spool": None}
    assert checks(Role.EVALUATE) == dict.fromkeys(["clickhouse", "redis", "tick", "receivers"])


def test_a_receiver_that_takes_nothing_for_five_minutes_is_named_with_its_time() -> None:
    now = utc_now()
    long_ago = now - timedelta(minutes=10)
    found = checks(Role.EVALUATE, {Severity.TICKET: long_ago, Severity.PAGE: now})
    assert found["receivers"] == f"no message is taken: tickets since {long_ago:%H:%M} UTC"
    assert checks(Role.INGEST, {Severity.PAGE: long_ago}) == {"spool": None}
