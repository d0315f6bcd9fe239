"""Redis: what replicas agree on."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from o11y.slo.windows import Severity
from o11y.worker.ports import MemoryLost
from o11y.worker.self_checks.trouble import Kind, Trouble, lasting

FAILING_AFTER = timedelta(minutes=2)


class RedisCheck:
    """``ping`` raises ``MemoryLost`` when Redis does not answer."""

    kinds = frozenset({Kind.REDIS_FAILING})

    def __init__(self, ping: Callable[[], Awaitable[None]]) -> None:
        self._ping = ping
        self._lost_since: datetime | None = None
        self._why = ""

    async def look(self, now: datetime) -> Sequence[Trouble]:
        try:
            await self._ping()
        except MemoryLost as error:
            if self._lost_since is None:  # later ones may only say that it was not tried again
                self._why = str(error)
            self._lost_since = min(self._lost_since or now, now)
            return [_failing(self._why, self._lost_since, now)] if now - self._lost_since >= FAILING_AFTER else []
        self._lost_since = None
        return []


def _failing(why: str, since: datetime, now: datetime) -> Trouble:
    return Trouble(
        Kind.REDIS_FAILING,
        Severity.TICKET,
        "o11y runs without Redis",
        f"Redis has not answered for {lasting(now - since)} ({why}).\n"
        "Pages are still sent, from the memory of each replica: every replica that evaluates may send its own, and new "
        "silences and acknowledgements are not seen. Bring Redis back; what was told meanwhile is remembered.",
        since=since,
    )
