"""An evaluation that fails here, or that nobody finishes."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from o11y.slo.windows import Severity
from o11y.worker.ports import MemoryLost
from o11y.worker.self_checks.evaluation import EvaluationCheck
from o11y.worker.self_checks.trouble import Kind, Trouble
from o11y.worker.tick import Health
from tests.builders import NOW

MINUTE = timedelta(minutes=1)
STARTED = NOW - timedelta(hours=1)


class Progress:
    """What replicas share: how far evaluations and events have come."""

    def __init__(self, finished: datetime | None = None, watermark: datetime | None = None) -> None:
        self.finished = finished
        self.watermark = watermark
        self.lost = False

    async def last_finished(self) -> datetime | None:
        if self.lost:
            raise MemoryLost("away")
        return self.finished

    async def oldest(self) -> datetime | None:
        return self.watermark


def look(progress: Progress, health: Health | None = None, *, started_at: datetime = STARTED) -> Sequence[Trouble]:
    check = EvaluationCheck(progress, progress, health=lambda: health or Health(), lag_s=10, started_at=started_at)
    return asyncio.run(check.look(NOW))


def test_five_minutes_without_a_finished_evaluation_are_a_page_that_one_replica_tells() -> None:
    (late,) = look(Progress(NOW - 7 * MINUTE))
    assert (late.kind, late.severity, late.shared) == (Kind.EVALUATION_LATE, Severity.PAGE, True)
    assert "since 11:53 UTC (7 min)" in late.text


@pytest.mark.parametrize("ago", [-3, 0, 1, 5])
def test_a_minute_finished_lately_or_ahead_is_well(ago: int) -> None:
    assert look(Progress(NOW - ago * MINUTE)) == []


def test_a_process_that_has_just_started_is_given_its_time() -> None:
    long_ago = NOW - timedelta(days=2)
    assert look(Progress(long_ago), started_at=NOW - 4 * MINUTE) == []
    assert look(Progress(None), started_at=NOW - 4 * MINUTE) == []
    (late,) = look(Progress(None), started_at=NOW - 6 * MINUTE)
    assert "since o11y has started (6 min)" in late.text


def test_minutes_whose_events_are_still_on_their_way_are_not_late() -> None:
    assert look(Progress(NOW - 20 * MINUTE, watermark=NOW - 20 * MINUTE)) == []
    assert len(look(Progress(NOW - 20 * MINUTE, watermark=NOW))) == 1


def test_without_redis_what_this_replica_evaluated_counts() -> None:
    progress = Progress()
    progress.lost = True
    assert look(progress, Health(last_minute=NOW - MINUTE)) == []
    assert [trouble.kind for trouble in look(progress, Health(last_minute=NOW - 9 * MINUTE))] == [Kind.EVALUATION_LATE]


def test_blindness_is_told_by_the_tick_and_is_not_lateness_too() -> None:
    health = Health(failures_in_a_row=3, last_error="no answer")
    (blind,) = look(Progress(NOW - 30 * MINUTE), health)
    assert (blind.kind, blind.said, blind.severity) == (Kind.BLIND, True, Severity.PAGE)
    assert "no answer" in blind.text
    assert look(Progress(NOW), Health(failures_in_a_row=2)) == []


def test_blindness_lasts_from_when_it_was_first_seen() -> None:
    health = Health(failures_in_a_row=3)
    check = EvaluationCheck(Progress(NOW), Progress(NOW), health=lambda: health, lag_s=10, started_at=STARTED)

    async def since(now: datetime) -> list[datetime]:
        return [trouble.since for trouble in await check.look(now)]

    async def scenario() -> None:
        assert await since(NOW) == await since(NOW + MINUTE) == [NOW]
        health.failures_in_a_row = 0
        assert await since(NOW + 2 * MINUTE) == []
        health.failures_in_a_row = 4
        assert await since(NOW + 3 * MINUTE) == [NOW + 3 * MINUTE]

    asyncio.run(scenario())
