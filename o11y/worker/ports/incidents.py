"""Redis: the incidents that replicas agree on, each kept together with the message that tells of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from o11y.alerting.book import Book
from o11y.alerting.incident import Delivered, Incident, Thread
from o11y.alerting.notification import Notification
from o11y.alerting.volume import Volume
from o11y.slo.windows import Severity
from o11y.worker.ports.delivery import Kept, OutboxEntry


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """``first``: this call made it. Who acknowledged an incident before stays."""

    by: str
    at: datetime
    first: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message of an incident reached its receiver. ``pages``: it said that somebody must act now."""

    incident_id: str
    severity: Severity
    at: datetime
    pages: bool
    thread: Thread | None = None


class IncidentStore(Protocol):
    """Every method raises ``MemoryLost``, and may be called again then: what was done is not done twice."""

    async def load(self) -> Book: ...

    async def commit(
        self,
        incident: Incident,
        *,
        expected: int | None,
        entry: OutboxEntry | None = None,
        anew: bool = False,
        revision: int | None = None,
    ) -> Kept:
        """Keep it if its version is still ``expected`` (None: there is none), and ``entry`` in the outbox with it.

        Both or neither. Asked again after it was done, it is STORED again. ``anew``: whoever has acknowledged it knew
        less than this; it is to be acknowledged anew. ``revision``: only while the book is still of that one, which
        each incident that is STORED makes one more. None: whatever else has changed.
        """

    async def forget(self, incidents: Sequence[Incident]) -> None:
        """They have ended, and what is known of them goes with them; not of one that has another version by now."""

    async def receive(self, receipt: Receipt) -> None: ...

    async def delivery_of(self, incident_id: str) -> Delivered: ...

    async def acknowledge(self, incident_id: str, *, by: str, at: datetime) -> Acknowledgement | None:
        """None: no such incident is open."""

    async def last_message(self, incident_id: str) -> Notification | None:
        """The newest one kept with it."""

    async def generation(self) -> str | None:
        """The marker of this generation; another after each flush, and when a replica has taken the server's place.

        None: new or flushed, restore before telling.
        """

    async def mark_generation(self) -> str:
        """What ``generation`` answers from now on; that of another replica when it was quicker."""


class VolumeStore(Protocol):
    """How much each receiver was sent lately. Raises ``MemoryLost``."""

    async def volume(self, severity: Severity) -> Volume | None: ...

    async def keep_volume(self, severity: Severity, volume: Volume) -> None: ...
