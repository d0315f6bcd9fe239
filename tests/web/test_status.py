"""The page about o11y itself."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from o11y.slo.windows import Severity
from o11y.web.status import status_pages
from o11y.worker.condition import (
    Condition,
    ReceiverCondition,
    SpoolCondition,
    StoreCondition,
    TickCondition,
)
from o11y.worker.ports import AsideBatch, BatchKind
from o11y.worker.self_checks.trouble import Kind, Trouble
from tests.web.dashboard_house import NOW, VIEWER, DashboardHouse

TICK = TickCondition(NOW - timedelta(seconds=30), 0.071, 0.065, 0, "", {"done": 41, "late": 1})
SPOOL = SpoolCondition(0, 0, 4 * 1024**3, None, (), 0)
WELL = Condition(
    replica="vm-1-ab",
    role="all",
    started_at=NOW - timedelta(hours=3),
    checks={"spool": None, "tick": None},
    troubles=(),
    stores=(StoreCondition("ClickHouse", "embedded", "ClickHouse 26.5"), StoreCondition("Redis", "server", "Valkey 9")),
    receivers=(ReceiverCondition(Severity.PAGE, "Slack channel #page"), ReceiverCondition(Severity.TICKET, "the log")),
    spool=SPOOL,
    tick=TICK,
    dimensions=1_234,
    incidents=2,
    outbox=1,
)


def shown(**changes: Any) -> str:
    async def condition() -> Condition:
        return replace(WELL, **changes)

    reply = DashboardHouse(status_pages(condition)).get("/status", token=VIEWER)
    assert reply.status == 200
    return reply.text.replace("\N{NO-BREAK SPACE}", " ")


def tile(page: str, title: str) -> str:
    found = re.search(rf"<dt>{title}</dt>(.*?)</div>", page)
    assert found
    return re.sub(r"</?dd[^>]*>", " ", re.sub(r"</?time[^>]*>", "", found[1]))


def test_incidents_that_redis_has_not_said_are_told_with_their_age_or_not_at_all() -> None:
    assert tile(shown(), "Open incidents").split() == ["2", "1", "message", "waiting"]
    old = tile(shown(incidents_fresh=False, incidents_as_of=NOW - timedelta(minutes=4)), "Open incidents")
    assert old.split(maxsplit=1) == ["2", "as known at 2026-11-21 14:26 UTC: Redis does not answer "]
    unknown = tile(shown(incidents_fresh=False, incidents=0), "Open incidents")
    assert unknown.split(maxsplit=1) == ["–", "not known: Redis does not answer "]


def test_when_all_is_well_it_says_so_with_versions_and_times() -> None:
    page = shown()
    assert "All well" in page
    for text in ("ClickHouse 26.5", "Valkey 9", "30 s ago", "71 ms", "41 done, 1 late", "1,234", "vm-1-ab", "3 h ago"):
        assert text in page
    assert 'data-refresh="15"' in page
    assert "What is wrong" not in page


def test_a_trouble_is_told_with_what_it_means() -> None:
    trouble = Trouble(
        Kind.SPOOL_OLD, Severity.TICKET, "Spool <too> old", "Look at ClickHouse.", NOW - timedelta(hours=1)
    )
    page = shown(troubles=(trouble, replace(trouble, severity=None)))
    assert "2 troubles" in page
    assert "Spool &lt;too&gt; old" in page
    assert "Look at ClickHouse." in page
    assert "1 h ago" in page
    assert "not told" in page


def test_what_is_not_ready_is_named() -> None:
    page = shown(checks={"spool": None, "redis": "Redis does not answer (TimeoutError)"})
    assert "Not ready" in page
    assert "Redis does not answer (TimeoutError)" in page


def test_a_store_that_is_away_and_a_receiver_that_fails_say_since_when() -> None:
    page = shown(
        stores=(StoreCondition("ClickHouse", "server", None, "no answer within 2 s"),),
        receivers=(ReceiverCondition(Severity.PAGE, "Slack webhook", NOW - timedelta(minutes=7)),),
    )
    assert "no answer within 2 s" in page
    assert "7 min ago" in page


@pytest.mark.parametrize(
    ("tick", "late"),
    [
        (TICK, False),
        (replace(TICK, last_minute=NOW - timedelta(minutes=3)), True),
        (replace(TICK, failures_in_a_row=2, last_error="StoreError"), True),
    ],
)
def test_an_evaluation_that_is_late_or_fails_stands_out(tick: TickCondition, late: bool) -> None:
    page = shown(tick=tick)
    assert ('class="tile tone-page"' in page) is late
    assert ("2 in a row:" in page) is bool(tick.failures_in_a_row)


def test_before_the_first_evaluation_and_where_another_replica_does_them_there_is_none() -> None:
    none = replace(TICK, last_minute=None, took_s=None, usual_s=None, outcomes={})
    assert "at the next minute" in shown(tick=none)
    assert "none here since the start" in shown(tick=replace(none, outcomes={"elsewhere": 9}))


def test_a_process_of_one_role_shows_what_is_its_own() -> None:
    page = shown(tick=None, dimensions=None, role="ingest")
    assert "Last evaluation" not in page
    assert "Dimensions" not in page


def test_the_spool_says_how_full_and_how_old_it_is_and_what_waits_for_a_human() -> None:
    batch = AsideBatch("b-1", BatchKind.EVENTS, 12, "unknown <column>", NOW - timedelta(minutes=20))
    spool = replace(
        SPOOL,
        events=1_500,
        held_bytes=3 * 1024**3,
        oldest=NOW - timedelta(minutes=9),
        aside=(batch,) * 60,
        lost_events=3,
    )
    page = shown(spool=spool)
    for text in (
        "the oldest for 9 min",
        "3 GiB of 4 GiB",
        "75 % of the spool",
        "unknown &lt;column&gt;",
        "and 10 more",
    ):
        assert text in page


def test_before_its_limit_is_known_the_spool_is_shown_without() -> None:
    assert "of 4 GiB" not in shown(spool=replace(SPOOL, limit_bytes=None))
