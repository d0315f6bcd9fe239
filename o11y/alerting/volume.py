"""The volume cap: so many messages in so long a time to a receiver; the rest in one digest. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from o11y.alerting.incident import Change
from o11y.slo.windows import Severity

WINDOW = timedelta(minutes=5)
#: what asks somebody to act
_ACTS = frozenset({Change.FIRED, Change.REOPENED, Change.ESCALATED})
_ENDS = frozenset({Change.RESOLVED})
#: lines that a digest carries; beyond, they are counted
LINES = 30


@dataclass(frozen=True, slots=True)
class Cap:
    """Messages within ``WINDOW``: pages pass up to ``pages``, everything else up to ``messages``."""

    messages: int = 10
    pages: int = 20

    def __post_init__(self) -> None:
        if not 1 <= self.messages <= self.pages:
            raise ValueError("message cap: at least 1, and not above the cap of pages")


@dataclass(frozen=True, slots=True)
class Folded:
    """A message that was not sent: one line of the digest."""

    incident_id: str
    change: Change
    at: datetime
    line: str


@dataclass(frozen=True, slots=True)
class Volume:
    """What one receiver was sent lately, and what is waiting for its digest."""

    sent: tuple[datetime, ...] = ()
    folded: tuple[Folded, ...] = ()
    digest_at: datetime | None = None
    more: int = 0  # folded beyond those, of which only the number is kept

    def admits(self, change: Change, severity: Severity, *, at: datetime, cap: Cap) -> bool:
        urgent = severity is Severity.PAGE and change in _ACTS
        return len(self._recent(at)) < (cap.pages if urgent else cap.messages)

    def with_sent(self, at: datetime) -> "Volume":
        return replace(self, sent=(*self._recent(at), at))

    def with_folded(self, folded: Folded) -> "Volume":
        """Once, however often it is asked for, as long as it is one of the lines."""
        same = (folded.incident_id, folded.change, folded.at)
        if any((one.incident_id, one.change, one.at) == same for one in self.folded):
            return self
        if len(self.folded) >= LINES:
            return replace(self, more=self.more + 1)
        return replace(self, folded=(*self.folded, folded))

    def digest_due(self, at: datetime) -> bool:
        """At once for the first one, then one in a window."""
        return bool(self.folded) and (self.digest_at is None or not timedelta() <= at - self.digest_at < WINDOW)

    def with_digest(self, at: datetime) -> "Volume":
        return replace(self, folded=(), more=0, digest_at=at)

    def _recent(self, at: datetime) -> tuple[datetime, ...]:
        """A stamp that lies ahead was made before the clock was stepped back."""
        return tuple(sent for sent in self.sent if timedelta() <= at - sent < WINDOW)


def digest_text(volume: Volume) -> str:
    """A line for each message that was not sent, oldest first."""
    lines = [f"{one.at:%H:%M} {one.line}" for one in volume.folded]
    if volume.more:
        lines.append(f"and {volume.more:,} more; the alert history has them all")
    return "\n".join(lines)


def only_ends(volume: Volume) -> bool:
    """Whether the digest is good news alone: it is not to look like one more page."""
    return not volume.more and all(one.change in _ENDS for one in volume.folded)
