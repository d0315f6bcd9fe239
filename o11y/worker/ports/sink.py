"""Where copies of accepted events go."""

from typing import Protocol

from o11y.events import AcceptedEvent


class EventSink(Protocol):
    """Best-effort copy of accepted events (PostHog): never blocks, never raises, drops and counts beyond its bound."""

    def capture(self, client: str, event: AcceptedEvent) -> None: ...

    async def close(self) -> None: ...


class NoSink:
    """PostHog is off."""

    def capture(self, client: str, event: AcceptedEvent) -> None:
        pass

    async def close(self) -> None:
        pass
