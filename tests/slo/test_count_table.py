"""Counts by columns say what the same counts by dimension say."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.slo.aggregation import aggregates, windows_within
from o11y.slo.count_table import Column, CountTable, table_of
from o11y.slo.counts import NOTHING, Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.joined_counts import joined
from o11y.slo.sli import Sli
from tests.builders import ERROR_RATE, latency

SLOW = latency(5_000)
WINDOWS = (60, 300)
HERE, THERE = Dimension("web", "openai", "gpt-5"), Dimension("web", "azure", "gpt-5")
UNKNOWN = Dimension("web", "openai", "o3")

DIMENSIONS = st.builds(Dimension, *(st.sampled_from(names) for names in (("web", "app"), ("openai", "azure"), "ab")))
RATIOS = st.integers(1, 1_000).flatmap(lambda valid: st.builds(Ratio, st.integers(0, valid), st.just(valid)))
COUNTS = st.dictionaries(
    DIMENSIONS,
    st.dictionaries(st.sampled_from((ERROR_RATE, SLOW)), st.dictionaries(st.sampled_from(WINDOWS), RATIOS)),
)


def without_nothing(counts: Counts) -> dict[Dimension, Mapping[Sli, Mapping[int, Ratio]]]:
    """An indicator of which nothing was counted is as good as absent."""
    return {place: {sli: windows for sli, windows in of.items() if windows} for place, of in counts.items()}


@given(COUNTS)
def test_a_table_holds_what_it_was_made_of(counts: Counts) -> None:
    table = CountTable.of(counts)
    assert without_nothing(table) == without_nothing(counts)
    assert CountTable.of(table) is table


@given(COUNTS)
def test_each_way_to_ask_gives_the_same(counts: Counts) -> None:
    table = CountTable.of(counts)
    for sli in (ERROR_RATE, SLOW):
        for window_s in WINDOWS:
            found = {place: of[sli][window_s] for place, of in counts.items() if window_s in of.get(sli, {})}
            assert dict(table.rows(sli, window_s)) == found
            for place in counts:
                assert table.ratio(place, sli, window_s) == found.get(place, NOTHING)
                assert table.windows(place, sli).get(window_s) == found.get(place)


@given(COUNTS, st.sampled_from(Scope))
def test_an_aggregate_is_the_sum_over_what_it_folds(counts: Counts, scope: Scope) -> None:
    sums: dict[tuple[Dimension, Sli, int], Ratio] = {}
    for place, by_sli in counts.items():
        for sli, windows in by_sli.items():
            for window_s, ratio in windows.items():
                key = place.within(scope), sli, window_s
                sums[key] = sums.get(key, NOTHING) + ratio
    if scope is not Scope.MODEL:
        table = aggregates(counts, {scope: (ERROR_RATE, SLOW)})[scope]
        found = {(p, s, w): r for p, of in table.items() for s, windows in of.items() for w, r in windows.items()}
        assert found == sums
    for place in {part.within(scope) for part in counts}:
        asked = windows_within(counts, place, SLOW)
        assert dict(asked) == {w: r for (p, s, w), r in sums.items() if (p, s) == (place, SLOW)}


def test_a_window_without_valid_events_is_absent() -> None:
    table = CountTable((HERE, THERE), {ERROR_RATE: {60: Column((0, 1), (0, 2)), 300: Column((0, 1), (0, 4))}})
    assert table[HERE] == {ERROR_RATE: {}}
    assert table.rows(ERROR_RATE, 60) == [(THERE, Ratio(1, 2))]


def test_of_what_is_not_there_nothing_was_counted() -> None:
    table = CountTable.of({HERE: {ERROR_RATE: {60: Ratio(1, 2)}}})
    assert table.ratio(UNKNOWN, ERROR_RATE, 60) == table.ratio(HERE, SLOW, 60) == NOTHING
    assert table.ratio(HERE, ERROR_RATE, 300) == NOTHING
    assert table.windows(UNKNOWN, ERROR_RATE) == table.windows(HERE, SLOW) == {}
    assert table.rows(SLOW, 60) == table.rows(ERROR_RATE, 300) == []
    assert UNKNOWN not in table
    with pytest.raises(KeyError):
        table[UNKNOWN]


def test_joined_counts_give_the_columns_of_either() -> None:
    both = joined({HERE: {ERROR_RATE: {60: Ratio(1, 2)}}}, {THERE: {SLOW: {60: Ratio(3, 4)}}})
    assert table_of(both, ERROR_RATE).rows(ERROR_RATE, 60) == [(HERE, Ratio(1, 2))]
    assert table_of(both, SLOW).rows(SLOW, 60) == [(THERE, Ratio(3, 4))]
    assert windows_within(both, Dimension(None, "azure", None), SLOW) == {60: Ratio(3, 4)}
