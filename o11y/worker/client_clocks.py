"""How far the times of a client's events are from their arrival: counted at the door, looked at by the watch."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: further than this from its arrival, an event is missed by the shortest windows
FAR_OFF = timedelta(minutes=2)


@dataclass(slots=True)
class Seen:
    """Events that carried a time of their own. ``refused`` for it; of the others ``ahead`` or ``behind`` by far."""

    events: int = 0
    refused: int = 0
    ahead: int = 0
    behind: int = 0

    @property
    def off(self) -> int:
        return self.refused + self.ahead + self.behind

    def add(self, other: "Seen") -> None:
        self.events += other.events
        self.refused += other.refused
        self.ahead += other.ahead
        self.behind += other.behind


class ClientClocks:
    """Used on the event loop alone; as many entries as there are clients."""

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}

    def saw(self, client: str, event_time: datetime, *, now: datetime, events: int = 1) -> None:
        """An accepted event, which stands for ``events`` like it. Not for one without a time of its own."""
        seen = self._of(client)
        seen.events += events
        if event_time - now > FAR_OFF:
            seen.ahead += events
        elif now - event_time > FAR_OFF:
            seen.behind += events

    def refused(self, client: str) -> None:
        """An event that was refused for its time."""
        seen = self._of(client)
        seen.events += 1
        seen.refused += 1

    def take(self) -> dict[str, Seen]:
        """What was seen since it was last asked."""
        taken, self._seen = self._seen, {}
        return taken

    def _of(self, client: str) -> Seen:
        seen = self._seen.get(client)
        if seen is None:
            seen = self._seen[client] = Seen()
        return seen
