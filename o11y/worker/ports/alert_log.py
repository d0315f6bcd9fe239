"""ClickHouse: the alert history as people read it, and what its incidents cost."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from o11y.alerting.incident import Thread
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Sli
from o11y.slo.windows import Severity


class Standing(StrEnum):
    """How an incident stands, as far as its history tells."""

    FIRING = "firing"
    NO_DATA = "no data"
    RESOLVED = "resolved"
    EXPIRED = "expired"  # closed, its recovery never confirmed


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """Which transitions, of minutes in [since, until). What is ``""`` is not asked for; names are meant exactly."""

    since: datetime
    until: datetime
    client: str = ""
    provider: str = ""
    model: str = ""
    objective: str = ""
    severity: str = ""
    transition: str = ""
    incident: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """A row of the history. ``at``: the minute evaluated; ``recorded_at``: when it was written down.

    ``slack``: where the message is that it tells of.
    """

    at: datetime
    key: str
    recorded_at: datetime
    transition: str
    severity: str
    notification_id: str
    incident_id: str
    objective: str
    dimension: Dimension
    bad: int
    valid: int
    burn_rate: float
    burn_rate_threshold: float
    reason: str
    slack: Thread | None


@dataclass(frozen=True, slots=True)
class After:
    """The place of the last row of a page, newest first: what comes after it is older, or equal and later in order."""

    at: datetime
    key: str
    recorded_at: datetime
    transition: str
    severity: str
    notification_id: str


@dataclass(frozen=True, slots=True)
class LoggedIncident:
    """An incident from its first transition to its last. ``dimensions`` are some of the ``alerts`` it is about.

    ``paging``: those of its ``objectives`` that fired a page. ``paged_at``: when the first page of it was delivered, by
    any receiver.
    """

    incident_id: str
    severity: Severity
    standing: Standing
    opened_at: datetime
    ended_at: datetime | None
    objectives: tuple[str, ...]
    paging: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    alerts: int
    peak: float
    reopened: int
    paged_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    slack: Thread | None


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to some alerts of an incident at one moment, for one reason; ``dimensions`` are some of them."""

    incident_id: str
    at: datetime
    transition: str
    severity: str
    reason: str
    alerts: int
    objectives: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    peak: float


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert in one incident: from the window that made it fire to its end. ``ended_at``: None while it is open."""

    incident_id: str
    key: str
    severity: Severity
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one SLI counted in one dimension in [since, until), on the 5 min grain."""

    sli: Sli
    dimension: Dimension
    since: datetime
    until: datetime


class AlertLogStore(Protocol):
    """Every method takes at most 2 s, and raises ``StoreError``."""

    async def transitions(self, asked: LogQuestion, *, after: After | None, most: int) -> Sequence[Transition]:
        """The newest first."""

    async def incidents(
        self, asked: LogQuestion, *, after: tuple[datetime, str] | None, most: int
    ) -> Sequence[LoggedIncident]:
        """Those with a transition that is asked for, each told in full; the last opened first. ``after``: opening and
        id of the last one of the page before.
        """

    async def steps(self, incidents: Sequence[LoggedIncident], *, most_of_each: int) -> Sequence[Step]:
        """What happened to them, in order; of each the last ``most_of_each``."""


class SpendStore(Protocol):
    """Every method takes at most 2 s, and raises ``StoreError``."""

    async def episodes(
        self, keys: Collection[str], *, since: datetime, until: datetime, most: int
    ) -> Sequence[Episode]:
        """Of the alerts with these keys, those that were open at any time of [since, until); the newest first."""

    async def counted(self, stretches: Sequence[Stretch]) -> Sequence[Ratio]:
        """Of each stretch its bad and valid events, by one statement."""
