"""Budgets over the period: exact, in the order of trouble, and adding up."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.slo.budget import PERIOD_S
from o11y.slo.budget_report import DAY_S, HOUR_S, STEP_S, WINDOWS_S, BudgetReport, slis_of
from o11y.slo.counts import NOTHING, Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import Evaluator
from o11y.slo.objective import Objective
from o11y.slo.override import Layers, Override, Selector, Values
from o11y.slo.sli import Indicator, Sli
from tests.builders import ERROR_RATE, NOW, dimension, latency, objective, pair

TRAFFIC = objective(name="traffic", sli=Sli(Indicator.TRAFFIC), target="0.1", pairs=(pair(burn_rate="1.05"),))


def spent(bad: int, valid: int, *, day: Ratio = NOTHING, hour: Ratio = NOTHING) -> dict[int, Ratio]:
    """All of it in the last five days."""
    steps = {seconds: Ratio(bad, valid) for seconds in WINDOWS_S if seconds >= STEP_S}
    return {**steps, **({DAY_S: day} if day.valid else {}), **({HOUR_S: hour} if hour.valid else {})}


def report(counts: Counts, *objectives: Objective) -> BudgetReport:
    return BudgetReport(Evaluator(objectives or (objective(),)), counts, until=NOW)


def test_a_budget_is_told_in_events_and_in_shares_exactly() -> None:
    day, hour = Ratio(30, 10_000), Ratio(2, 400)
    (row,) = (found := report({dimension(): {ERROR_RATE: spent(70, 100_000, day=day, hour=hour)}})).order
    standing = found.standing(row)
    assert (standing.period, standing.good) == (Ratio(70, 100_000), 99_930)
    assert standing.compliance == Fraction(99_930, 100_000)
    assert standing.allowed == 100
    assert (standing.left_events, standing.left, standing.spent) == (30, Fraction(3, 10), Fraction(7, 10))
    assert (standing.day_rate, standing.hour_rate) == (3, 5)
    assert standing.ends_s(standing.hour_rate) == Fraction(3, 10) * PERIOD_S / 5
    assert standing.ends_s(Fraction(0)) is None
    assert standing.share_of(25) == Fraction(1, 4)


def test_a_budget_that_is_overspent_has_ended() -> None:
    (row,) = (found := report({dimension(): {ERROR_RATE: spent(300, 100_000)}})).order
    standing = found.standing(row)
    assert (standing.left, standing.left_events) == (-2, -200)
    assert standing.ends_s(Fraction(1, 10**9)) == 0


def test_the_most_spent_comes_first_and_what_was_not_used_is_absent() -> None:
    counts = {
        dimension("well"): {ERROR_RATE: spent(0, 1_000_000)},
        dimension("worst"): {ERROR_RATE: spent(20, 1_000)},
        dimension("bad"): {ERROR_RATE: spent(200, 100_000)},
        dimension("silent"): {ERROR_RATE: {HOUR_S: Ratio(0, 0)}},
    }
    found = report(counts)
    assert [found.dimension(row).model for row in found.order] == ["worst", "bad", "well"]
    assert len(found) == 3


def test_traffic_has_no_budget() -> None:
    found = report({dimension(): {ERROR_RATE: spent(1, 10), TRAFFIC.sli: spent(5, 10)}}, objective(), TRAFFIC)
    assert [found.objective(row).name for row in found.order] == ["error-rate"]
    assert slis_of([objective(), TRAFFIC]) == {ERROR_RATE}


def test_an_aggregate_is_the_sum_of_its_parts() -> None:
    per_provider = objective(name="provider", scope=Scope.PROVIDER)
    counts = {
        dimension("one"): {ERROR_RATE: spent(10, 1_000)},
        dimension("two", client="other"): {ERROR_RATE: spent(5, 4_000)},
        dimension("three", provider="elsewhere"): {ERROR_RATE: spent(1, 100)},
    }
    found = report(counts, per_provider)
    by_place = {found.dimension(row): found.standing(row).period for row in found.order}
    assert by_place == {
        Dimension(None, "vendor", None): Ratio(15, 5_000),
        Dimension(None, "elsewhere", None): Ratio(1, 100),
    }


def test_an_override_changes_the_budget_of_its_dimensions_alone() -> None:
    override = Override(Selector("error-rate", model="lenient"), Values(target=Decimal("0.99")), "ann", NOW)
    changed = objective(layers=Layers([override]))
    same = {ERROR_RATE: spent(10, 1_000)}
    found = report({dimension("lenient"): same, dimension("strict"): same}, changed)
    assert {found.dimension(row).model: found.standing(row).left for row in found.order} == {"strict": -9, "lenient": 0}


def test_the_trend_is_the_burn_rate_of_each_step_the_oldest_first() -> None:
    windows = {seconds: Ratio(seconds // STEP_S, 1_000 * (seconds // STEP_S)) for seconds in WINDOWS_S}
    windows |= {PERIOD_S: Ratio(11, 6_000)}
    windows[10 * DAY_S] = windows[STEP_S]  # nothing in the step before the last
    windows[15 * DAY_S] = Ratio(3, 3_000)
    (row,) = (found := report({dimension(): {ERROR_RATE: windows}})).order
    assert found.standing(row).trend == (6, 1, 1, 1, None, 1)


def test_totals_add_up_in_events_whatever_the_targets() -> None:
    slow = objective(name="p50", sli=latency(), target="0.5", pairs=(pair(burn_rate="1.9"),))
    counts = {
        dimension("one"): {ERROR_RATE: spent(3, 1_000), slow.sli: spent(100, 1_000)},
        dimension("two"): {ERROR_RATE: spent(0, 9_000), slow.sli: spent(0, 500)},
    }
    errors, p50 = report(counts, objective(), slow).totals
    assert (errors.name, errors.dimensions, errors.overspent, errors.bad) == ("error-rate", 2, 1, 3)
    assert (errors.allowed, errors.left) == (10, Fraction(7, 10))
    assert errors.worst.dimension == dimension("one")
    assert (p50.name, p50.allowed, p50.left) == ("p50", 750, Fraction(13, 15))


COUNTED = st.integers(0, 10**9).flatmap(lambda valid: st.tuples(st.integers(0, valid), st.just(valid)))


@given(st.lists(COUNTED, min_size=6, max_size=6), st.decimals("0.5", "0.99999", places=5))
def test_steps_and_shares_lose_nothing(steps: list[tuple[int, int]], target: Decimal) -> None:
    newest_first = [Ratio(*counted) for counted in reversed(steps)]
    windows = {
        STEP_S * number: sum(newest_first[1:number], start=newest_first[0]) for number in range(1, len(steps) + 1)
    }
    found = report({dimension(): {ERROR_RATE: windows}}, objective(target=str(target), pairs=(pair(burn_rate=1),)))
    if not windows[PERIOD_S].valid:
        assert len(found) == 0
        return
    standing = found.standing(found.order[0])
    assert standing.steps == tuple(Ratio(*counted) for counted in steps)
    assert standing.spent + standing.left == 1
    assert standing.spent * standing.allowed == standing.period.bad
    assert standing.left_events + standing.period.bad == (1 - target) * standing.period.valid
    assert found.totals[0].left == standing.left
    assert (standing.ends_s(Fraction(1)) == 0) is (standing.left <= 0)
    assert standing.ends_s(Fraction(1)) == pytest.approx(float(max(standing.left, 0)) * PERIOD_S)
