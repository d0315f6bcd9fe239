"""The heartbeat: after each good tick somebody outside is told, who calls a human when it stops."""

import asyncio
import logging
from collections.abc import Callable

from o11y.metrics import Metrics
from o11y.worker.ports import Heartbeat, HeartbeatError

log = logging.getLogger(__name__)


class Heartbeats:
    """Calls in the background, one at a time: a beat that comes while one is under way is left out.

    So is one while ``can_page`` says no: who cannot tell anybody has to be missed.
    """

    def __init__(
        self, heartbeat: Heartbeat | None, *, metrics: Metrics, can_page: Callable[[], bool] = lambda: True
    ) -> None:
        """None: nobody waits for it, and nothing is counted."""
        self._heartbeat = heartbeat
        self._can_page = can_page
        self._counter = metrics.heartbeats
        self._call: asyncio.Task[None] | None = None
        self._failing = False

    def beat(self) -> None:
        """Returns at once, on a running event loop."""
        if self._heartbeat is None:
            return
        if not self._can_page():
            self._counter.labels("withheld").inc()
            log.warning("heartbeat withheld: pages are not delivered")
            return
        if self._call is not None and not self._call.done():
            self._counter.labels("skipped").inc()
            return
        self._call = asyncio.create_task(self._beat(self._heartbeat))

    async def close(self) -> None:
        """Give up what is under way."""
        if self._call is not None:
            self._call.cancel()
            await asyncio.gather(self._call, return_exceptions=True)

    async def _beat(self, heartbeat: Heartbeat) -> None:
        try:
            await heartbeat.beat()
        except HeartbeatError as error:
            self._counter.labels("failed").inc()
            log.warning("heartbeat not taken", extra={"error": str(error)})
            self._failing = True
            return
        except Exception:  # the task's edge: nobody awaits it
            self._counter.labels("failed").inc()
            log.exception("heartbeat failed")
            return
        self._counter.labels("taken").inc()
        if self._failing:
            self._failing = False
            log.info("heartbeat is taken again")
