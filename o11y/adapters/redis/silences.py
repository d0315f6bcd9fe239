"""Silences in Redis, where every replica sees them."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from o11y.adapters.redis.connection import Argument, RedisConnection, script
from o11y.adapters.redis.outbox import epoch_ms
from o11y.alerting import silence_json
from o11y.alerting.silence import MOST_LIVE, Silence, State
from o11y.worker.ports import MemoryLost, TooManySilences

_log = logging.getLogger(__name__)
_SILENCES = script("silences")
_KEYS = ["o11y:{silences}:entries", "o11y:{silences}:ends"]
_KEEP = timedelta(days=5)
_TRIES = 5


class RedisSilences:
    """Implements ``SilenceStore``. One that cannot be read mutes nothing, and is logged."""

    def __init__(self, redis: RedisConnection, *, capacity: int = MOST_LIVE) -> None:
        self._redis = redis
        self._capacity = capacity

    async def all(self) -> Sequence[Silence]:
        found = [_read(payload) for payload in await self._run("all")]
        return [silence for silence in found if silence is not None]

    async def put(self, silence: Silence) -> Silence:
        payload = silence_json.dumps(silence)
        limits = epoch_ms(silence.created_at), self._capacity, 2 * self._capacity, _KEEP // timedelta(milliseconds=1)
        kept = await self._run("put", silence.silence_id, payload, epoch_ms(silence.ended_at), *limits)
        if kept is None:
            raise TooManySilences(f"{self._capacity:,} silences are in force or to come; expire one first")
        return _read(kept) or silence

    async def expire(self, silence_id: str, *, at: datetime, by: str) -> Silence | None:
        for _ in range(_TRIES):
            payload = await self._run("get", silence_id)
            silence = _read(payload) if payload else None
            if silence is None or silence.state(at) is State.EXPIRED:
                return silence
            ended = replace(silence, expired_at=at, expired_by=by)
            written = silence_json.dumps(ended)
            if await self._run("replace", silence_id, written, epoch_ms(ended.ended_at), payload):
                return ended
        raise MemoryLost("the silence was changed by others meanwhile, again and again")

    async def _run(self, *arguments: Argument) -> Any:
        return await self._redis.run(_SILENCES, _KEYS, arguments)


def _read(payload: str) -> Silence | None:
    try:
        return silence_json.loads(payload)
    except ValueError as error:
        _log.error("silence not readable: it mutes nothing", extra={"error": str(error)[:200]})
        return None
