"""What a fault did: the row it gets in the table, and whether a promise was broken."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is tried. The short form is for every change, the long one for a release."""

    long: bool = False
    seed: int = 1

    def times(self, short: int, long: int) -> int:
        return long if self.long else short


@dataclass(frozen=True, slots=True)
class Outcome:
    """``lost`` and ``duplicated`` are events in the raw table or in any rollup; the notifications are counted at the
    receiver. ``marked`` are repeats that say that they may be one, where one was allowed.
    """

    fault: str
    injected: int
    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    notifications: int = 0  # distinct ones that were due
    notifications_lost: int = 0
    notifications_duplicated: int = 0  # beyond the marked ones that are allowed
    marked: int = 0
    note: str = ""

    @property
    def kept(self) -> bool:
        """Every promise was kept, and the fault did happen."""
        broken = self.lost + self.duplicated + self.notifications_lost + self.notifications_duplicated
        return self.injected > 0 and broken == 0


#: one fault, injected as often as the scale says; raises ``AssertionError`` where a promise that no column counts broke
Scenario = Callable[[Scale], Outcome]
