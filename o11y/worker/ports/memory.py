"""Redis: what replicas agree on about time. The tick's lease, watermarks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class MemoryLost(Exception):
    """Redis does not answer. Pages go out all the same, from a memory of our own."""


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


class MemoryStore(TickLease, Watermarks, Protocol):
    """One Redis, both roles."""
