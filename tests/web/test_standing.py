"""A row, as tables show it."""

from decimal import Decimal

from o11y.slo.counts import Ratio
from o11y.slo.evaluation import Reason
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, Sli
from o11y.web.standing import Standing, standing
from o11y.worker.snapshot import PairState, Row, State
from tests.builders import dimension, objective, pair


def shown(of: Objective, recent: Ratio) -> Standing:
    states = tuple(PairState(each, recent, recent, 1.0, 1.0, Reason.LONG_BELOW) for each in of.pairs)
    return standing(Row(of, dimension(), State.WELL, None, states, recent, None, None, None))


def test_of_requests_that_do_not_come_there_is_nothing_to_count_and_no_target() -> None:
    of = objective(name="silent", sli=Sli(Indicator.TRAFFIC), target="0.05", pairs=(pair(burn_rate=1),))
    row = shown(of, Ratio(0, 0))
    assert (row.requests, row.bad_fraction, row.target) == (None, None, None)


def test_of_requests_they_are_told() -> None:
    row = shown(objective(target="0.99"), Ratio(3, 12))
    assert (row.requests, row.bad_fraction, row.target) == (12, 0.25, Decimal("0.99"))


def test_pairs_of_the_same_windows_can_be_told_apart() -> None:
    of = objective(pairs=(pair(long_s=600, short_s=60), pair(long_s=600, short_s=60, max_requests=100)))
    assert [burn.windows for burn in shown(of, Ratio(1, 9)).burns] == ["10m/1m", "10m/1m quiet"]
