"""Something that is wrong with o11y itself, as one look at it finds it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from o11y.slo.windows import Severity


class Kind(StrEnum):
    """The troubles that are looked for; labels of the metric ``o11y_troubles``."""

    BLIND = "blind"
    EVALUATION_LATE = "evaluation-late"
    SPOOL_OLD = "spool-too-old"
    SPOOL_NEARLY_FULL = "spool-nearly-full"
    BATCHES_SET_ASIDE = "batches-set-aside"
    RECEIVER_FAILING = "receiver-failing"
    REDIS_FAILING = "redis-failing"
    CLOCK_OFF = "clock-off"
    DIMENSIONS_FOLDED = "dimensions-folded"


@dataclass(frozen=True, slots=True)
class Trouble:
    """``text`` says what it means for pages and what to do.

    ``severity`` chooses the receiver; ``None``: there is none that it could be told through. ``of``: whose it is, where
    there may be several of a kind. With ``news`` it is told again only when they have changed, without it every hour
    that it lasts. ``shared``: every replica sees this very trouble, and one of them tells it. ``said``: its beginning
    has been told already, by whoever found it.
    """

    kind: Kind
    severity: Severity | None
    title: str
    text: str
    since: datetime
    of: str = ""
    news: str | None = None
    shared: bool = False
    said: bool = False

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.of}" if self.of else self.kind.value


class Check(Protocol):
    """Looks for troubles of some kinds, and finds each anew at every look for as long as it lasts."""

    @property
    def kinds(self) -> frozenset[Kind]: ...

    async def look(self, now: datetime) -> Sequence[Trouble]:
        """May raise: nothing is known of its kinds then, and none of their troubles is over."""


def lasting(time: timedelta) -> str:
    """In whole minutes, as it is said: ``12 min``, ``3 h 5 min``, ``2 d 4 h``."""
    minutes = round(time.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"
