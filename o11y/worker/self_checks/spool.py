"""The spool: too old, nearly full, and what ClickHouse refused. Nothing is lost by any of these yet."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from o11y.metrics import Metrics
from o11y.slo.windows import Severity
from o11y.worker.ports import AsideBatch, Spool, SpoolDepth
from o11y.worker.self_checks.trouble import Kind, Trouble, lasting

#: of the room that the spool has, by its limit or by the disk
NEARLY_FULL = 0.8
#: full this soon at the present rate is a page: doors answer 503 then, and what gateways do not send again is lost
PAGE_WITHIN = timedelta(hours=1)
RATE_OVER = timedelta(minutes=10)
#: a burst after the start says little of the hour to come
RATE_FROM = timedelta(minutes=2)
_LONG_S = 365 * 86_400


class SpoolCheck:
    """``free_bytes``: of the disk that holds the spool. ``last_failure``: why nothing is shipped, or nothing."""

    kinds = frozenset({Kind.SPOOL_OLD, Kind.SPOOL_NEARLY_FULL, Kind.BATCHES_SET_ASIDE})

    def __init__(
        self,
        spool: Spool,
        *,
        max_bytes: int,
        max_age_s: int,
        free_bytes: Callable[[], int],
        last_failure: Callable[[], str],
        metrics: Metrics,
    ) -> None:
        self._spool = spool
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._free_bytes = free_bytes
        self._last_failure = last_failure
        self._metrics = metrics
        self._growth = Growth()

    async def look(self, now: datetime) -> Sequence[Trouble]:
        depth, aside, free = await asyncio.to_thread(
            lambda: (self._spool.depth(), self._spool.aside(), self._free_bytes())
        )
        limit = min(self._max_bytes, depth.held_bytes + free)
        self._metrics.spool_limit_bytes.set(limit)
        self._metrics.spool_held_bytes.set(depth.held_bytes)
        self._metrics.batches_aside.set(len(aside))
        rate = self._growth.rate(depth.held_bytes, now)
        found = [
            spool_too_old(depth, now=now, limit_s=self._max_age_s, failure=self._last_failure()),
            spool_nearly_full(depth.held_bytes, limit, rate=rate, now=now),
            batches_set_aside(aside),
        ]
        return [trouble for trouble in found if trouble is not None]


class Growth:
    """How fast the spool grows, over the last minutes."""

    def __init__(self) -> None:
        self._seen: deque[tuple[datetime, int]] = deque(maxlen=64)

    def rate(self, held_bytes: int, now: datetime) -> float | None:
        """Bytes a second, negative while it shrinks; ``None`` where it was not looked at for long enough."""
        if self._seen and now <= self._seen[-1][0]:  # the clock was stepped back
            self._seen.clear()
        self._seen.append((now, held_bytes))
        while now - self._seen[0][0] > RATE_OVER:
            self._seen.popleft()
        since, before = self._seen[0]
        return (held_bytes - before) / (now - since).total_seconds() if now - since >= RATE_FROM else None


def spool_too_old(depth: SpoolDepth, *, now: datetime, limit_s: int, failure: str = "") -> Trouble | None:
    """Events are safe, but nobody is watching them. An outage of ClickHouse is told by this."""
    if depth.oldest is None or (now - depth.oldest).total_seconds() < limit_s:
        return None
    because = f" The last failure: {failure}." if failure else ""
    return Trouble(
        Kind.SPOOL_OLD,
        Severity.TICKET,
        "Events wait in the spool",
        f"The oldest of {depth.events:,} events has waited {lasting(now - depth.oldest)} for ClickHouse.{because}\n"
        "Nothing is lost, but evaluations do not see these events: pages about them come late, and no incident is "
        "resolved meanwhile. Is ClickHouse up, and does it keep up with its inserts?",
        since=depth.oldest,
    )


def spool_nearly_full(held_bytes: int, limit_bytes: int, *, rate: float | None, now: datetime) -> Trouble | None:
    """``rate`` in bytes a second, and ``limit_bytes`` is what the setting and the disk allow together."""
    if held_bytes < NEARLY_FULL * limit_bytes:
        return None
    soon, when = _full_when(limit_bytes - held_bytes, rate)
    return Trouble(
        Kind.SPOOL_NEARLY_FULL,
        Severity.PAGE if soon else Severity.TICKET,
        "The spool is nearly full",
        f"The spool holds {held_bytes / 2**20:,.0f} of the {limit_bytes / 2**20:,.0f} MiB that O11Y_SPOOL_MAX_BYTES "
        f"and its disk allow. {when}\n"
        "Full, the doors answer 503: gateways must keep their events, and pages about them do not come. "
        "Bring ClickHouse back, see `o11y spool list`, or make room.",
        since=now,
    )


def _full_when(room_bytes: int, rate: float | None) -> tuple[bool, str]:
    """Whether that is soon, and in words."""
    if room_bytes <= 0:
        return True, "It is full."
    if rate is None:
        return False, "How fast it grows is not known yet."
    if rate <= 0:
        return False, "It does not grow now."
    left_s = min(room_bytes / rate, _LONG_S)
    return (
        left_s < PAGE_WITHIN.total_seconds(),
        f"At the present rate it is full in {lasting(timedelta(seconds=left_s))}.",
    )


def batches_set_aside(aside: Sequence[AsideBatch]) -> Trouble | None:
    """Told again only when there are new ones: a human has to look, and need not be reminded every hour."""
    if not aside:
        return None
    newest = max(aside, key=lambda batch: batch.set_aside_at)
    events = sum(batch.events for batch in aside)
    return Trouble(
        Kind.BATCHES_SET_ASIDE,
        Severity.TICKET,
        "Events that ClickHouse refuses were set aside",
        f"{len(aside):,} batches with {events:,} events wait for a human, the newest {newest.batch_id}: "
        f"{newest.error}\n"
        "No evaluation counts them. See `o11y spool list`, and `o11y spool retry BATCH` once the cause is gone.",
        since=min(batch.set_aside_at for batch in aside),
        news=newest.batch_id,
    )
