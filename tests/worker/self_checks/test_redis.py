"""Redis that does not answer for two minutes is a ticket."""

import asyncio
from datetime import timedelta

from o11y.slo.windows import Severity
from o11y.worker.ports import MemoryLost
from o11y.worker.self_checks.redis import RedisCheck
from tests.builders import NOW


def test_redis_away_for_two_minutes_is_told_from_when_it_went() -> None:
    async def scenario() -> None:
        away = True
        words = ["no answer (TimeoutError)"] + ["not a moment ago"] * 4

        async def ping() -> None:
            if away:
                raise MemoryLost(words.pop(0))

        check = RedisCheck(ping)
        for seconds in (0, 15, 119):
            assert await check.look(NOW + timedelta(seconds=seconds)) == []
        (found,) = await check.look(NOW + timedelta(minutes=2))
        assert (found.severity, found.since) == (Severity.TICKET, NOW)
        assert "for 2 min (no answer (TimeoutError))." in found.text
        away = False
        assert await check.look(NOW + timedelta(minutes=3)) == []
        away = True
        assert await check.look(NOW + timedelta(minutes=4)) == []

    asyncio.run(scenario())
