"""The incidents that pages list: those of Redis, or those known last."""

import asyncio

from o11y.alerting.book import Book
from o11y.worker.open_incidents import KEPT_S, OpenIncidents
from o11y.worker.ports import MemoryLost
from tests.builders import incident

STORED, KNOWN = Book({"i-1": incident()}), Book()


class Store:
    def __init__(self) -> None:
        self.asked = 0
        self.lost = False

    async def load(self) -> Book:
        self.asked += 1
        if self.lost:
            raise MemoryLost("away")
        return STORED


def test_they_are_read_once_in_five_seconds_and_at_once_after_a_change() -> None:
    now = 0.0
    store = Store()

    async def check() -> None:
        nonlocal now
        found = OpenIncidents(store.load, known=lambda: KNOWN, monotonic=lambda: now)
        assert [await found.book(), await found.book()] == [STORED, STORED]
        assert store.asked == 1
        found.forget()
        await found.book()
        assert store.asked == 2
        now += KEPT_S
        await found.book()
        assert store.asked == 3

    asyncio.run(check())


def test_while_redis_is_away_they_are_those_known_last() -> None:
    store = Store()
    store.lost = True
    found = OpenIncidents(store.load, known=lambda: KNOWN, monotonic=lambda: 0.0)
    assert asyncio.run(found.book()) is KNOWN
