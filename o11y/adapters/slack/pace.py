"""One message a second: what Slack takes of a webhook without answering 429."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class Pace:
    """Lets one caller in at a time, ``interval_s`` apart. ``hold`` closes the gate for a while.

    ``monotonic`` and ``sleep`` are the event loop's own unless a test brings others.
    """

    def __init__(
        self,
        interval_s: float = 1.0,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._interval_s = interval_s
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._free_at = float("-inf")
        self._held_until = float("-inf")

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        try:
            if (wait_s := self._free_at - self._monotonic()) > 0:
                await self._sleep(wait_s)
        except BaseException:
            self._lock.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._free_at = self._monotonic() + self._interval_s
        self._lock.release()

    def hold(self, seconds: float) -> None:
        """The receiver asked for silence."""
        self._held_until = max(self._held_until, self._monotonic() + seconds)

    def held_s(self) -> float:
        """Seconds of silence still owed; 0 when there is none."""
        return max(0.0, self._held_until - self._monotonic())
