"""Burn rates over time are those that the evaluation would have found; a budget ends at what is left."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from o11y.worker.burn_history import budget_ends, budget_stretches, burn_down, burn_history, windows_of
from o11y.worker.time_range import TimeRange, epoch
from tests.builders import objective

NOW = datetime(2026, 11, 21, 14, 33, 20, tzinfo=UTC)
DAY_S = 86_400


def buckets(since: int, until: int, step_s: int, seed: int = 1) -> list[tuple[int, int, int]]:
    dice = random.Random(seed)
    found = []
    for start in range(since, until, step_s):
        valid = dice.choice((0, 3, 10))
        if valid:
            found.append((start, dice.randint(0, 3), valid))
    return found


def test_a_burn_rate_is_bad_over_valid_over_budget_of_each_window() -> None:
    shown = TimeRange.of(NOW - timedelta(hours=1), NOW, now=NOW)
    coarse, fine = shown.stretches_before(21_600)
    rows = [
        *buckets(epoch(coarse.since), epoch(coarse.until), 300),
        *buckets(epoch(fine.since), epoch(fine.until), 10, seed=2),
    ]
    told = burn_history(objective(), rows, shown=shown)
    assert told.ends[-1] == epoch(NOW)
    assert list(told.rates) == [60, 180, 300, 1_800, 21_600]
    for window_s, rates in told.rates.items():
        for end, rate in list(zip(told.ends, rates, strict=True))[::37]:
            start = end - window_s if window_s <= 7_200 else (end - window_s) // 300 * 300
            inside = [row for row in rows if start <= row[0] < end]
            valid = sum(row[2] for row in inside)
            expected = sum(row[1] for row in inside) / valid / 0.001 if valid else None
            assert rate == (expected if expected is None else pytest.approx(expected))


def test_windows_shorter_than_the_grain_are_not_shown() -> None:
    assert windows_of(objective(), TimeRange.of(NOW - timedelta(days=1), NOW, now=NOW)) == [300, 1_800, 21_600]
    assert windows_of(objective(), TimeRange.of(NOW - timedelta(days=30), NOW, now=NOW)) == [21_600]


def test_where_nothing_is_valid_there_is_no_burn_rate() -> None:
    told = burn_history(objective(), [], shown=TimeRange.of(NOW - timedelta(hours=1), NOW, now=NOW))
    assert set(told.rates[60]) == {None}


def test_a_burn_down_begins_whole_and_ends_at_what_is_left() -> None:
    rows = [(epoch(NOW) - 20 * DAY_S, 3, 10_000), (epoch(NOW) - 10, 3, 2_000)]
    told = burn_down(objective(), rows, until=NOW, place=0)
    assert len(told) == len(budget_ends(NOW))
    assert told[0] == 1
    assert told[len(told) // 2] == pytest.approx(1 - 3 / 12)
    assert told[-1] == pytest.approx(1 - 6 / 12)


def test_the_stretches_of_a_budget_are_its_thirty_days_exactly() -> None:
    stretches = budget_stretches(NOW)
    assert stretches[0].since == NOW - timedelta(days=30) - timedelta(seconds=200)  # on five minutes
    assert stretches[-1].until == NOW
    assert all(one.until == other.since for one, other in pairwise(stretches))
    assert [stretch.grain_s for stretch in stretches] == [300, 3_600, 300, 10]
    assert budget_stretches(NOW, fine=False)[-1].grain_s == 300
