"""The alert history of pages: ClickHouse is asked once, however many look."""

import asyncio
from datetime import timedelta

from o11y.worker.alert_log import KEPT_S, AlertLog
from o11y.worker.ports.alert_log import LogQuestion
from tests.builders import NOW
from tests.fakes_alert_log import FakeAlertLog

MONTH = LogQuestion(NOW - timedelta(days=30), NOW)


def test_a_page_and_its_summary_are_asked_for_once_in_five_seconds() -> None:
    now = 0.0

    async def check() -> None:
        nonlocal now
        log = AlertLog(store := FakeAlertLog(), monotonic=lambda: now)
        for _ in range(8):
            await log.page(MONTH)
            await log.on_call(MONTH, now=NOW)
        assert len(store.asked) == 2
        now += KEPT_S + 1
        await log.page(MONTH)
        assert len(store.asked) == 3

    asyncio.run(check())


def test_another_question_has_an_answer_of_its_own() -> None:
    async def check() -> None:
        log = AlertLog(store := FakeAlertLog(), monotonic=lambda: 0.0)
        await log.page(MONTH)
        await log.page(MONTH, after=(NOW, "i-1"))
        await log.page(LogQuestion(MONTH.since, MONTH.until, client="gateway"))
        assert [asked.client for asked in store.asked] == ["", "", "gateway"]

    asyncio.run(check())
