"""A stretch of time is read from the finest rollup that has it, in steps that a screen can show."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.worker.time_range import MOST_POINTS, TimeRange, epoch

NOW = datetime(2026, 11, 21, 14, 33, 20, tzinfo=UTC)


def last(**length: int) -> TimeRange:
    return TimeRange.of(NOW - timedelta(**length), NOW, now=NOW)


@pytest.mark.parametrize(
    ("shown", "grain_s", "step_s"),
    [
        (last(minutes=15), 10, 10),
        (last(hours=1), 10, 30),
        (last(hours=6), 10, 120),
        (last(hours=24), 300, 600),
        (last(days=7), 300, 3_600),
        (last(days=30), 3_600, 10_800),
        (last(days=400), 3_600, 172_800),
        (TimeRange.of(NOW - timedelta(days=3), NOW - timedelta(days=3, hours=-1), now=NOW), 300, 300),
        (TimeRange.of(NOW - timedelta(days=40), NOW - timedelta(days=39), now=NOW), 3_600, 3_600),
    ],
)
def test_the_grain_is_of_what_is_still_kept(shown: TimeRange, grain_s: int, step_s: int) -> None:
    assert (shown.grain_s, shown.step_s) == (grain_s, step_s)


@given(st.integers(6, 34_560 * 100), st.integers(0, 34_560 * 100), st.integers(60, 86_400))
def test_every_stretch_is_on_its_grain_and_they_follow_each_other(tens: int, ago: int, longest_s: int) -> None:
    until = NOW - timedelta(seconds=10 * min(ago, 3_456_000 - tens if tens < 3_456_000 else 0))
    shown = TimeRange.of(until - timedelta(seconds=10 * tens), until, now=NOW)
    assert len(shown.steps) <= MOST_POINTS + 1
    before = shown.stretches_before(longest_s)
    for stretch in (shown.stretch, *before):
        assert epoch(stretch.since) % stretch.grain_s == 0
        assert epoch(stretch.until) % stretch.grain_s == 0
        assert stretch.step_s % stretch.grain_s == 0
    assert all(one.until == other.since for one, other in pairwise(before))
    assert epoch(before[0].since) <= shown.window_start(shown.steps[0] + shown.step_s, longest_s)
    assert before[-1].until >= shown.until


def test_the_last_step_is_as_long_as_it_has_been() -> None:
    shown = last(hours=24)
    assert shown.covered_s(shown.steps[0]) == 600
    assert shown.covered_s(epoch(NOW) - 200) == 200
