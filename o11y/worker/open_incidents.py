"""The incidents that are open now, and how far that can be relied on, for people who look."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from o11y.alerting.book import Book
from o11y.worker.condition import evaluations_failed
from o11y.worker.ports import Clock, MemoryLost
from o11y.worker.tick import Health, whole_minute

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 1.0
KEPT_FOR = timedelta(seconds=5)
#: one finished minute follows another before this, even where the next tick has to finish it
FINISHED_LATE_AFTER = timedelta(minutes=3)
#: a minute that failed here may by then be finished by another replica
_OTHERS_TAKE = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Known:
    """``fresh``: Redis has just said so. ``as_of``: when ``book`` was so; None: nothing is known. ``evaluated``: the
    newest minute that a replica is known to have finished; None: none is. ``failure``: why evaluations fail that no
    other replica makes up for; "" when none does.
    """

    book: Book
    fresh: bool
    as_of: datetime | None
    evaluated: datetime | None
    failure: str = ""

    def is_late(self, now: datetime) -> bool:
        return self.evaluated is not None and now - self.evaluated > FINISHED_LATE_AFTER

    def is_doubtful(self, now: datetime) -> bool:
        """Whether something else may fire by now."""
        return not self.fresh or bool(self.failure) or self.is_late(now)


class Copy(Protocol):
    """What this process knows of incidents. ``loaded_at``: when it heard that from the store."""

    @property
    def book(self) -> Book: ...

    @property
    def loaded_at(self) -> datetime | None: ...


class OpenIncidents:
    """As the store has them; while it does not answer, as this process knew them last.

    ``health``: of this process's evaluation, which goes on without the store.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[Book]],
        *,
        last_finished: Callable[[], Awaitable[datetime | None]],
        copy: Copy,
        health: Health,
        clock: Clock,
    ) -> None:
        self._load = load
        self._last_finished = last_finished
        self._copy = copy
        self._health = health
        self._clock = clock
        self._kept: tuple[datetime, Known] | None = None
        self._heard: Known | None = None  # the newest that is fresh

    async def book(self) -> Book:
        return (await self.look()).book

    async def look(self) -> Known:
        """At most five seconds old; never raises."""
        now = self._clock()
        if self._kept is None or not timedelta() <= now - self._kept[0] < KEPT_FOR:
            self._kept = now, await self._found()
        known = self._kept[1]
        return replace(known, failure=self._failure(known))

    def forget(self) -> None:
        """Something was changed just now."""
        self._kept = None

    async def _found(self) -> Known:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                book, evaluated = await asyncio.gather(self._load(), self._last_finished())
        except (MemoryLost, TimeoutError) as error:
            log.info("incidents are shown as they were known last", extra={"error": type(error).__name__})
            return self._known_last()
        self._heard = Known(book, True, self._clock(), evaluated)
        return self._heard

    def _known_last(self) -> Known:
        book, evaluated = self._copy.book, self._health.last_minute
        as_of = max((at for at in (self._copy.loaded_at, evaluated) if at is not None), default=None)
        heard = self._heard
        if heard is not None and heard.as_of is not None and (as_of is None or heard.as_of >= as_of):
            book, as_of = heard.book, heard.as_of
        return Known(book, False, as_of, evaluated)

    def _failure(self, known: Known) -> str:
        health = self._health
        done_elsewhere = (
            known.fresh
            and known.evaluated is not None
            and known.evaluated >= whole_minute(self._clock() - _OTHERS_TAKE)
        )
        if not health.failures_in_a_row or done_elsewhere:
            return ""
        return evaluations_failed(health.failures_in_a_row, health.last_error)
