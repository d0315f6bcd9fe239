"""Which traffic is usual: what came at the same time of day on the last seven days."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from o11y.slo.dimension import Dimension

DAYS = 7
#: days of which o11y knows anything, below which nothing is usual yet
LEAST_DAYS = 3
#: past days are looked at on this grain, so windows of traffic are multiples of it
GRAIN_S = 300

#: of each window (its length in seconds) the requests of every client x provider x model that had any
Requests = Mapping[int, Mapping[Dimension, int]]


def slot_of(until: datetime) -> datetime:
    """The boundary of the grain nearest to ``until``: where the windows of past days end, 150 s away at most."""
    past = until.timestamp() % GRAIN_S
    return until + timedelta(seconds=GRAIN_S - past if 2 * past >= GRAIN_S else -past)


def usual(days: Sequence[int], known: Sequence[int]) -> int:
    """The requests to be expected, 0 for none: the median of the days, and no more than came a week ago.

    ``days`` are the requests of yesterday, of the day before, ... and of a week ago; ``known`` the places of those on
    which o11y was there and counted something, whosesoever. A median forgets an outage, or a peak, of up to three
    days. Of an even number it takes the lower, since too little expected is an alert less, and too much one without
    reason. What sleeps at weekends is not expected on a Saturday: that the last one was silent is the only sign of it.
    """
    if len(known) < LEAST_DAYS:
        return 0
    median = sorted(days[day] for day in known)[(len(known) - 1) // 2]
    return min(median, days[DAYS - 1]) if DAYS - 1 in known else median
