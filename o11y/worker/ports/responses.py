"""What a human answers to a message: from a button, wherever it was pressed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

#: what a button is called on its way out and back; its value is the incident's id
ACKNOWLEDGE = "o11y_ack"
#: seconds; ``None``: until the incident is resolved
SILENCES: dict[str, int | None] = {
    "o11y_silence_1h": 3_600,
    "o11y_silence_4h": 4 * 3_600,
    "o11y_silence_resolved": None,
}


class Taken(StrEnum):
    """What became of a response; the words of the log."""

    DONE = "done"
    ALREADY = "already"  # by somebody, perhaps by the same; nothing has changed
    OVER = "over"  # the incident is resolved
    UNKNOWN = "unknown"  # there is no such incident any more


@dataclass(frozen=True, slots=True)
class Response:
    """``by`` and ``at`` are of who was first, where it holds."""

    taken: Taken
    by: str | None = None
    at: datetime | None = None


class Responses(Protocol):
    """Both may be asked for again: what holds already is not done twice. Raise ``MemoryLost``."""

    async def acknowledge(self, incident_id: str, *, by: str) -> Response: ...

    async def silence(self, incident_id: str, *, by: str, seconds: int | None) -> Response:
        """``seconds`` from now; ``None``: until the incident is resolved."""
