"""Rest: a receiver that does not take messages is left alone for a while, instead of one message after another.

What waits meanwhile is told in its turn afterwards. One message that fails proves little, as it may be the one that
this receiver cannot take, so a second is tried before the receiver is believed to be away.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from o11y.slo.windows import Severity
from o11y.worker.ports import LONGEST_PAUSE_S


@dataclass(slots=True)
class _Receiver:
    until: datetime
    certain: bool  # it asked for silence, or hangs: trying another message would only cost time


@dataclass(slots=True)
class Rests:
    """The receivers of this process that are resting, by the severity that goes to them."""

    _resting: dict[Severity, _Receiver] = field(default_factory=dict)
    _doubted: set[Severity] | None = None  # failed in the pass under way, once

    def wait_until(self, severity: Severity, now: datetime) -> datetime | None:
        """When it may be tried again; None: now, which uses up the second opinion."""
        found = self._found(severity, now)
        if found is None:
            return None
        if self._doubted is not None and severity in self._doubted and not found.certain:
            self._doubted.remove(severity)
            return None
        return found.until

    def begin(self, severity: Severity, *, now: datetime, seconds: float, certain: bool) -> datetime:
        """It failed; returns until when it rests."""
        found = self._found(severity, now)
        until = now + timedelta(seconds=min(seconds, LONGEST_PAUSE_S))
        if found is not None:
            until = max(until, found.until)
        elif self._doubted is not None:
            self._doubted.add(severity)
        self._resting[severity] = _Receiver(until, certain)
        return until

    def end(self, severity: Severity) -> None:
        """It took a message."""
        self._resting.pop(severity, None)

    def _found(self, severity: Severity, now: datetime) -> _Receiver | None:
        """One longer than any pause was begun before the clock stepped back."""
        found = self._resting.get(severity)
        longest = now + timedelta(seconds=LONGEST_PAUSE_S)
        return found if found is not None and now < found.until <= longest else None

    @contextmanager
    def second_opinions(self) -> Iterator[None]:
        """Over a pass through what waits: of each receiver that fails in it, one more message is tried."""
        self._doubted = set()
        try:
            yield
        finally:
            self._doubted = None
