"""What one minute's evaluation says of everything, aggregates included."""

from datetime import timedelta

from o11y.alerting.incident import Cause
from o11y.alerting.minute import Minute
from o11y.slo.counts import NOTHING, Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from tests.builders import ERROR_RATE, NOW, PAGE_30M, TICKET_6H, alert, dimension, latency, objective
from tests.worker_fakes import counted

ONE, OTHER, FAR = dimension("one"), dimension("other"), Dimension("far", "far", "far")
COUNTS = {**counted(50, ONE), **counted(10, OTHER), **counted(0, FAR)}


def minute(*firing: Dimension) -> Minute:
    return Minute(NOW, tuple(alert(dimension=each) for each in firing), COUNTS, {"error-rate": objective()})


def test_a_dimension_has_what_was_counted_of_it_and_else_nothing() -> None:
    assert minute().counted(ONE, ERROR_RATE, 300) == Ratio(50, 100)
    assert minute().counted(dimension("unknown"), ERROR_RATE, 300) == NOTHING
    assert minute().counted(ONE, latency(), 300) == NOTHING
    assert minute().counted(ONE, ERROR_RATE, 77) == NOTHING


def test_an_aggregate_has_the_sum() -> None:
    for sums, expected in (
        (Dimension(None, "vendor", None), Ratio(60, 200)),
        (Dimension("gateway", None, None), Ratio(60, 200)),
        (Dimension(None, None, None), Ratio(60, 300)),
        (Dimension(None, "unknown", None), NOTHING),
    ):
        assert minute().counted(sums, ERROR_RATE, 300) == expected


def test_the_extent_says_what_fires_of_all_that_is_active_and_who_is_well() -> None:
    found = minute(ONE).extent(Cause(Dimension(None, "vendor", None), Indicator.ERROR_RATE), ERROR_RATE, 300)
    assert (found.firing, found.active, found.models) == (1, 2, (1, 2))
    assert (found.well, found.neighbours) == (("other",), ("far",))


def test_who_fires_is_never_called_well_whatever_the_cause() -> None:
    found = minute(ONE, FAR).extent(Cause(Dimension(None, "vendor", None), Indicator.ERROR_RATE), ERROR_RATE, 300)
    assert found.neighbours == ()


def test_the_shortest_window_of_an_objective_is_that_of_any_of_its_pairs() -> None:
    assert minute().shortest_s(objective()) == 60
    assert minute().shortest_s(objective(pairs=(PAGE_30M, TICKET_6H))) == 180


def test_minutes_are_equal_when_they_say_the_same() -> None:
    one, other = minute(ONE), minute(ONE)
    one.counted(Dimension(None, "vendor", None), ERROR_RATE, 300)
    assert one == other
    assert one != Minute(NOW + timedelta(minutes=1), one.alerts, COUNTS, one.objectives)
