"""The history has a row for everything that happens to an alert, with its reason."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from o11y.alerting.chronicle import Record
from o11y.alerting.incident import Member, Thread
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.worker.history import History
from o11y.worker.ports import SpoolFull
from tests.builders import NOW, account, alert, dimension, incident, member, notification
from tests.worker_fakes import BURNING, QUIET, SMOULDERING, RecordingSpool, World, counted

SOON = NOW + timedelta(seconds=3)


def changed(*members: Member, word: str = "fired", reason: str = "because", **named: Any) -> list[dict[str, Any]]:
    """The rows of what a minute did to these members."""
    spool = RecordingSpool()
    records = [Record(one, word, reason) for one in members]
    about = incident(*members) if members else incident()
    asyncio.run(History(spool).changed(about, records, at=NOW, now=SOON, **named))
    return spool.history


def told(*alerts: Any) -> list[dict[str, Any]]:
    """The rows of a message that was delivered."""
    spool = RecordingSpool()
    message = notification(*alerts, account=account())
    asyncio.run(History(spool).told(message, "notified", now=SOON, reason="because"))
    return spool.history


def test_a_row_has_the_minute_and_the_moment_and_the_reason() -> None:
    for rows in (changed(member(), notification_id="n-1"), told(alert())):
        (row,) = rows
        assert (row["at"], row["recorded_at"]) == ("2026-11-21T12:00:00Z", "2026-11-21T12:00:03Z")
        assert (row["notification_id"], row["reason"], row["incident_id"]) == ("n-1", "because", "i-1")
        assert [row[name] for name in ("client", "provider", "model")] == ["gateway", "vendor", "vendor/model"]
        assert row["scope"] == "model"


def test_a_member_and_an_alert_of_the_same_have_the_same_row() -> None:
    (of_member,), (of_alert,) = changed(member(), word="notified", notification_id="n-1"), told(alert())
    assert of_member == of_alert


def test_a_message_that_is_in_a_conversation_is_written_down_with_its_place() -> None:
    spool = RecordingSpool()
    message = notification(alert(), alert(dimension=dimension("other")), account=account())
    history = History(spool)
    asyncio.run(history.told(message, "notified", now=SOON, thread=Thread("C01", "1700000000.000100")))
    asyncio.run(history.told(message, "notified", now=SOON))
    assert [row.get("slack") for row in spool.history] == ["C01/1700000000.000100"] * 2 + [None] * 2


def test_a_row_has_the_burn_rate_of_both_windows() -> None:
    slowing = member(long=Ratio(50, 100), short=Ratio(5, 100), burn_rate=Decimal(500))
    (row,) = changed(slowing)
    assert (row["burn_rate_long"], row["burn_rate_short"]) == (500, 50)
    (idle,) = changed(member(long=Ratio(0, 100), short=Ratio(0, 0), burn_rate=Decimal(0)))
    assert (idle["burn_rate_long"], idle["burn_rate_short"]) == (0, 0)


def test_what_an_aggregate_folds_away_is_empty_so_that_no_model_is_meant() -> None:
    every, star = Dimension(None, None, None), Dimension("*", "*", "*")
    for rows in (
        changed(member(dimension=every), member(dimension=star)),
        told(alert(dimension=every), alert(dimension=star)),
    ):
        found = [[row[name] for name in ("client", "provider", "model", "scope")] for row in rows]
        assert found == [["", "", "", "all"], ["*", "*", "*", "model"]]


def test_nothing_that_happened_is_no_row() -> None:
    assert changed() == []


@pytest.mark.parametrize("failure", [SpoolFull("the disk is full"), OSError("input/output error")])
def test_a_history_that_cannot_be_kept_stops_nothing(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    class Full(RecordingSpool):
        def append_history(self, rows: Any, *, now: Any) -> None:
            raise failure

    asyncio.run(History(Full()).told(notification(), "notified", now=NOW))
    assert "alert history not kept" in caplog.text


def test_rows_are_json_that_the_spool_can_close() -> None:
    lines: list[bytes] = []

    class Keeping(RecordingSpool):
        def append_history(self, rows: Any, *, now: Any) -> None:
            lines.extend(rows)

    asyncio.run(History(Keeping()).told(notification(), "notified", now=NOW))
    assert json.loads(lines[0] + b',"spool_batch":"x"}')["spool_batch"] == "x"


# ---------------------------------------------------------------- a whole life


def lived(*spans: tuple[Any, int]) -> list[tuple[str, str]]:
    """(transition, reason) of every row of a page's incident; the reason without its times."""
    world = World()

    async def run() -> None:
        replica = world.replica()
        for counts, minutes in spans:
            world.counts.now = counts
            await world.tick(replica, minutes=minutes)

    asyncio.run(run())
    return [(row["transition"], row["reason"].partition(" since ")[0]) for row in world.spool.history]


def test_every_transition_is_written_down_with_its_reason() -> None:
    assert lived((BURNING, 16), (counted(0), 7), (BURNING, 1)) == [
        ("fired", ""),
        ("inhibited", "its page is live"),
        ("notified", ""),
        ("reminded", "burn rate 500.00 when last told, 500.00 now"),
        ("notified", ""),
        ("resolved", "not firing"),
        ("notified", ""),
        ("reopened", "fires again after resolved"),
        ("notified", ""),
    ]


def test_better_and_worse_are_written_down_where_they_are_not_told() -> None:
    worse, better = (counted(bad) for bad in (100, 20))
    assert lived((BURNING, 1), (worse, 6), (better, 6)) == [
        ("fired", ""),
        ("inhibited", "its page is live"),
        ("notified", ""),
        ("worsened", "burn rate 500.00 at 12:00, 1000.00 now"),
        ("improved", "burn rate 1000.00 at 12:05, 200.00 now"),
    ]


def test_a_ticket_that_rises_and_an_end_that_nobody_saw_are_written_down() -> None:
    assert lived((SMOULDERING, 4), (BURNING, 1), (QUIET, 24 * 60 + 5)) == [
        ("fired", ""),
        ("notified", ""),
        ("escalated", "was a ticket"),
        ("inhibited", "its page is live"),
        ("notified", ""),
        ("no_data", "no valid events"),
        ("notified", ""),
        ("expired", "a day without data, or its objective is gone; recovery not confirmed"),
        ("notified", ""),
    ]
