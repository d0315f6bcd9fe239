"""The incidents that are open now, for people who look."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from o11y.alerting.book import Book
from o11y.worker.ports import MemoryLost

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 1.0
KEPT_S = 5.0


class OpenIncidents:
    """As the store has them; while it does not answer, as this process knew them last. ``monotonic``: seconds."""

    def __init__(
        self,
        load: Callable[[], Awaitable[Book]],
        *,
        known: Callable[[], Book],
        monotonic: Callable[[], float],
    ) -> None:
        self._load = load
        self._known = known
        self._monotonic = monotonic
        self._kept: tuple[float, Book] | None = None

    async def book(self) -> Book:
        """At most five seconds old; never raises."""
        now = self._monotonic()
        if self._kept is not None and now - self._kept[0] < KEPT_S:
            return self._kept[1]
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                found = await self._load()
        except (MemoryLost, TimeoutError) as error:
            log.info("incidents are shown as they were known last", extra={"error": type(error).__name__})
            found = self._known()
        self._kept = now, found
        return found

    def forget(self) -> None:
        """Something was changed just now."""
        self._kept = None
