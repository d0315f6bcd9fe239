"""The evaluation: failing on this replica, or finished by none."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from o11y.slo.windows import Severity
from o11y.worker.ports import MemoryLost, TickLease, Watermarks
from o11y.worker.self_checks.trouble import Kind, Trouble, lasting
from o11y.worker.tick import BLIND_AFTER, MINUTE, Health, window_end

LATE_AFTER = timedelta(minutes=5)


class EvaluationCheck:
    """For a process that evaluates. The tick itself says that it is blind; here its repeats and its end are found.

    Minutes whose events are still on their way are evaluated and not finished: the spool's age tells of these.
    """

    kinds = frozenset({Kind.BLIND, Kind.EVALUATION_LATE})

    def __init__(
        self,
        lease: TickLease,
        watermarks: Watermarks,
        *,
        health: Callable[[], Health],
        lag_s: int,
        started_at: datetime,
    ) -> None:
        self._lease = lease
        self._watermarks = watermarks
        self._health = health
        self._lag_s = lag_s
        self._started_at = started_at
        self._blind_since: datetime | None = None

    async def look(self, now: datetime) -> Sequence[Trouble]:
        health = self._health()
        if health.failures_in_a_row >= BLIND_AFTER:
            self._blind_since = self._blind_since or now
            return [_blind(health, self._blind_since)]
        self._blind_since = None
        finished, watermark = await self._progress(health)
        last = max(finished or self._started_at, self._started_at)
        if now - last <= LATE_AFTER:
            return []
        if watermark is not None and watermark < window_end(last + 2 * MINUTE, self._lag_s):
            return []
        return [_late(finished, last, now)]

    async def _progress(self, health: Health) -> tuple[datetime | None, datetime | None]:
        """The latest minute that any replica has finished, and up to when all events have arrived."""
        try:
            return await self._lease.last_finished(), await self._watermarks.oldest()
        except MemoryLost:  # every replica evaluates for itself
            return health.last_minute, None


def _blind(health: Health, since: datetime) -> Trouble:
    return Trouble(
        Kind.BLIND,
        Severity.PAGE,
        "o11y is blind",
        f"{health.failures_in_a_row} evaluations in a row have failed; alerts may be missing until one works again.\n"
        f"Last error: {health.last_error}",
        since=since,
        said=True,
    )


def _late(finished: datetime | None, last: datetime, now: datetime) -> Trouble:
    until_now = f"since {finished:%H:%M} UTC" if finished else "since o11y has started"
    return Trouble(
        Kind.EVALUATION_LATE,
        Severity.PAGE,
        "No evaluation is finished",
        f"No replica has finished an evaluation {until_now} ({lasting(now - last)}): nobody is paged meanwhile.\n"
        "See `/readyz` and the log of the processes that evaluate: do they run, are they overloaded, is a clock wrong? "
        "Minutes of the last half hour are evaluated late once it works again.",
        since=last,
        shared=True,
    )
