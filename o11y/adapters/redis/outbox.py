"""The outbox: in Redis, where replicas share it, and in the local spool, which outlives Redis."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from o11y.adapters.redis import entry_json
from o11y.adapters.redis.connection import Argument, RedisConnection, script
from o11y.adapters.redis.mirror import LocalCopy, OutboxMirror
from o11y.alerting.notification import message_id
from o11y.worker.delivery import SEND_DEADLINE_S
from o11y.worker.local_memory import epoch_ms
from o11y.worker.ports import MemoryLost, OutboxEntry

_log = logging.getLogger(__name__)
_OUTBOX = script("outbox")
_KEYS = ["o11y:{outbox}:entries", "o11y:{outbox}:due", "o11y:{outbox}:delivered"]
_REMEMBER_MS = 48 * 3_600_000  # deliveries: twice as long as an entry is retried
_ASKED_AT_ONCE = 500


class RedisOutbox:
    """Implements ``Outbox``. It never raises ``MemoryLost``: with Redis away the mirror alone carries it.

    Every change goes to the mirror too. What the mirror has and Redis has not (it was away, or flushed) is filled in
    again before anything is taken; what Redis remembers as delivered is dropped from the mirror. With Redis away
    each replica sends what its own mirror has. Beyond ``capacity`` a new entry is refused and logged: it is still
    sent once, by whoever put it, but not retried.
    """

    def __init__(self, redis: RedisConnection, mirror: OutboxMirror, *, capacity: int = 10_000) -> None:
        self._redis = redis
        self._local = LocalCopy(mirror, capacity=capacity)
        self._capacity = capacity
        self._leased: dict[str, datetime] = {}  # id -> until when this process is sending it

    async def put(self, entry: OutboxEntry) -> None:
        """New, or to be tried again at its new ``due_at``: a lease on it ends."""
        identity, payload = message_id(entry.notification), entry_json.dumps(entry)
        self._leased.pop(identity, None)
        kept = await self._local.put(identity, payload)
        try:
            kept |= await self._store(identity, payload, due_at=entry.due_at)
        except MemoryLost:
            _log.warning("outbox entry kept locally alone", extra={"notification_id": identity})
        if not kept:
            _log.error("outbox full: entry will not be retried", extra={"notification_id": identity})

    async def take_due(self, *, now: datetime, lease_s: int) -> Sequence[OutboxEntry]:
        """At most as many as can each use the whole deadline of a send within the lease; ask again for the rest."""
        limit = max(1, lease_s // SEND_DEADLINE_S)
        try:
            await self._reconcile()
            entries = list(_readable(await self._run("take", epoch_ms(now), lease_s * 1000, limit)))
        except MemoryLost:
            entries = await self._due_locally(now, limit)
        self._leased = {identity: until for identity, until in self._leased.items() if until > now}
        self._leased |= {message_id(entry.notification): now + timedelta(seconds=lease_s) for entry in entries}
        return entries

    async def done(self, notification_id: str) -> None:
        self._leased.pop(notification_id, None)
        try:
            await self._run("done", notification_id, _REMEMBER_MS)
        except MemoryLost:
            await self._local.put_delivered(notification_id)
        else:
            await self._local.remove(notification_id)

    async def size(self) -> int:
        try:
            return int(await self._run("size"))
        except MemoryLost:
            return len(await self._local.entries())

    async def _store(self, identity: str, payload: str, *, due_at: datetime) -> bool:
        answer = await self._run("put", identity, payload, epoch_ms(due_at), self._capacity)
        if answer == "delivered":
            await self._local.remove(identity)
        return bool(answer != "full")

    async def _reconcile(self) -> None:
        """Redis learns what it missed: deliveries first, then the entries that it has never seen or has lost."""
        for identity in await self._local.delivered():
            await self._run("done", identity, _REMEMBER_MS)
            await self._local.remove(identity)
        entries = await self._local.entries()
        remaining = iter(entries)
        while asked := list(islice(remaining, _ASKED_AT_ONCE)):
            answers = await self._run("known", *asked)
            for identity, answer in zip(asked, answers, strict=True):
                if answer == "delivered":
                    await self._local.remove(identity)
                elif answer == "absent":
                    for entry in _readable([entries[identity]]):
                        await self._store(identity, entries[identity], due_at=entry.due_at)

    async def _due_locally(self, now: datetime, limit: int) -> list[OutboxEntry]:
        free = (
            entry
            for entry in _readable((await self._local.entries()).values())
            if entry.due_at <= now and self._leased.get(message_id(entry.notification), now) <= now
        )
        return sorted(free, key=lambda entry: entry.due_at)[:limit]

    async def _run(self, *arguments: Argument) -> Any:
        return await self._redis.run(_OUTBOX, _KEYS, arguments)


def _readable(payloads: Iterable[str]) -> Iterator[OutboxEntry]:
    """An entry of a newer version is left to those who can read it."""
    for payload in payloads:
        try:
            yield entry_json.loads(payload)
        except ValueError as error:
            _log.error("outbox entry not readable, left for another version", extra={"error": str(error)[:200]})
