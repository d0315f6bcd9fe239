"""One input: a request to a door, with what is known of the events in it."""

import base64
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

EVENT = "/ingest/api-metrics"
BATCH = "/ingest/api-metrics/batch"


@dataclass(frozen=True, slots=True)
class Sent:
    """An event of a body. ``event_id`` is ``None`` where the id itself was bent; ``sound``: nothing was."""

    event_id: str | None
    sound: bool


@dataclass(frozen=True, slots=True)
class Shot:
    """``events`` is ``None`` when the body was bent as a whole. ``welcome``: nothing around the events was bent, so
    that each sound one must be accepted.
    """

    door: str  # its line in the table
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    events: tuple[Sent, ...] | None = None
    welcome: bool = False
    parts: int = 1  # pieces in which the body arrives
    ids: tuple[str, ...] = ()  # of all events that were written, whatever became of them in the body

    def pieces(self) -> list[bytes]:
        """The body in ``parts``, none of them empty unless it is."""
        size = max(1, -(-len(self.body) // self.parts))
        return [self.body[start : start + size] for start in range(0, len(self.body), size)] or [b""]

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(replace(self, body=b"")) | {"body": _text(self.body)}, default=_text))

    @classmethod
    def load(cls, path: Path) -> Self:
        read: dict[str, Any] = json.loads(path.read_text())
        events = None if read["events"] is None else tuple(Sent(**event) for event in read["events"])
        headers = tuple((name, value) for name, value in read["headers"])
        bare = {"events": events, "headers": headers, "body": base64.b64decode(read["body"]), "ids": tuple(read["ids"])}
        return cls(**{**read, **bare})


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
