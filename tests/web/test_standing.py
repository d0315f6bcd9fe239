"""A row, as tables show it."""

from decimal import Decimal

from o11y.alerting.incident import Member
from o11y.slo.counts import Ratio
from o11y.slo.evaluation import Reason
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, Sli
from o11y.slo.windows import Severity
from o11y.web.standing import Burn, Standing, standing
from o11y.worker.snapshot import PairState, Row, State
from tests.builders import PAGE_30M, TICKET_6H, dimension, member, objective, pair


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


def firing(of: Objective, told: Member | None = None) -> Burn:
    """How the first pair of a row is shown that fires."""
    ratio = Ratio(50, 100)
    states = tuple(PairState(each, ratio, ratio, 20.0, 20.0, Reason.FIRING) for each in of.pairs)
    state = State.PAGE if told is None or told.severity is Severity.PAGE else State.TICKET
    return standing(Row(of, dimension(), state, told, states, ratio, None, None, None)).burns[0]


def test_a_pair_that_fires_has_the_colour_and_the_name_of_its_severity() -> None:
    page = firing(objective(pairs=(PAGE_30M,)))
    assert (page.tone, page.label) == ("page", "page at 6×: 20× in 30m, 20× in 3m (firing)")
    ticket = firing(objective(pairs=(TICKET_6H,)))
    assert (ticket.tone, ticket.label[:6]) == ("ticket", "ticket")


def test_a_page_that_is_told_as_a_ticket_is_shown_as_one() -> None:
    of_nobody = firing(objective(pairs=(PAGE_30M,), page_eligible=False))
    assert (of_nobody.tone, of_nobody.label) == ("ticket", "ticket at 6×: 20× in 30m, 20× in 3m (firing)")
    why = "the model is not on the list of recommended models"
    lowered = firing(objective(pairs=(PAGE_30M,)), member(severity=Severity.TICKET, lowered_because=why))
    assert (lowered.tone, lowered.label[:6]) == ("ticket", "ticket")
    risen = firing(objective(pairs=(PAGE_30M,)), member(severity=Severity.PAGE, lowered_because=why))
    assert risen.tone == "page"
