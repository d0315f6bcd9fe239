"""How far an incident reaches: now, at the worst, and whether there is anything beside it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from o11y.alerting.breadth import extent_now, nothing_came, with_extent, worst_first
from o11y.alerting.incident import Cause, Extent, Incident, Member
from o11y.alerting.minute import Minute
from o11y.slo.counts import Counts
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator, Sli
from o11y.slo.windows import Severity
from tests.builders import NOW, TICKET_6H, alert, dimension, incident, member, objective, ratio
from tests.worker_fakes import counted

MINUTE = timedelta(minutes=1)
A, B, C, WELL = map(dimension, ("a", "b", "c", "well"))
PROVIDER = Cause(Dimension(None, "vendor", None), Indicator.ERROR_RATE)


def wide(*of: Dimension, **changes: Any) -> Incident:
    return incident(*(member(dimension=each) for each in of), **{"cause": PROVIDER, **changes})


def minute(*firing: Dimension, minutes: int = 0, **changes: Any) -> Minute:
    """These fire, and one of the same provider is well."""
    at = NOW + minutes * MINUTE
    counts: Counts = {**counted(0, A, B, C, WELL), **(counted(50, *firing) if firing else {})}
    alerts = tuple(alert(dimension=each, at=at) for each in firing)
    return Minute(at, alerts, counts, **{"objectives": {"error-rate": objective()}, **changes})


def test_it_reaches_as_far_as_what_fires_by_its_indicator() -> None:
    found = extent_now(wide(A, B), minute(A, B))
    assert found is not None
    assert (found.firing, found.active, found.well) == (2, 4, ("c", "well"))


def test_what_does_not_fire_reaches_nowhere_and_neither_does_what_nobody_evaluates() -> None:
    assert extent_now(wide(A, B), minute(minutes=1)) is None
    assert extent_now(wide(A, B), minute(A, B, objectives={})) is None


def test_the_widest_extent_is_kept_in_numbers_alone() -> None:
    both = with_extent(wide(A, B), minute(A, B))
    assert both.widest == Extent(firing=2, active=4, clients=(1, 1), providers=(1, 1), models=(2, 4))
    more = with_extent(wide(A, B, C, widest=both.widest), minute(A, B, C))
    assert more.widest is not None
    assert more.widest.firing == 3
    assert with_extent(replace(more, members=both.members), minute(A, B)).widest == more.widest


def test_one_dimension_alone_has_no_extent_worth_keeping() -> None:
    assert with_extent(incident(member(dimension=A)), minute(A)).widest is None


def test_the_worst_is_a_page_then_furthest_over_its_threshold_then_the_one_with_most_bad_events() -> None:
    page = member(dimension=A, burn_rate=20)
    worse = member(dimension=B, burn_rate=30)
    larger = member(dimension=C, burn_rate=30, long=ratio(500, 1_000))
    ticket = member(dimension=WELL, severity=Severity.TICKET, pair=TICKET_6H, burn_rate=900)
    expected: list[Member] = [larger, worse, page, ticket]
    assert sorted([ticket, page, worse, larger], key=worst_first) == expected


# ---------------------------------------------------------------- all traffic is missing

TRAFFIC = Sli(Indicator.TRAFFIC)
MISSING = objective(name="traffic", sli=TRAFFIC, target="0.5", pairs=(TICKET_6H,))


def missing(*gone: Dimension, here: Dimension | None = None) -> bool:
    counts: Counts = counted(100, *gone, sli=TRAFFIC)
    if here is not None:
        counts = {**counts, **counted(0, here, sli=TRAFFIC)}
    members = [member(dimension=each, objective="traffic", severity=Severity.TICKET, pair=TICKET_6H) for each in gone]
    one = incident(*members, cause=Cause(Dimension(None, None, None), Indicator.TRAFFIC))
    return nothing_came(one, Minute(NOW, (), counts, {"traffic": MISSING}))


def test_that_nothing_came_is_said_when_nobody_sends_what_is_usual() -> None:
    assert missing(A, B)
    assert not missing(A, B, here=C)


def test_errors_are_never_missing_traffic() -> None:
    assert not nothing_came(wide(A), minute(A))
    assert not nothing_came(wide(A), minute(minutes=1))
