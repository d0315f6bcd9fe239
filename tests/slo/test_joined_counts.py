import pytest

from o11y.slo.counts import Ratio
from o11y.slo.joined_counts import joined
from o11y.slo.sli import Indicator, Sli
from tests.builders import ERROR_RATE, dimension

TRAFFIC = Sli(Indicator.TRAFFIC)
BUSY, SILENT, NEW = dimension("busy"), dimension("silent"), dimension("new")
BURNING = {BUSY: {ERROR_RATE: {300: Ratio(1, 2)}}, NEW: {ERROR_RATE: {300: Ratio(0, 2)}}}
MISSING = {BUSY: {TRAFFIC: {600: Ratio(0, 9)}}, SILENT: {TRAFFIC: {600: Ratio(9, 9)}}}


def test_a_dimension_has_what_either_counted() -> None:
    both = joined(BURNING, MISSING)
    assert dict(both) == {
        BUSY: {ERROR_RATE: {300: Ratio(1, 2)}, TRAFFIC: {600: Ratio(0, 9)}},
        NEW: BURNING[NEW],
        SILENT: MISSING[SILENT],
    }
    assert len(both) == 3
    assert [each in both for each in (BUSY, SILENT, NEW, dimension("unknown"))] == [True, True, True, False]
    with pytest.raises(KeyError):
        both[dimension("unknown")]


def test_nothing_to_join_costs_nothing() -> None:
    assert joined(BURNING, {}) is BURNING
