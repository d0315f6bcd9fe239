"""The same question is asked once, whoever else wants to know."""

import asyncio

import pytest

from o11y.worker.ports import StoreError
from o11y.worker.shared_answers import SharedAnswers

KEPT_S = 30.0
MOST = 96


class Store:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fail: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.now = 0.0
        self.answers = SharedAnswers(kept_s=KEPT_S, most=MOST, monotonic=lambda: self.now)

    async def ask(self, question: str = "m") -> int:
        return await self.answers.to(question, lambda: self._asked(question))

    async def _asked(self, question: str) -> int:
        self.asked.append(question)
        await self.gate.wait()
        if self.fail is not None:
            raise self.fail
        return len(self.asked)


def test_an_answer_serves_for_half_a_minute() -> None:
    async def check() -> None:
        store = Store()
        assert await store.ask() == await store.ask() == 1
        assert await store.ask("another") == 2
        store.now = KEPT_S + 1
        assert await store.ask() == 3
        assert store.asked == ["m", "another", "m"]

    asyncio.run(check())


def test_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    async def check() -> None:
        store = Store()
        store.gate.clear()
        one, other = asyncio.create_task(store.ask()), asyncio.create_task(store.ask())
        await asyncio.sleep(0)
        one.cancel()
        store.gate.set()
        assert await other == 1
        assert len(store.asked) == 1

    asyncio.run(check())


def test_a_failure_is_told_and_not_kept() -> None:
    async def check() -> None:
        store = Store()
        store.fail = StoreError("away")
        with pytest.raises(StoreError):
            await store.ask()
        store.fail = None
        assert await store.ask() == 2

    asyncio.run(check())


def test_what_is_kept_is_bounded() -> None:
    async def check() -> None:
        store = Store()
        for number in range(200):
            await store.ask(str(number))
        await store.ask("199")
        assert len(store.asked) == 200
        await store.ask("0")
        assert len(store.asked) == 201

    asyncio.run(check())
