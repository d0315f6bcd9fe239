"""A report is made once, by one replica: a lease that ends as ``done``."""

from datetime import UTC, datetime

from o11y.adapters.redis.connection import RedisConnection
from o11y.worker.ports.reports import Turn

LEASE_S = 120
#: longer than any replica tries to make it
_DONE_FOR_S = 30 * 86_400
_DONE = "done"


class RedisReportTurns:
    """Implements ``ReportTurns``."""

    def __init__(self, redis: RedisConnection, *, replica: str) -> None:
        self._redis = redis
        self._replica = replica

    async def take(self, due: datetime) -> Turn:
        holder = await self._redis.set_if_absent(_key(due), self._replica, ttl_s=LEASE_S)
        if holder == _DONE:
            return Turn.DONE
        return Turn.MINE if holder == self._replica else Turn.OTHERS

    async def done(self, due: datetime) -> None:
        await self._redis.set(_key(due), _DONE, ttl_s=_DONE_FOR_S)


def _key(due: datetime) -> str:
    return f"o11y:report:{due.astimezone(UTC):%Y%m%dT%H%M}"
