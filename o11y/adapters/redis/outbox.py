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
from o11y.worker.ports import LONGEST_PAUSE_S, MemoryLost, OutboxEntry

_log = logging.getLogger(__name__)
_OUTBOX = script("outbox")
_KEYS = ["o11y:{outbox}:entries", "o11y:{outbox}:due", "o11y:{outbox}:delivered", "o11y:{outbox}:turns"]
_TICKETS_FROM = 10**14  # the turns of tickets, above those of any page (milliseconds since the epoch)
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

    async def put(self, entry: OutboxEntry) -> bool:
        """A lease on it ends."""
        identity, payload = message_id(entry.notification), entry_json.dumps(entry)
        self._leased.pop(identity, None)
        kept = await self._local.put(identity, payload)
        try:
            answer = await self._store(entry, payload)
        except MemoryLost:
            _log.warning("outbox entry kept locally alone", extra={"notification_id": identity})
            answer = "behind" if await self._behind_locally(entry) else "stored" if kept else "full"
        if answer == "full" and not kept:
            _log.error("outbox full: entry will not be retried", extra={"notification_id": identity})
        return answer == "behind"

    async def take_due(self, *, now: datetime, lease_s: int) -> Sequence[OutboxEntry]:
        """At most as many as can each use the whole deadline of a send within the lease; ask again for the rest."""
        limit = max(1, lease_s // SEND_DEADLINE_S)
        try:
            await self._reconcile()
            taken = await self._run("take", epoch_ms(now), lease_s * 1000, limit, LONGEST_PAUSE_S * 1000)
            entries = list(_readable(taken))
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

    async def _store(self, entry: OutboxEntry, payload: str) -> str:
        identity, (ticket, began) = message_id(entry.notification), entry.turn
        lowest = _TICKETS_FROM if ticket else 0
        due, turn = epoch_ms(entry.due_at), lowest + epoch_ms(began)
        answer = str(await self._run("put", identity, payload, due, self._capacity, turn, lowest))
        if answer == "delivered":
            await self._local.remove(identity)
        return answer

    async def _behind_locally(self, entry: OutboxEntry) -> bool:
        severity, began = entry.turn
        return any(
            other.turn[0] is severity and other.turn[1] < began
            for other in _readable((await self._local.entries()).values())
        )

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
                        await self._store(entry, entries[identity])

    async def _due_locally(self, now: datetime, limit: int) -> list[OutboxEntry]:
        free = (
            entry
            for entry in _readable((await self._local.entries()).values())
            if entry.is_due(now) and not self._is_leased(entry, now)
        )
        return sorted(free, key=lambda entry: (entry.turn, message_id(entry.notification)))[:limit]

    def _is_leased(self, entry: OutboxEntry, now: datetime) -> bool:
        until = self._leased.get(message_id(entry.notification), now)
        return now < until <= now + timedelta(seconds=LONGEST_PAUSE_S)

    async def _run(self, *arguments: Argument) -> Any:
        return await self._redis.run(_OUTBOX, _KEYS, arguments)


def _readable(payloads: Iterable[str]) -> Iterator[OutboxEntry]:
    """An entry of a newer version is left to those who can read it."""
    for payload in payloads:
        try:
            yield entry_json.loads(payload)
        except ValueError as error:
            _log.error("outbox entry not readable, left for another version", extra={"error": str(error)[:200]})
