from random import Random

from hypothesis import given
from hypothesis import strategies as st

from o11y.alerting.alert import Alert
from o11y.alerting.triage import PagePolicy, groups, triage
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import PairVerdict, Reason
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity, WindowPair
from tests.builders import NOW, PAGE_5M, PAGE_30M, TICKET_6H, alert, dimension, objective

ANY = PagePolicy()
CLIENT = Dimension("gateway", None, None)


def breach(
    pair: WindowPair = PAGE_5M, *, bad: int = 50, where: Dimension | None = None, of: Objective | None = None
) -> PairVerdict:
    ratio = Ratio(bad, 100)
    return PairVerdict(of or objective(), where or dimension(), pair, ratio, ratio, Reason.FIRING)


def decide(*breaches: PairVerdict, policy: PagePolicy = ANY) -> list[Alert]:
    return triage(breaches, policy, at=NOW)


# ---------------------------------------------------------------- one alert a severity


def test_of_two_page_pairs_the_most_urgent_speaks() -> None:
    (page,) = decide(breach(PAGE_5M, bad=50), breach(PAGE_30M, bad=50))
    assert page.pair == PAGE_5M
    (page,) = decide(breach(PAGE_30M, bad=90), breach(PAGE_5M, bad=10))
    assert page.pair == PAGE_5M


def test_a_page_and_a_ticket_of_one_dimension_are_two_alerts() -> None:
    assert [found.severity for found in decide(breach(), breach(TICKET_6H))] == [Severity.PAGE, Severity.TICKET]


def test_an_alert_carries_the_counts_of_its_pair_and_the_minute() -> None:
    (page,) = decide(breach(bad=70))
    assert (page.long, page.short, page.at, page.lowered_because) == (Ratio(70, 100), Ratio(70, 100), NOW, None)


# ---------------------------------------------------------------- who may page


def test_a_page_of_a_model_off_the_list_becomes_a_ticket_with_the_reason() -> None:
    (ticket,) = decide(breach(), policy=PagePolicy(frozenset({"another/model"})))
    assert (ticket.severity, ticket.pair) == (Severity.TICKET, PAGE_5M)
    assert ticket.lowered_because == "the model is not on the list of recommended models"


def test_a_page_of_a_model_on_the_list_stays_a_page() -> None:
    (page,) = decide(breach(), policy=PagePolicy(frozenset({"vendor/model"})))
    assert (page.severity, page.lowered_because) == (Severity.PAGE, None)


def test_without_a_list_every_page_stays_a_page_but_an_empty_list_recommends_nothing() -> None:
    assert decide(breach(), policy=PagePolicy(None))[0].severity is Severity.PAGE
    assert decide(breach(), policy=PagePolicy(frozenset()))[0].severity is Severity.TICKET


def test_an_aggregate_pages_by_its_own_setting_whatever_the_list() -> None:
    policy = PagePolicy(frozenset({"another/model"}))
    eligible = objective(name="client", scope=Scope.CLIENT)
    (page,) = decide(breach(where=CLIENT, of=eligible), policy=policy)
    assert page.severity is Severity.PAGE
    muted = objective(name="client", scope=Scope.CLIENT, page_eligible=False)
    (ticket,) = decide(breach(where=CLIENT, of=muted), policy=policy)
    assert ticket.severity is Severity.TICKET
    assert ticket.lowered_because == "objective client is not page-eligible"


def test_a_lowered_page_and_the_ticket_of_its_dimension_become_one() -> None:
    policy = PagePolicy(frozenset())
    (ticket,) = decide(breach(TICKET_6H, bad=90), breach(), policy=policy)
    assert (ticket.severity, ticket.pair) == (Severity.TICKET, PAGE_5M)
    assert ticket.lowered_because


def test_a_ticket_is_never_raised_or_given_a_reason() -> None:
    (ticket,) = decide(breach(TICKET_6H), policy=PagePolicy(frozenset()))
    assert ticket.lowered_because is None


# ---------------------------------------------------------------- groups


def test_pages_come_before_tickets_and_the_worst_first_in_each() -> None:
    found = [
        alert(pair=TICKET_6H, dimension=dimension("t")),
        alert(long=Ratio(20, 100), dimension=dimension("mild")),
        alert(long=Ratio(90, 100), dimension=dimension("worst")),
        alert(objective=objective(name="another")),
    ]
    assert [
        (group[0].severity.value, group[0].objective.name, [member.dimension.model for member in group])
        for group in groups(found)
    ] == [
        ("page", "another", ["vendor/model"]),
        ("page", "error-rate", ["worst", "mild"]),
        ("ticket", "error-rate", ["t"]),
    ]


def test_among_equal_burn_rates_more_bad_events_are_worse() -> None:
    few, many = alert(long=Ratio(5, 10), dimension=dimension("a")), alert(long=Ratio(50, 100), dimension=dimension("z"))
    assert groups([few, many]) == [(many, few)]


BREACHES = st.lists(
    st.builds(
        breach,
        st.sampled_from([PAGE_5M, PAGE_30M, TICKET_6H]),
        bad=st.integers(1, 100),
        where=st.sampled_from([dimension(name) for name in "abc"]),
        of=st.sampled_from([objective(), objective(name="another")]),
    ),
    max_size=12,
)


@given(breaches=BREACHES, listed=st.frozensets(st.sampled_from("abc")))
def test_every_breach_is_told_once_in_some_group(breaches: list[PairVerdict], listed: frozenset[str]) -> None:
    found = triage(breaches, PagePolicy(listed), at=NOW)
    told = [(one.objective.name, one.dimension, one.severity) for group in groups(found) for one in group]
    assert len(told) == len(set(told)) == len(found)
    assert {place[:2] for place in told} == {(one.objective.name, one.dimension) for one in breaches}
    assert all(one.dimension.model in listed for one in found if one.severity is Severity.PAGE)


@given(breaches=BREACHES, order=st.randoms(use_true_random=False))
def test_the_order_of_breaches_does_not_change_who_is_told(breaches: list[PairVerdict], order: Random) -> None:
    def told(given: list[PairVerdict]) -> list[list[Dimension]]:
        return [[one.dimension for one in group] for group in groups(triage(given, ANY, at=NOW))]

    assert told(order.sample(breaches, len(breaches))) == told(breaches)
