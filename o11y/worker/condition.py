"""How o11y itself is: what its status page shows of one process. Values, gathered elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from o11y.slo.windows import Severity
from o11y.worker.ports import AsideBatch
from o11y.worker.self_checks.trouble import Trouble

#: a minute is evaluated within seconds of its beginning; the next one is due before this
TICK_LATE_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class StoreCondition:
    """``place``: embedded, or server, and never where that is. ``version`` is None when it did not answer."""

    name: str
    place: str
    version: str | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ReceiverCondition:
    """``way`` in words: an incoming webhook, a channel, the log."""

    severity: Severity
    way: str
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class TickCondition:
    """``took_s``: the latest evaluation here; ``usual_s``: the mean since the start. ``outcomes``: minutes by what
    became of them, since the start.
    """

    last_minute: datetime | None
    took_s: float | None
    usual_s: float | None
    failures_in_a_row: int
    last_error: str
    outcomes: Mapping[str, int]

    def is_late(self, now: datetime) -> bool:
        return self.last_minute is not None and now - self.last_minute > TICK_LATE_AFTER


def evaluations_failed(times: int, error: str) -> str:
    """In words: of so many in a row, the last for ``error``."""
    return f"the last {f'{times} evaluations' if times > 1 else 'evaluation'} failed: {error}"


@dataclass(frozen=True, slots=True)
class SpoolCondition:
    """``oldest``: arrival of the oldest event that ClickHouse has not got. ``limit_bytes``: None when not known yet.
    ``lost_events``: what damage has cost.
    """

    events: int
    held_bytes: int
    limit_bytes: int | None
    oldest: datetime | None
    aside: Sequence[AsideBatch]
    lost_events: int

    @property
    def filled(self) -> float | None:
        """A share of 1."""
        return self.held_bytes / self.limit_bytes if self.limit_bytes else None


@dataclass(frozen=True, slots=True)
class Condition:
    """``checks``: those of ``/readyz``, None when well. ``tick``, ``dimensions``: None where this process does not
    evaluate, or has no door. ``incidents``: as Redis has just said if they are fresh, or else as they were at
    ``incidents_as_of``, and not known when that is None.
    """

    replica: str
    role: str
    started_at: datetime
    checks: Mapping[str, str | None]
    troubles: Sequence[Trouble]
    stores: Sequence[StoreCondition]
    receivers: Sequence[ReceiverCondition]
    spool: SpoolCondition
    tick: TickCondition | None
    dimensions: int | None
    incidents: int
    outbox: int
    incidents_fresh: bool = True
    incidents_as_of: datetime | None = None

    @property
    def well(self) -> bool:
        return not self.troubles and all(problem is None for problem in self.checks.values())
