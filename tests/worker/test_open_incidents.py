"""The incidents that pages list: those of Redis, or those known last, and what that is worth."""

import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from o11y.alerting.book import Book
from o11y.worker.open_incidents import KEPT_FOR, Known, OpenIncidents
from o11y.worker.ports import MemoryLost
from o11y.worker.tick import Health
from tests.builders import NOW, incident

STORED, HERE = Book({"i-1": incident()}), Book()
MINUTE = timedelta(minutes=1)


class Stage:
    """Redis, which can be lost, and the process beside it, which knows ``HERE``."""

    def __init__(self) -> None:
        self.now = NOW
        self.asked = 0
        self.lost = False
        self.finished: datetime | None = NOW
        self.copy = SimpleNamespace(book=HERE, loaded_at=None)
        self.health = Health()
        self.found = OpenIncidents(
            self._load,
            last_finished=self._last_finished,
            copy=self.copy,
            health=self.health,
            clock=lambda: self.now,
        )

    async def _load(self) -> Book:
        self.asked += 1
        if self.lost:
            raise MemoryLost("away")
        return STORED

    async def _last_finished(self) -> datetime | None:
        return self.finished

    def look(self, *, after: timedelta = timedelta()) -> Known:
        self.now += after
        return asyncio.run(self.found.look())


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_they_are_read_once_in_five_seconds_and_at_once_after_a_change(stage: Stage) -> None:
    assert [stage.look().book, stage.look().book] == [STORED, STORED]
    assert stage.asked == 1
    stage.found.forget()
    stage.look()
    assert stage.asked == 2
    stage.look(after=KEPT_FOR)
    assert stage.asked == 3


def test_those_of_redis_are_of_now(stage: Stage) -> None:
    known = stage.look()
    assert (known.fresh, known.as_of, known.evaluated, known.failure) == (True, NOW, NOW, "")


def test_what_redis_has_never_said_here_is_not_known(stage: Stage) -> None:
    stage.lost = True
    known = stage.look()
    assert (known.book, known.fresh, known.as_of) == (HERE, False, None)


def test_while_redis_is_away_they_are_those_known_last_here_or_by_the_evaluation(stage: Stage) -> None:
    stage.copy.loaded_at = NOW - MINUTE
    stage.look()
    stage.lost = True
    known = stage.look(after=MINUTE)
    assert (known.book, known.fresh, known.as_of) == (STORED, False, NOW)
    stage.health.last_minute = NOW + 2 * MINUTE  # evaluated without Redis
    known = stage.look(after=2 * MINUTE)
    assert (known.book, known.as_of, known.evaluated) == (HERE, NOW + 2 * MINUTE, NOW + 2 * MINUTE)


def test_they_are_those_of_redis_as_soon_as_it_is_back(stage: Stage) -> None:
    stage.lost = True
    stage.look()
    stage.lost = False
    assert stage.look(after=KEPT_FOR).fresh


def test_an_evaluation_is_late_three_minutes_after_the_last_that_any_replica_finished(stage: Stage) -> None:
    known = stage.look()
    assert not known.is_late(NOW + 3 * MINUTE)
    assert known.is_late(NOW + 3 * MINUTE + timedelta(seconds=1))
    stage.finished = None
    assert not stage.look(after=MINUTE).is_late(NOW + timedelta(days=1))


def test_what_is_evaluated_before_its_events_have_come_is_not_finished(stage: Stage) -> None:
    stage.health.last_minute = NOW + 4 * MINUTE
    known = stage.look(after=4 * MINUTE)
    assert known.is_late(stage.now)


def test_a_failure_is_told_unless_another_replica_has_finished_the_minute(stage: Stage) -> None:
    stage.health.failures_in_a_row, stage.health.last_error = 1, "no answer"
    assert stage.look().failure == ""
    assert stage.look(after=MINUTE).failure == ""  # another one may be about to
    assert stage.look(after=timedelta(seconds=30)).failure == "the last evaluation failed: no answer"
    stage.finished = NOW + MINUTE
    assert stage.look(after=KEPT_FOR).failure == ""
    stage.lost = True
    stage.health.failures_in_a_row = 2
    assert stage.look(after=KEPT_FOR).failure == "the last 2 evaluations failed: no answer"
