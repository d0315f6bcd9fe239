"""The incidents as this process knows them: Redis while it answers, the last copy of them when it does not."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from o11y.alerting.alert import Alert
from o11y.alerting.book import Book, forgettable
from o11y.alerting.incident import UNDELIVERED, Change, Delivered, Incident, Phase
from o11y.alerting.merge import agreed
from o11y.alerting.notification import Notification
from o11y.metrics import Metrics
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity
from o11y.worker.ports import Clock, IncidentStore, Kept, MemoryLost, Outbox, OutboxEntry, Receipt

log = logging.getLogger(__name__)

#: attempts to write an incident that other replicas write too
_AGREED_WITHIN = 10
_TRIED = timedelta(hours=24)  # so long a message is tried
#: what is trouble that has to be acknowledged anew
_ANEW = frozenset({Change.REOPENED, Change.ESCALATED})


class Incidents:
    """Loaded once a tick; each change goes to Redis with its message, or to the copy while Redis is away.

    What was changed without Redis is written when it is back. Where another replica has meanwhile done likewise, the
    two are made one, so that nothing is told twice from then on.
    """

    def __init__(
        self,
        store: IncidentStore,
        outbox: Outbox,
        *,
        objectives: Sequence[Objective],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._objectives = {objective.name: objective for objective in objectives}
        self._clock = clock
        self._metrics = metrics
        self._incidents: dict[str, Incident] = {}
        self._delivered: dict[str, Delivered] = {}
        self._unshared: dict[str, int | None] = {}  # incident id -> the version that Redis had; None: it had none
        self._receipts: list[Receipt] = []  # unshared too
        self._anew: set[str] = set()  # incident ids of which Redis may have an acknowledgement that holds no more
        self._revision = 0  # of the book as it was loaded, and one more for each incident written since
        self._generation: str | None = None
        self._writer = secrets.token_hex(8)
        self.memory_lost_since: datetime | None = None
        self.loaded_at: datetime | None = None  # from Redis

    @property
    def without_memory(self) -> bool:
        return self.memory_lost_since is not None

    @property
    def book(self) -> Book:
        """As it was last loaded, with what was changed here since."""
        return Book(dict(self._incidents), dict(self._delivered))

    async def load(self) -> Book:
        """The newest state that can be had; never raises."""
        try:
            book = await self._store.load()
            if self._unshared or self._receipts:
                await self._share(book)
                book = await self._store.load()
        except MemoryLost:
            self._lost()
        else:
            self.memory_lost_since, self.loaded_at = None, self._clock()
            self._incidents, self._delivered = dict(book.incidents), dict(book.delivered)
            self._revision = book.revision
            await self._forget()
        return self.book

    async def restore_after_flush(
        self, told_since: Callable[[], Awaitable[Sequence[Incident]]], *, now: datetime
    ) -> None:
        """Before anything is told: when Redis was flushed, or a replica has taken its place and may lack its last
        writes, what this process knows; and when it is empty, what the history says of the rest.

        The marker is set last: a history that cannot be read now is read at the next tick. Each flush and each
        promotion gets a marker of its own, so that every replica notices and says what it knows.
        """
        try:
            generation = await self._store.generation()
            if generation is not None and generation == self._generation:
                return
            known = [i for i in self._incidents.values() if not forgettable(i, now, self._objectives)]
            self._unshared |= {incident.incident_id: None for incident in known}
            if generation is None:
                told = [i for i in await told_since() if not forgettable(i, now, self._objectives)]
                for incident in told:
                    if incident.incident_id not in self._incidents:
                        self._incidents[incident.incident_id] = _until(incident, now)
                        self._unshared[incident.incident_id] = None
                log.info("no incidents in memory; restored from the history", extra={"incidents": len(told)})
            self._receipts += [
                receipt for incident in known for receipt in receipts_of(incident.incident_id, self.book.delivered)
            ]
            if self._unshared or self._receipts:
                book = await self._store.load()
                await self._share(book)
                await self._acknowledge_again(known, book)
            self._generation = generation or await self._store.mark_generation()
        except MemoryLost:
            self._lost()

    async def commit(self, incident: Incident, *, entry: OutboxEntry | None = None) -> Kept:
        """Keep a changed incident, and its message in the outbox; STALE when another evaluator was first.

        Whose alerts are new ones was decided on the whole book: they are kept with nothing else changed meanwhile.
        Two evaluators that catch up, each with a minute of its own, would both open an incident of the same alert.
        """
        expected = self._incidents.get(incident.incident_id)
        version = None if expected is None else expected.version
        new = replace(incident, version=(version or 0) + 1, writer=self._writer)
        anew = _must_be_acknowledged_anew(new, expected)
        try:
            self._check_shared(incident.incident_id)
            revision = self._revision if _has_new_alerts(new, expected) else None
            kept = await self._store.commit(new, expected=version, entry=entry, anew=anew, revision=revision)
            self._revision += kept is not Kept.STALE
        except MemoryLost:
            self._lost()
            self._unshared.setdefault(incident.incident_id, version)
            self._anew |= {incident.incident_id} if anew else set()
            behind = entry is not None and await self._outbox.put(entry) is Kept.BEHIND
            kept = Kept.BEHIND if behind else Kept.STORED
        if kept is not Kept.STALE:
            self._incidents[incident.incident_id] = new
            if anew:
                known = self._delivered.get(incident.incident_id, UNDELIVERED)
                self._delivered[incident.incident_id] = _unacknowledged(known)
        return kept

    def _check_shared(self, incident_id: str) -> None:
        """A server that answers and takes no writes has an older version: that is not another evaluator's doing."""
        if incident_id in self._unshared:
            raise MemoryLost("changed without Redis")

    async def receive(self, receipt: Receipt) -> None:
        """A message reached its receiver."""
        self._delivered[receipt.incident_id] = _with(self._delivered.get(receipt.incident_id, UNDELIVERED), receipt)
        try:
            await self._store.receive(receipt)
        except MemoryLost:
            self._lost()
            self._receipts.append(receipt)

    async def delivery_of(self, message: Notification) -> Delivered:
        """What is known of its incident's messages by now."""
        if message.account is None:
            return UNDELIVERED
        incident_id = message.account.incident_id
        try:
            known = await self._store.delivery_of(incident_id)
            self._delivered[incident_id] = _unacknowledged(known) if incident_id in self._anew else known
        except MemoryLost:
            self._lost()
        return self._delivered.get(incident_id, UNDELIVERED)

    async def alerts_told(self, incident_id: str) -> Sequence[Alert]:
        """Those of the newest message kept with it; none while Redis is away."""
        try:
            message = await self._store.last_message(incident_id)
        except MemoryLost:
            self._lost()
            return ()
        return () if message is None else message.alerts

    def superseded(self, message: Notification) -> bool:
        """Whether something newer has been told, or is on its way, of the incident."""
        account = message.account
        incident = self._incidents.get(account.incident_id) if account is not None else None
        if incident is None or incident.told is None:
            return False
        return incident.told.at > message.fired_at

    async def _share(self, book: Book) -> None:
        """Write what was changed without Redis. Raises ``MemoryLost``, and is to be called again then."""
        for identity, expected in list(self._unshared.items()):
            incident = self._incidents.get(identity)
            if incident is not None:
                book = await self._share_one(incident, book, expected)
            del self._unshared[identity]
            self._anew.discard(identity)
        while self._receipts:
            await self._store.receive(self._receipts[0])
            del self._receipts[0]

    async def _share_one(self, mine: Incident, book: Book, expected: int | None) -> Book:
        """The book with it. Of replicas that write at the same time each looks again at what the other has written."""
        for _ in range(_AGREED_WITHIN):
            found = agreed(mine, book, expected=expected)
            if found is None:
                return book
            one, version = found
            if one.incident_id != mine.incident_id:
                self._receipts = [_of(one, receipt, instead_of=mine) for receipt in self._receipts]
            anew, one = mine.incident_id in self._anew, replace(one, writer=self._writer)
            if await self._store.commit(one, expected=version, anew=anew) is not Kept.STALE:
                return Book({**book.incidents, one.incident_id: one}, book.delivered)
            book = await self._store.load()
        log.error("an incident changed without Redis is lost to it", extra={"incident": mine.incident_id})
        return book

    async def _acknowledge_again(self, known: Sequence[Incident], book: Book) -> None:
        """Who is known here to have acknowledged, unless it has changed since and may have to be done anew."""
        for mine in known:
            acknowledged, theirs = self.book.delivery_of(mine.incident_id), book.incidents.get(mine.incident_id)
            who, when = acknowledged.acknowledged_by, acknowledged.acknowledged_at
            if who is not None and when is not None and (theirs is None or theirs.version <= mine.version):
                await self._store.acknowledge(mine.incident_id, by=who, at=when)

    def _is_on_its_way(self, incident: Incident, now: datetime) -> bool:
        """Whether its last message may still be tried: then its thread is needed, lest it stay red for ever."""
        reached, told = self._delivered.get(incident.incident_id, UNDELIVERED).told_at, incident.told
        return told is not None and now - told.at <= _TRIED and (reached is None or reached < told.at)

    async def _forget(self) -> None:
        now = self._clock()
        over = [i for i in self._incidents.values() if forgettable(i, now, self._objectives)]
        gone = [incident for incident in over if not self._is_on_its_way(incident, now)]
        try:
            await self._store.forget(gone)
        except MemoryLost:
            self._lost()
        for incident in gone:
            self._incidents.pop(incident.incident_id)
            self._delivered.pop(incident.incident_id, None)

    def _lost(self) -> None:
        self._metrics.memory_lost.inc()
        self.memory_lost_since = self.memory_lost_since or self._clock()


