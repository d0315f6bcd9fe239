"""Text kept in Redis for a while."""

from o11y.adapters.redis.connection import RedisConnection


class RedisCache:
    """Both methods raise ``MemoryLost``."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def get(self, key: str) -> str | None:
        return await self._redis.get(f"o11y:cache:{key}")

    async def put(self, key: str, value: str, *, ttl_s: int) -> None:
        await self._redis.set(f"o11y:cache:{key}", value, ttl_s=ttl_s)
