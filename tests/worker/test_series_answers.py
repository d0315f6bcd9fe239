"""The same question is asked once, whoever else wants to know."""

import asyncio
from typing import Any

import pytest

from o11y.slo.dimension import Dimension
from o11y.worker.ports import StoreError
from o11y.worker.ports.series import Asked, BreakdownAsked, Rows, Seen
from o11y.worker.series import KEPT_S, Series
from tests.builders import ERROR_RATE, NOW, dimension


def question(model: str = "m") -> Asked:
    return BreakdownAsked(dimension(model), ERROR_RATE, NOW, NOW)


class Store:
    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.fail: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def ask(self, asked: Asked) -> Rows:
        self.asked.append(asked)
        await self.gate.wait()
        if self.fail is not None:
            raise self.fail
        return [(len(self.asked),)]

    def sql(self, asked: Asked) -> str:
        return "SELECT 1"

    async def seen(self, dimension: Dimension) -> Seen | None:
        self.asked.append(dimension)
        return None


def test_an_answer_serves_for_half_a_minute() -> None:
    now = 0.0

    async def check() -> None:
        nonlocal now
        series = Series(store := Store(), monotonic=lambda: now)
        assert await series.ask(question()) == await series.ask(question()) == [(1,)]
        assert await series.ask(question("another")) == [(2,)]
        now = KEPT_S + 1
        assert await series.ask(question()) == [(3,)]
        assert len(store.asked) == 3

    asyncio.run(check())


def test_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    async def check() -> None:
        series = Series(store := Store(), monotonic=lambda: 0.0)
        store.gate.clear()
        one, other = asyncio.create_task(series.ask(question())), asyncio.create_task(series.ask(question()))
        await asyncio.sleep(0)
        one.cancel()
        store.gate.set()
        assert await other == [(1,)]
        assert len(store.asked) == 1

    asyncio.run(check())


def test_a_failure_is_told_and_not_kept() -> None:
    async def check() -> None:
        series = Series(store := Store(), monotonic=lambda: 0.0)
        store.fail = StoreError("away")
        with pytest.raises(StoreError):
            await series.ask(question())
        store.fail = None
        assert await series.ask(question()) == [(2,)]

    asyncio.run(check())


def test_what_is_kept_is_bounded() -> None:
    async def check() -> None:
        series = Series(store := Store(), monotonic=lambda: 0.0)
        for number in range(200):
            await series.ask(question(str(number)))
        await series.ask(question("199"))
        assert len(store.asked) == 200
        await series.ask(question("0"))
        assert len(store.asked) == 201

    asyncio.run(check())
