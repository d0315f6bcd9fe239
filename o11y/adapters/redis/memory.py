"""Claims, the tick's lease, watermarks: what replicas agree on, each step one atomic script."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from o11y.adapters.redis.connection import Argument, Call, RedisConnection, script
from o11y.alerting.claim import ClaimTerms, Verdict
from o11y.slo.windows import Severity
from o11y.worker.local_memory import epoch_ms
from o11y.worker.ports import ToldAlert

_ALERT = script("alert")
_TICK = script("tick")
_WATERMARK = script("watermark")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RedisMemory:
    """``AlertMemory``, ``TickLease`` and ``Watermarks`` on one Redis. Every method raises ``MemoryLost``."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    # ------------------------------------------------------------ claims

    async def claim(
        self, key: str, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int | None
    ) -> Verdict:
        return Verdict(await self._alert("claim", key, severity, terms, token=token, now_ms=now_ms))

    async def claim_many(
        self, claims: Sequence[tuple[str, Severity, ClaimTerms]], *, token: str, now_ms: int | None
    ) -> Sequence[Verdict]:
        """The verdicts in the order of ``claims``; each is atomic by itself, all of them take a few round trips."""
        calls = [
            Call(_alert_keys(key), _alert_arguments("claim", severity, terms, token=token, now_ms=now_ms))
            for key, severity, terms in claims
        ]
        return [Verdict(answer) for answer in await self._redis.run_many(_ALERT, calls)]

    async def queue(self, key: str, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int | None) -> None:
        await self._alert("queue", key, severity, terms, token=token, now_ms=now_ms)

    async def confirm(self, key: str, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int | None) -> None:
        await self._alert("confirm", key, severity, terms, token=token, now_ms=now_ms)

    async def restore(self, told: Sequence[ToldAlert], terms: Callable[[Severity], ClaimTerms]) -> None:
        calls = [
            Call(
                _alert_keys(alert.key),
                _alert_arguments(
                    "restore", alert.severity, terms(alert.severity), token="", now_ms=epoch_ms(alert.told_at)
                ),
            )
            for alert in told
        ]
        await self._redis.run_many(_ALERT, calls)

    async def has_generation(self) -> bool:
        return await self._redis.get("o11y:generation") is not None

    async def mark_generation(self) -> None:
        await self._redis.set("o11y:generation", "1", ttl_s=None)

    async def _alert(
        self, op: str, key: str, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int | None
    ) -> str:
        arguments = _alert_arguments(op, severity, terms, token=token, now_ms=now_ms)
        return str(await self._redis.run(_ALERT, _alert_keys(key), arguments))

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

    async def _tick(self, op: str, minute: datetime, owner: str, lease_s: int) -> bool:
        number = (minute - _EPOCH) // timedelta(minutes=1)
        keys = [f"o11y:{{tick}}:{number}", "o11y:{tick}:last"]
        return bool(await self._redis.run(_TICK, keys, [op, owner, lease_s * 1000, number]))

    # ------------------------------------------------------------ watermarks

    async def publish(self, replica: str, oldest_event_time: datetime | None, *, ttl_s: int) -> None:
        mark = "" if oldest_event_time is None else str((oldest_event_time - _EPOCH) // _MICROSECOND)
        await self._redis.run(_WATERMARK, ["o11y:watermarks"], ["publish", replica, mark, ttl_s * 1000])

    async def oldest(self) -> datetime | None:
        mark = await self._redis.run(_WATERMARK, ["o11y:watermarks"], ["oldest"])
        return None if mark is None else _EPOCH + int(mark) * _MICROSECOND


def _alert_keys(key: str) -> list[str]:
    """Both severities share a hash tag, so that a cluster keeps them on one node."""
    return [f"o11y:alert:{{{key}}}:page", f"o11y:alert:{{{key}}}:ticket"]


def _alert_arguments(
    op: str, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int | None
) -> list[Argument]:
    now: Argument = "" if now_ms is None else now_ms
    durations = [terms.cooldown_ms, terms.lease_ms, terms.hold_ms, terms.outbox_ms, terms.skew_ms]
    return [op, severity.value, token, now, *durations]
