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
from o11y.slo.windows import Severity
from o11y.worker.delivery import SEND_DEADLINE_S
from o11y.worker.ports import LONGEST_PAUSE_S, Kept, MemoryLost, OutboxEntry

_log = logging.getLogger(__name__)
OUTBOX = script("outbox")
OUTBOX_KEYS = ["o11y:{outbox}:entries", "o11y:{outbox}:due", "o11y:{outbox}:delivered", "o11y:{outbox}:turns"]
#: a turn is a number: milliseconds since the epoch, each rank above the one before, each receiver above the other
_A_RANK, _A_RECEIVER = 10**14, 10**15
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

    async def put(self, entry: OutboxEntry) -> Kept:
        """A lease on it ends."""
        identity = message_id(entry.notification)
        kept = await self.mirror(entry)
        try:
            answer = await self._store(entry)
        except MemoryLost:
            _log.warning("outbox entry kept locally alone", extra={"notification_id": identity})
            answer = "behind" if await self._behind_locally(entry) else "stored" if kept else "full"
        if answer == "full" and not kept:
            _log.error("outbox full: entry will not be retried", extra={"notification_id": identity})
        return Kept.STALE if answer == "delivered" else Kept(answer)

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

    def arguments_of(self, entry: OutboxEntry) -> list[Argument]:
        """What the script is told of an entry."""
        identity, payload = message_id(entry.notification), entry_json.dumps(entry)
        lowest = 0 if entry.turn.severity is Severity.PAGE else _A_RECEIVER
        turn = lowest + entry.turn.rank * _A_RANK + epoch_ms(entry.turn.began)
        return [identity, payload, epoch_ms(entry.due_at), self._capacity, turn, lowest]

    async def mirror(self, entry: OutboxEntry) -> bool:
        """Keep a copy of what Redis has; a lease on it ends. False: there is no room for one."""
        identity = message_id(entry.notification)
        self._leased.pop(identity, None)
        return await self._local.put(identity, entry_json.dumps(entry))

    async def _store(self, entry: OutboxEntry) -> str:
        answer = str(await self._run("put", *self.arguments_of(entry)))
        if answer == "delivered":
            await self._local.remove(message_id(entry.notification))
        return answer

    async def _behind_locally(self, entry: OutboxEntry) -> bool:
        mine = entry.turn
        waiting = (other.turn for other in _readable((await self._local.entries()).values()))
        return any(turn.severity is mine.severity and turn.key < mine.key for turn in waiting)

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
                        await self._store(entry)

    async def _due_locally(self, now: datetime, limit: int) -> list[OutboxEntry]:
        free = (
            entry
            for entry in _readable((await self._local.entries()).values())
            if entry.is_due(now) and not self._is_leased(entry, now)
        )
        return sorted(free, key=lambda entry: (entry.turn.key, message_id(entry.notification)))[:limit]

    def _is_leased(self, entry: OutboxEntry, now: datetime) -> bool:
        until = self._leased.get(message_id(entry.notification), now)
        return now < until <= now + timedelta(seconds=LONGEST_PAUSE_S)

    async def _run(self, *arguments: Argument) -> Any:
        return await self._redis.run(OUTBOX, OUTBOX_KEYS, arguments)


def epoch_ms(moment: datetime) -> int:
    """Whole milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)


def _readable(payloads: Iterable[str]) -> Iterator[OutboxEntry]:
    """An entry of a newer version is left to those who can read it."""
    for payload in payloads:
        try:
            yield entry_json.loads(payload)
        except ValueError as error:
            _log.error("outbox entry not readable, left for another version", extra={"error": str(error)[:200]})