def _has_new_alerts(incident: Incident, before: Incident | None) -> bool:
    known = {member.key for member in before.members} if before is not None else set()
    return any(member.key not in known for member in incident.members)


def _must_be_acknowledged_anew(incident: Incident, before: Incident | None) -> bool:
    told = incident.told
    return told is not None and told.change in _ANEW and (before is None or before.told != told)


def _unacknowledged(known: Delivered) -> Delivered:
    return replace(known, acknowledged_by=None, acknowledged_at=None)


def _until(incident: Incident, now: datetime) -> Incident:
    """One of the history, which does not say until when an alert fired or had data.

    If it is open it did so until just now: it is not quiet before somebody has watched it for as long as that takes.
    """
    if incident.phase is not Phase.FIRING:
        return incident
    last = now - timedelta(minutes=1)
    members = [replace(m, fired_at=max(m.fired_at, last), data_at=max(m.data_at, last)) for m in incident.members]
    return replace(incident, members=tuple(members))


def receipts_of(incident_id: str, delivered: Mapping[str, Delivered]) -> list[Receipt]:
    """What is known of an incident's messages, as it was once received."""
    known = delivered.get(incident_id)
    if known is None or known.told_at is None:
        return []
    paged = [Receipt(incident_id, Severity.PAGE, known.paged_at, pages=True)] if known.paged_at is not None else []
    threads = [
        Receipt(incident_id, Severity(severity), known.told_at, pages=False, thread=thread)
        for severity, thread in known.threads.items()
    ]
    return [*paged, *(threads or [Receipt(incident_id, Severity.TICKET, known.told_at, pages=False)])]


def _of(incident: Incident, receipt: Receipt, *, instead_of: Incident) -> Receipt:
    """Two incidents have been made one: what was received of the other is of it."""
    same = receipt.incident_id == instead_of.incident_id
    return replace(receipt, incident_id=incident.incident_id) if same else receipt


def _with(known: Delivered, receipt: Receipt) -> Delivered:
    threads = dict(known.threads)
    if receipt.thread is not None:
        threads[receipt.severity.value] = receipt.thread
    return replace(
        known,
        told_at=receipt.at,
        paged_at=receipt.at if receipt.pages else known.paged_at,
        threads=threads,
    )
