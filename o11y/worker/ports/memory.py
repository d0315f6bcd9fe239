"""Redis: what replicas agree on. Claims, the tick's lease, watermarks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from o11y.alerting.claim import ClaimTerms, Subject, Verdict
from o11y.slo.windows import Severity


class MemoryLost(Exception):
    """Redis does not answer. Pages go out all the same, from a memory of our own."""


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert that the history says was delivered."""

    key: str
    severity: Severity
    told_at: datetime


class AlertMemory(Protocol):
    """Claims of alert keys, a group of alerts at a time: a thousand take a few round trips, each atomic by itself.

    ``now_ms=None`` lets Redis use its own clock; tests and replay pass it. Whoever is told ``MemoryLost`` knows nothing
    of the group: some of it may have been done, and may be asked for again.
    """

    async def claim(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> Sequence[Verdict]:
        """The verdicts in the order of ``subjects``."""

    async def queue(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> None:
        """They wait in the outbox: claims answer QUEUED until confirmed or ``outbox_ms`` have passed."""

    async def confirm(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> None:
        """Delivered: their cooldowns start."""

    async def restore(self, told: Sequence[ToldAlert], terms: Callable[[Severity], ClaimTerms]) -> None:
        """Write delivered alerts back after a flush; never overwrites anything newer."""

    async def restore_queued(self, subjects: Sequence[Subject], *, queued_at_ms: int) -> None:
        """They wait in the outbox since then, unless they were told in the meantime."""

    async def generation(self) -> str | None:
        """The marker of this generation; another after each flush, and when a replica has taken the server's place.

        None: new or flushed, restore before sending.
        """

    async def mark_generation(self) -> str:
        """What ``generation`` answers from now on; that of another replica when it was quicker."""


class TickLease(Protocol):
    async def acquire(self, minute: datetime, *, owner: str, lease_s: int) -> bool:
        """True when this owner evaluates the minute: nobody has finished it and nobody holds a live lease."""

    async def renew(self, minute: datetime, *, owner: str, lease_s: int) -> bool:
        """False when it was taken over."""

    async def finish(self, minute: datetime, *, owner: str) -> None: ...

    async def last_finished(self) -> datetime | None:
        """The latest one."""

    async def unfinished(self, since: datetime, until: datetime) -> Sequence[datetime]:
        """Minutes of [since, until) that nobody has finished or is evaluating, in order; none from before the first
        minute that was ever acquired.
        """

    async def rewind(self, minute: datetime) -> None:
        """The clock was stepped back to ``minute``: it and those after it are unfinished again."""


class Watermarks(Protocol):
    async def publish(self, replica: str, oldest_event_time: datetime | None, *, ttl_s: int) -> None:
        """None: this shipper has nothing unshipped."""

    async def oldest(self) -> datetime | None: ...


class MemoryStore(AlertMemory, TickLease, Watermarks, Protocol):
    """One Redis, all roles."""
