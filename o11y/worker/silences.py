"""Silences in use: the latest copy for the evaluator, and every change with who made it."""

import logging
import secrets
from collections.abc import Callable, Sequence

from o11y.alerting.silence import NO_SILENCES, Silence, Silences, in_order
from o11y.metrics import Metrics
from o11y.worker.ports import Clock, MemoryLost, SilenceStore

log = logging.getLogger(__name__)


class Silencing:
    """``current`` never fails: with Redis away it is what was read last, and after a start without Redis nothing is
    silenced, for a page too many is better than one too few.
    """

    def __init__(self, store: SilenceStore, *, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._latest = NO_SILENCES

    async def current(self) -> Silences:
        try:
            found = tuple(await self._store.all())
        except MemoryLost as error:
            log.warning("silences not read: those read last hold", extra={"error": str(error)})
        else:
            if found != self._latest.all:
                self._latest = Silences(found)
        self._metrics.silences.set(len(self._latest.active(self._clock())))
        return self._latest

    async def all(self) -> Sequence[Silence]:
        """Those that have ended lately among them. Raises ``MemoryLost``."""
        return await self._store.all()

    async def listed(self) -> list[Silence]:
        """As ``all``, in the order in which people read them."""
        return in_order(await self._store.all(), self._clock())

    async def find(self, silence_id: str) -> Silence | None:
        """Raises ``MemoryLost``."""
        return next((silence for silence in await self._store.all() if silence.silence_id == silence_id), None)

    async def add(self, silence: Silence, *, by: str | None = None) -> Silence:
        """The one that is kept, which may be an earlier one of the same id; ``by``: its author unless given.

        Raises ``TooManySilences`` and ``MemoryLost``.
        """
        kept = await self._store.put(silence)
        if kept == silence:
            log.info("silence added", extra=_record(kept, by or kept.author))
        return kept

    async def create(self, make: Callable[[str], Silence], *, by: str) -> Silence:
        """With an id of its own, short enough to be typed. Raises as ``make`` and ``add`` do."""
        while True:
            silence = make(secrets.token_hex(4))
            if await self.add(silence, by=by) == silence:
                return silence

    async def expire(self, silence_id: str, *, by: str) -> Silence | None:
        """As it is from now on, whoever ended it first; None: there is none. Raises ``MemoryLost``."""
        now = self._clock()
        ended = await self._store.expire(silence_id, at=now, by=by)
        if ended is not None and ended.expired_at == now:
            log.info("silence expired", extra=_record(ended, by))
        return ended

    async def end_with(self, incident_id: str) -> None:
        """Those that were to last until this incident is resolved. Raises ``MemoryLost``."""
        for silence in self._latest.of_incident(incident_id, self._clock()):
            await self.expire(silence.silence_id, by="the incident is resolved")


def _record(silence: Silence, by: str) -> dict[str, object]:
    return {
        "silence_id": silence.silence_id,
        "by": by,
        "author": silence.author,
        "comment": silence.comment,
        "matchers": [str(matcher) for matcher in silence.matchers],
        "starts_at": silence.starts_at.isoformat(),
        "ends_at": silence.ended_at.isoformat(),
    }
