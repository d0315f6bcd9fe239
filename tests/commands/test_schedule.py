"""The tick's schedule: by the minute, whatever happens to the clock."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from o11y.commands.schedule import MinuteSchedule
from tests.builders import NOW
from tests.fakes import SteppingClock

HOUR = timedelta(hours=1)


class Clocks:
    """A wall clock that somebody sets, and a monotonic one that nobody can."""

    def __init__(self) -> None:
        self.wall = SteppingClock(NOW)
        self.elapsed_s = 0.0

    def pass_(self, seconds: float, *, stepped_by: float = 0.0) -> None:
        self.elapsed_s += seconds
        self.wall.advance(seconds + stepped_by)


async def tick() -> None:
    """Never due while a test runs."""


def started(check: Callable[[MinuteSchedule, Clocks], None]) -> None:
    async def scenario() -> None:
        clocks = Clocks()
        schedule = MinuteSchedule(tick, clock=clocks.wall, monotonic=lambda: clocks.elapsed_s)
        schedule.start()
        try:
            check(schedule, clocks)
        finally:
            schedule.stop()

    asyncio.run(scenario())


def test_the_next_run_is_at_second_0_of_the_next_minute() -> None:
    def check(schedule: MinuteSchedule, _: Clocks) -> None:
        now = datetime.now(UTC)
        assert schedule.job.next_run_time.second == 0
        assert now - timedelta(minutes=1) < schedule.job.next_run_time <= now + timedelta(minutes=1)

    started(check)


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0, -2.0])
def test_a_clock_that_was_stepped_does_not_leave_the_next_run_an_hour_away(step_s: float) -> None:
    def check(schedule: MinuteSchedule, clocks: Clocks) -> None:
        schedule.job.modify(next_run_time=datetime.now(UTC) + HOUR)  # as a step back leaves it
        clocks.pass_(1.0, stepped_by=step_s)
        schedule.look()
        assert schedule.job.next_run_time <= datetime.now(UTC) + timedelta(minutes=1)

    started(check)


def test_time_that_merely_passes_changes_nothing() -> None:
    def check(schedule: MinuteSchedule, clocks: Clocks) -> None:
        far = datetime.now(UTC) + HOUR
        schedule.job.modify(next_run_time=far)
        for _ in range(100):
            clocks.pass_(600.0, stepped_by=0.5)
            schedule.look()
        assert schedule.job.next_run_time == far

    started(check)
