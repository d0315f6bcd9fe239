"""The outbox's durable local copy, for when Redis is away or has been flushed."""

import asyncio
import logging
from typing import Protocol

from o11y.worker.ports import SpoolFull

_log = logging.getLogger(__name__)
_DELIVERED = "delivered"  # the payload of an entry that was delivered while Redis was away


class OutboxMirror(Protocol):
    """Synchronous and thread-safe; this process is its only writer. ``outbox_put`` may raise ``SpoolFull``."""

    def outbox_put(self, notification_id: str, payload: str, /) -> None: ...

    def outbox_remove(self, notification_id: str, /) -> None: ...

    def outbox_all(self) -> list[tuple[str, str]]: ...


class LocalCopy:
    """An ``OutboxMirror`` off the event loop, which also remembers deliveries that Redis has yet to be told of."""

    def __init__(self, mirror: OutboxMirror, *, capacity: int) -> None:
        self._mirror = mirror
        self._capacity = capacity
        self._ids: set[str] | None = None  # read once: nobody else writes

    async def put(self, identity: str, payload: str) -> bool:
        """False when there is no room, here or on the disk."""
        ids = await self._known()
        if identity not in ids and len(ids) >= self._capacity:
            return False
        try:
            await asyncio.to_thread(self._mirror.outbox_put, identity, payload)
        except (SpoolFull, OSError) as error:
            _log.error("outbox entry not mirrored", extra={"notification_id": identity, "error": str(error)})
            return False
        ids.add(identity)
        return True

    async def remove(self, identity: str) -> None:
        ids = await self._known()
        if identity in ids:
            await asyncio.to_thread(self._mirror.outbox_remove, identity)
            ids.discard(identity)

    async def put_delivered(self, identity: str) -> None:
        """Redis cannot be told now; until it is, this entry must not come back."""
        if not await self.put(identity, _DELIVERED):
            await self.remove(identity)

    async def entries(self) -> dict[str, str]:
        """Undelivered ones: id -> payload."""
        return {identity: payload for identity, payload in await self._all() if payload != _DELIVERED}

    async def delivered(self) -> list[str]:
        return [identity for identity, payload in await self._all() if payload == _DELIVERED]

    async def _all(self) -> list[tuple[str, str]]:
        return await asyncio.to_thread(self._mirror.outbox_all) if await self._known() else []

    async def _known(self) -> set[str]:
        if self._ids is None:
            self._ids = {identity for identity, _ in await asyncio.to_thread(self._mirror.outbox_all)}
        return self._ids
