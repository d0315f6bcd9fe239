"""What was sent and what came back, door by door, as the table that is printed."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.fuzz.oracle import Acknowledged
from tests.fuzz.shot import Shot

HEADER = ("door", "inputs", "answers", "events acknowledged", "missing", "refused but stored")


@dataclass
class Line:
    """``known``: the ids of acknowledged events, where the body told them; ``unknown``: how many others there were."""

    inputs: int = 0
    statuses: Counter[int] = field(default_factory=Counter)  # 0: closed without an answer
    acknowledged: int = 0


class Ledger:
    def __init__(self) -> None:
        self.lines: defaultdict[str, Line] = defaultdict(Line)
        self.known: dict[str, str] = {}  # acknowledged event id -> door
        self.unknown = 0  # events that were acknowledged, or may have been, and whose ids the shot does not tell
        self.refused: dict[str, str] = {}  # refused event id -> door
        self._perhaps: set[str] = set()  # ids that may be among the unknown

    def note(self, shot: Shot, status: int, acknowledged: Acknowledged) -> None:
        line = self.lines[shot.door]
        line.inputs += 1
        line.statuses[status] += 1
        line.acknowledged += acknowledged.count
        kept = [event.event_id for event in acknowledged.events or () if event.event_id is not None]
        self.known.update(dict.fromkeys(kept, shot.door))
        self.unknown += acknowledged.count - len(kept)
        if acknowledged.count > len(kept):
            self._perhaps.update(shot.ids)
        if status == 0 and acknowledged.events is None:
            # The sender of spoilt bytes half-closes, and uvicorn then keeps its answer, also of what it has stored.
            self._perhaps.update(shot.ids)
            self.unknown += len(shot.ids)
        if acknowledged.events is not None:
            sent = {event.event_id for event in shot.events or () if event.event_id is not None}
            self.refused.update(dict.fromkeys(sent - set(kept), shot.door))

    @property
    def inputs(self) -> int:
        return sum(line.inputs for line in self.lines.values())

    def rows(self, stored: Counter[str]) -> list[tuple[str, ...]]:
        """With what is missing in ``stored`` (event id -> how often), or is there although it was refused."""
        missing = Counter(door for event_id, door in self.known.items() if event_id not in stored)
        intruders = Counter(self.refused[event_id] for event_id in self._intruders(stored))
        return [
            (
                door,
                f"{line.inputs:,}",
                " ".join(f"{status or 'closed'}:{count:,}" for status, count in sorted(line.statuses.items())),
                f"{line.acknowledged:,}",
                str(missing[door]),
                str(intruders[door]),
            )
            for door, line in sorted(self.lines.items())
        ]

    def check(self, stored: Counter[str]) -> None:
        """Every acknowledged event is stored, once, and nothing else is."""
        lost = [event_id for event_id in self.known if event_id not in stored]
        assert not lost, f"{len(lost)} acknowledged events are not stored, {lost[0]} of {self.known[lost[0]]}"
        twice = [event_id for event_id, times in stored.items() if times > 1]
        assert not twice, f"{len(twice)} events are stored twice, {twice[0]}"
        intruders = self._intruders(stored)
        assert not intruders, f"{len(intruders)} refused events are stored, {intruders[0]}"
        others = len(stored) - len(self.known)
        assert others <= self.unknown, f"{others} events are stored beside those acknowledged, at most {self.unknown}"

    def _intruders(self, stored: Counter[str]) -> list[str]:
        """Ids that are stored although they were refused, and never acknowledged in another shot."""
        return [i for i in self.refused if i in stored and i not in self.known and i not in self._perhaps]
