"""Who is told that o11y is alive."""

from typing import Protocol


class HeartbeatError(Exception):
    """It was not taken. The text carries nothing of the address, which may hold a secret."""


class Heartbeat(Protocol):
    async def beat(self) -> None:
        """Say it once, within 5 s, or raise ``HeartbeatError``."""
