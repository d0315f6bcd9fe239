"""Of the replicas that see one trouble, which one is to tell it."""

from o11y.adapters.redis.connection import RedisConnection
from o11y.worker.ports import MemoryLost


class FirstToTell:
    """The first that asks with a name is it for ``ttl_s``; without Redis everybody is."""

    def __init__(self, redis: RedisConnection, *, replica: str, ttl_s: int) -> None:
        self._redis = redis
        self._replica = replica
        self._ttl_s = ttl_s

    async def __call__(self, name: str) -> bool:
        try:
            teller = await self._redis.set_if_absent(f"o11y:teller:{name}", self._replica, ttl_s=self._ttl_s)
        except MemoryLost:
            return True
        return teller == self._replica
