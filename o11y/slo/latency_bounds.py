"""The latencies, in milliseconds, at which the rollups count "at most this long".

A threshold on a bound is exact; any other would be a guess, so the objectives file refuses it.
Each bound is a column ``complete_le_<ms>`` and ``ttfb_le_<ms>``; adding one is a migration.
"""

from bisect import bisect_left
from collections.abc import Sequence

COMPLETE_BOUNDS_MS = (
    100, 250, 500, 750, 1_000, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000, 6_000, 7_500, 10_000, 12_500,
    15_000, 20_000, 25_000, 30_000, 45_000, 60_000, 90_000, 120_000, 180_000, 300_000,
)  # fmt: skip
TTFB_BOUNDS_MS = (
    50, 100, 150, 200, 250, 300, 400, 500, 600, 750, 1_000, 1_250, 1_500, 2_000, 2_500,
    3_000, 4_000, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 45_000, 60_000,
)  # fmt: skip


def next_bound(ms: int, bounds: Sequence[int]) -> int | None:
    """The lowest of ``bounds`` at or above ``ms``; None above them all."""
    place = bisect_left(bounds, ms)
    return bounds[place] if place < len(bounds) else None
