"""The tick's lease and the watermarks: what replicas agree on about time, each step one atomic script."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from o11y.adapters.redis.connection import RedisConnection, script

_TICK = script("tick")
_WATERMARK = script("watermark")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TICK_KEYS = ("o11y:{tick}:last", "o11y:{tick}:first")


class RedisMemory:
    """``TickLease`` and ``Watermarks`` on one Redis. Every method raises ``MemoryLost``."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def acquire(self, minute: datetime, *, owner: str, lease_s: int) -> bool:
        return await self._tick("acquire", minute, owner, lease_s)

    async def renew(self, minute: datetime, *, owner: str, lease_s: int) -> bool:
        return await self._tick("renew", minute, owner, lease_s)

    async def finish(self, minute: datetime, *, owner: str) -> None:
        """The minute is done, unless it was taken over: then it is the new owner's to finish."""
        await self._tick("finish", minute, owner, 0)

    async def last_finished(self) -> datetime | None:
        minute = await self._redis.get("o11y:{tick}:last")
        return None if minute is None else _EPOCH + timedelta(minutes=int(minute))

    async def unfinished(self, since: datetime, until: datetime) -> Sequence[datetime]:
        numbers = range(_number(since), _number(until))
        keys = [*_TICK_KEYS, *(f"o11y:{{tick}}:{number}" for number in numbers)]
        found = await self._redis.run(_TICK, keys, ["unfinished", "", 0, *numbers])
        return [_EPOCH + timedelta(minutes=int(number)) for number in found]

    async def rewind(self, minute: datetime) -> None:
        await self._tick("rewind", minute, "", 0)

    async def _tick(self, op: str, minute: datetime, owner: str, lease_s: int) -> bool:
        keys = [*_TICK_KEYS, f"o11y:{{tick}}:{_number(minute)}"]
        return bool(await self._redis.run(_TICK, keys, [op, owner, lease_s * 1000, _number(minute)]))

    async def publish(self, replica: str, oldest_event_time: datetime | None, *, ttl_s: int) -> None:
        mark = "" if oldest_event_time is None else str((oldest_event_time - _EPOCH) // _MICROSECOND)
        await self._redis.run(_WATERMARK, ["o11y:watermarks"], ["publish", replica, mark, ttl_s * 1000])

    async def oldest(self) -> datetime | None:
        mark = await self._redis.run(_WATERMARK, ["o11y:watermarks"], ["oldest"])
        return None if mark is None else _EPOCH + int(mark) * _MICROSECOND


def _number(minute: datetime) -> int:
    return (minute - _EPOCH) // timedelta(minutes=1)
