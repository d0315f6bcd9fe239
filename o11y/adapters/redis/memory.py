"""Claims, the tick's lease, watermarks: what replicas agree on, each step one atomic script."""

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from o11y.adapters.redis.connection import Argument, Call, RedisConnection, script
from o11y.alerting.claim import ClaimTerms, Subject, Verdict
from o11y.slo.windows import Severity
from o11y.worker.local_memory import epoch_ms
from o11y.worker.ports import ToldAlert

_ALERT = script("alert")
_TICK = script("tick")
_WATERMARK = script("watermark")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TICK_KEYS = ("o11y:{tick}:last", "o11y:{tick}:first")


class RedisMemory:
    """``AlertMemory``, ``TickLease`` and ``Watermarks`` on one Redis. Every method raises ``MemoryLost``."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    # ------------------------------------------------------------ claims

    async def claim(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> Sequence[Verdict]:
        return [Verdict(answer) for answer in await self._alerts("claim", subjects, token=token, now_ms=now_ms)]

    async def queue(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> None:
        await self._alerts("queue", subjects, token=token, now_ms=now_ms)

    async def confirm(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> None:
        await self._alerts("confirm", subjects, token=token, now_ms=now_ms)

    async def restore(self, told: Sequence[ToldAlert], terms: Callable[[Severity], ClaimTerms]) -> None:
        calls = [
            _call("restore", Subject(one.key, one.severity, terms(one.severity)), "", epoch_ms(one.told_at))
            for one in told
        ]
        await self._redis.run_many(_ALERT, calls)

    async def restore_queued(self, subjects: Sequence[Subject], *, queued_at_ms: int) -> None:
        await self._alerts("restore_queued", subjects, token="", now_ms=queued_at_ms)

    async def generation(self) -> str | None:
        marker = await self._redis.get("o11y:generation")
        return None if marker is None else f"{marker} {await self._redis.replication_id()}"

    async def mark_generation(self) -> str:
        marker = await self._redis.set_if_absent("o11y:generation", secrets.token_hex(8))
        return f"{marker} {await self._redis.replication_id()}"

    async def _alerts(self, op: str, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> list[str]:
        """Sent together, a script a key: on a cluster different keys are on different nodes."""
        return await self._redis.run_many(_ALERT, [_call(op, subject, token, now_ms) for subject in subjects])

    # ------------------------------------------------------------ the tick's lease

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

    # ------------------------------------------------------------ watermarks

    async def publish(self, replica: str, oldest_event_time: datetime | None, *, ttl_s: int) -> None:
        mark = "" if oldest_event_time is None else str((oldest_event_time - _EPOCH) // _MICROSECOND)
        await self._redis.run(_WATERMARK, ["o11y:watermarks"], ["publish", replica, mark, ttl_s * 1000])

    async def oldest(self) -> datetime | None:
        mark = await self._redis.run(_WATERMARK, ["o11y:watermarks"], ["oldest"])
        return None if mark is None else _EPOCH + int(mark) * _MICROSECOND


def _number(minute: datetime) -> int:
    return (minute - _EPOCH) // timedelta(minutes=1)


def _call(op: str, subject: Subject, token: str, now_ms: int | None) -> Call:
    """Both severities share a hash tag, so that a cluster keeps them on one node."""
    keys = [f"o11y:alert:{{{subject.key}}}:page", f"o11y:alert:{{{subject.key}}}:ticket"]
    now: Argument = "" if now_ms is None else now_ms
    terms = subject.terms
    durations = [terms.cooldown_ms, terms.lease_ms, terms.hold_ms, terms.outbox_ms, terms.skew_ms]
    return Call(keys, [op, subject.severity.value, token, now, *durations])
