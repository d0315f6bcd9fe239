"""The watch over o11y itself: every check every 15 seconds, and no check stops another."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence

from o11y.metrics import Metrics
from o11y.worker.notices import Notices
from o11y.worker.pause import pause
from o11y.worker.ports import Clock
from o11y.worker.self_checks.trouble import Check, Kind, Trouble

log = logging.getLogger(__name__)

EVERY_S = 15
CHECK_DEADLINE_S = 10


class Watch:
    """``o11y_troubles`` says how many of each kind there are, told or not."""

    def __init__(self, checks: Sequence[Check], *, notices: Notices, clock: Clock, metrics: Metrics) -> None:
        self._checks = checks
        self._notices = notices
        self._clock = clock
        self._gauge = metrics.troubles
        self._found: dict[Check, Sequence[Trouble]] = {}
        for kind in Kind:
            self._gauge.labels(kind.value).set(0)

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.look()
            await pause(stop, EVERY_S)

    @property
    def troubles(self) -> Sequence[Trouble]:
        """As each check last found them."""
        return [trouble for found in self._found.values() for trouble in found]

    async def look(self) -> None:
        for check in self._checks:
            try:
                await self._ask(check)
            except Exception:  # the loop's edge: watching must not end
                log.exception("self-check failed", extra={"check": type(check).__name__})

    async def _ask(self, check: Check) -> None:
        async with asyncio.timeout(CHECK_DEADLINE_S):
            troubles = await check.look(self._clock())
        self._found[check] = troubles
        found = Counter(trouble.kind for trouble in troubles)
        for kind in check.kinds:
            self._gauge.labels(kind.value).set(found[kind])
        await self._notices.stand(troubles, kinds=check.kinds)
