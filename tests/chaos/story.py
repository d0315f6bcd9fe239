"""An incident's whole life, twice over, as traffic by the minute: what is posted, and what is to be told of it.

Two models of one provider break, a third joins them, it gets worse, it lasts; then it is over, returns, and is over.
Later a model of another provider becomes slowly bad, then wholly, and then nobody asks for it any more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from o11y.alerting.incident import Change
from tests.chaos.stage import MINUTE, RATE, request

OBJECTIVES = Path(__file__).with_name("story.yaml")
#: minutes from the beginning of one to that of the next, and those that are evaluated of each
LENGTH, LAST = 110, 99
#: of the first incident alone
SHORT_LAST = 49
_WELL_BEFORE = 6


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From this minute to that, so many of twenty requests fail."""

    begin: int
    end: int
    bad: int


_BROKEN = (_Stretch(0, 8, 8), _Stretch(8, 32, RATE), _Stretch(39, 41, RATE))
_JOINING = (_Stretch(5, 8, 8), _Stretch(8, 32, RATE))
_FADING = (_Stretch(51, 60, 2), _Stretch(60, 65, RATE))
#: provider and model -> when its requests fail, and the last minute of them
_TRAFFIC: dict[tuple[str, str], tuple[tuple[_Stretch, ...], int]] = {
    ("first", "one"): (_BROKEN, 52),
    ("first", "two"): (_BROKEN[:2], 52),
    ("first", "three"): (_JOINING, 52),
    ("second", "well"): ((), LAST + 2),
    ("third", "fading"): (_FADING, 65),
}

_OUTAGE = (Change.FIRED, Change.JOINED, Change.REMINDED, Change.RESOLVED, Change.REOPENED, Change.RESOLVED)
_FADED = (Change.FIRED, Change.ESCALATED, Change.NO_DATA)


def _with_worse(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """What gets worse is told where a message can be brought up to date."""
    return (*changes[:2], Change.WORSENED, *changes[2:])


@dataclass(frozen=True, slots=True)
class Story:
    """``number`` tells its names from those of others. ``in_place``: the receiver keeps one message an incident."""

    start: datetime
    number: int
    in_place: bool = False

    @property
    def outage(self) -> tuple[Change, ...]:
        """What is told of the first incident, in this order."""
        return _with_worse(_OUTAGE) if self.in_place else _OUTAGE

    @property
    def all(self) -> tuple[Change, ...]:
        return (*self.outage, *(_with_worse(_FADED) if self.in_place else _FADED))

    def minute(self, number: int) -> datetime:
        return self.start + number * MINUTE

    def events(self, dice: Random) -> list[dict[str, Any]]:
        return [
            {**request(f"{model}-{self.number:03}", at, dice, status=status), "provider": provider}
            for (provider, model), (broken, last) in _TRAFFIC.items()
            for at, status in self._requests(broken, last)
        ]

    def _requests(self, broken: tuple[_Stretch, ...], last: int) -> Iterator[tuple[datetime, int]]:
        for minute in range(-_WELL_BEFORE, last):
            bad = next((stretch.bad for stretch in broken if stretch.begin <= minute < stretch.end), 0)
            for place in range(RATE):
                status = 500 if place * bad // RATE != (place + 1) * bad // RATE else 200
                yield self.minute(minute) + timedelta(seconds=place * 60 / RATE), status
