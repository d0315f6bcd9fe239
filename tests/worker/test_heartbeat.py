"""Beats go out in the background, one at a time, and no failure of theirs reaches the tick."""

import asyncio

import pytest

from o11y.metrics import Metrics
from o11y.worker.heartbeat import Heartbeats
from o11y.worker.ports import HeartbeatError


class Switch:
    """A dead man's switch that answers when it is let; raises what ``fails`` holds, one a beat."""

    def __init__(self) -> None:
        self.beats = 0
        self.fails: list[Exception] = []
        self.open = asyncio.Event()
        self.open.set()

    async def beat(self) -> None:
        self.beats += 1
        await self.open.wait()
        if self.fails:
            raise self.fails.pop(0)


class House:
    def __init__(self) -> None:
        self.switch, self.metrics = Switch(), Metrics()
        self.pages = True
        self.heartbeats = Heartbeats(self.switch, metrics=self.metrics, can_page=lambda: self.pages)

    async def beat(self) -> None:
        """And let it end."""
        self.heartbeats.beat()
        for _ in range(5):
            await asyncio.sleep(0)

    def counted(self, outcome: str) -> float:
        return self.metrics.registry.get_sample_value("o11y_heartbeats_total", {"outcome": outcome}) or 0


def test_each_beat_is_a_call_and_is_counted() -> None:
    async def scenario() -> None:
        house = House()
        await house.beat()
        await house.beat()
        assert (house.switch.beats, house.counted("taken")) == (2, 2)

    asyncio.run(scenario())


def test_a_beat_returns_at_once_and_leaves_out_what_comes_while_one_hangs() -> None:
    async def scenario() -> None:
        house = House()
        house.switch.open.clear()
        for _ in range(3):
            await house.beat()
        assert (house.switch.beats, house.counted("skipped")) == (1, 2)
        house.switch.open.set()
        await house.beat()
        await house.beat()
        assert house.switch.beats == 2

    asyncio.run(scenario())


def test_while_pages_are_not_delivered_the_beat_is_withheld() -> None:
    async def scenario() -> None:
        house = House()
        house.pages = False
        await house.beat()
        assert (house.switch.beats, house.counted("withheld")) == (0, 1)
        house.pages = True
        await house.beat()
        assert house.switch.beats == 1

    asyncio.run(scenario())


def test_failures_are_logged_and_counted_and_the_next_beat_goes_out(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        house = House()
        house.switch.fails = [HeartbeatError("answered 500"), RuntimeError("a bug")]
        for _ in range(3):
            await house.beat()
        assert (house.switch.beats, house.counted("failed"), house.counted("taken")) == (3, 2, 1)

    asyncio.run(scenario())
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert caplog.records[0].__dict__["error"] == "answered 500"


def test_the_end_does_not_wait_for_one_that_hangs() -> None:
    async def scenario() -> None:
        house = House()
        await house.heartbeats.close()
        house.switch.open.clear()
        await house.beat()
        await asyncio.wait_for(house.heartbeats.close(), 20)

    asyncio.run(scenario())
