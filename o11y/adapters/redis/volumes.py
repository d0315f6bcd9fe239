"""The volume cap's state in Redis."""

from pydantic import TypeAdapter, ValidationError

from o11y.adapters.redis.connection import RedisConnection
from o11y.alerting.volume import Volume
from o11y.slo.windows import Severity

_VOLUME = TypeAdapter(Volume)
_KEEP_S = 24 * 3600


class RedisVolumes:
    """Implements ``VolumeStore``."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def volume(self, severity: Severity) -> Volume | None:
        """None also for one that a newer version wrote: it counts anew."""
        text = await self._redis.get(_key(severity))
        try:
            return None if text is None else _VOLUME.validate_json(text)
        except ValidationError:
            return None

    async def keep_volume(self, severity: Severity, volume: Volume) -> None:
        await self._redis.set(_key(severity), _VOLUME.dump_json(volume).decode(), ttl_s=_KEEP_S)


def _key(severity: Severity) -> str:
    return f"o11y:volume:{severity}"
