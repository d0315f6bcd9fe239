"""Where everything stands: the worst first, made once for everybody, and never waited for but at first."""

import asyncio

import pytest

from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import Reason
from o11y.slo.sli import Indicator, Sli
from o11y.slo.windows import Severity
from o11y.worker.ports import StoreError
from o11y.worker.ports.series import Quantiles
from o11y.worker.snapshot import Order, Row, Snapshot, State, Wanted
from o11y.worker.snapshot_making import BUDGET_WINDOWS_S
from tests.builders import ERROR_RATE, dimension, incident, member, objective, pair
from tests.worker.overview_stage import OverviewStage
from tests.worker_fakes import WINDOWS

RECENT = (*WINDOWS, 3_600, *BUDGET_WINDOWS_S)


def counted(of: dict[Dimension, tuple[int, int]]) -> Counts:
    return {where: {ERROR_RATE: dict.fromkeys(RECENT, Ratio(*ratio))} for where, ratio in of.items()}


def looked(stage: OverviewStage) -> Snapshot:
    async def look() -> Snapshot | None:
        await stage.overview.look()
        await stage.overview.settled()  # the budgets too
        found = await stage.overview.look()
        await stage.overview.settled()
        assert found is not None
        return await stage.overview.look()

    found = asyncio.run(look())
    assert found is not None
    return found


def models(rows: list[Row]) -> list[str | None]:
    return [row.dimension.model for row in rows]


MANY = {
    dimension("well"): (0, 1_000),
    dimension("near"): (5, 1_000),
    dimension("nearer"): (9, 1_000),
    dimension("by chance"): (1, 2),
    dimension("page"): (500, 1_000),
    dimension("ticket"): (3, 1_000),
}


@pytest.fixture
def stage() -> OverviewStage:
    stage = OverviewStage()
    stage.counts.now = counted(MANY)
    page = member(dimension=dimension("page"))
    ticket = member(dimension=dimension("ticket"), severity=Severity.TICKET)
    stage.incidents = [incident(page), incident(ticket, incident_id="i-2")]
    return stage


def test_what_fires_comes_first_then_what_is_nearest_to_it(stage: OverviewStage) -> None:
    snapshot = looked(stage)
    rows = snapshot.rows(snapshot.places(Wanted()))
    assert models(rows)[:2] == ["page", "ticket"]
    assert models(rows)[-1] == "well"
    assert [row.state for row in rows[:2]] == [State.PAGE, State.TICKET]
    assert rows[-1].state is State.WELL
    assert snapshot.number_of[State.PAGE] == 1


def test_of_what_fires_that_which_spends_the_most_budget_comes_first() -> None:
    """Half of the requests may be slower than a median allows: many of them are less than a few errors."""
    slow = objective(
        name="latency-p50", sli=Sli(Indicator.LATENCY, threshold_ms=5_000), target="0.5", pairs=(pair(burn_rate="1.5"),)
    )
    where = dimension("model")
    ratios = {ERROR_RATE: Ratio(100, 1_000), slow.sli: Ratio(900, 1_000)}
    stage = OverviewStage(objectives=(slow, objective()))
    stage.counts.now = {where: {sli: dict.fromkeys(RECENT, ratio) for sli, ratio in ratios.items()}}
    stage.incidents = [incident(member(dimension=where), member(dimension=where, objective="latency-p50"))]
    snapshot = looked(stage)
    assert [row.objective.name for row in snapshot.rows(snapshot.places(Wanted()))] == ["error-rate", "latency-p50"]


def test_a_row_has_the_burn_rate_of_every_window_and_why_it_does_not_fire(stage: OverviewStage) -> None:
    (row,) = looked(stage).of(dimension("by chance"))
    assert row.state is State.BURNING
    assert [each.long_rate for each in row.pairs] == [pytest.approx(500)] * 3
    assert {each.reason for each in row.pairs} == {Reason.TOO_FEW_BAD}
    assert row.recent == Ratio(1, 2)


def test_budgets_are_of_thirty_days_beside_those_of_a_day_ago(stage: OverviewStage) -> None:
    day, period, longer = BUDGET_WINDOWS_S
    windows = {day: Ratio(1, 1_000), period: Ratio(2, 10_000), longer: Ratio(2, 11_000)}
    stage.counts.now = {dimension("m"): {ERROR_RATE: {**dict.fromkeys(WINDOWS, Ratio(0, 10)), **windows}}}
    (row,) = looked(stage).of(dimension("m"))
    assert row.budget == pytest.approx(0.8)
    assert row.budget_before == pytest.approx(0.9)


def test_sums_are_rows_of_their_own() -> None:
    of_provider = objective(name="provider-error-rate", target="0.99", scope=Scope.PROVIDER)
    stage = OverviewStage((objective(), of_provider))
    stage.counts.now = counted(
        {dimension("a"): (1, 100), dimension("b"): (3, 100), dimension("c", provider="x"): (0, 9)}
    )
    snapshot = looked(stage)
    (row,) = snapshot.of(Dimension(None, "vendor", None))
    assert (row.objective.name, row.recent) == ("provider-error-rate", Ratio(4, 200))
    assert len(snapshot) == 5
    assert snapshot.dimensions == 3


def test_requests_that_do_not_come_are_rows_too() -> None:
    missing = Sli(Indicator.TRAFFIC)
    silent = objective(name="drop", sli=missing, target="0.05", pairs=(pair(burn_rate=1, long_s=1_800, short_s=600),))
    stage = OverviewStage((silent,))
    stage.baselines.now = {1_800: {dimension("m"): 1_000}, 600: {dimension("m"): 300}}
    (row,) = looked(stage).of(dimension("m"))
    assert row.pairs[0].long == Ratio(1_000, 1_000)
    assert row.budget is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(model="near"), {"near"}),  # one has this name
        (Wanted(model="nea"), {"near", "nearer"}),
        (Wanted(model="NEA"), {"near", "nearer"}),
        (Wanted(client="gateway", provider="vendor", model="page"), {"page"}),
        (Wanted(client="nobody"), set()),
        (Wanted(objective="error-rate", states=(State.PAGE, State.TICKET)), {"page", "ticket"}),
        (Wanted(objective="another"), set()),
    ],
)
def test_rows_are_narrowed_by_name_and_state(stage: OverviewStage, wanted: Wanted, found: set[str]) -> None:
    snapshot = looked(stage)
    assert set(models(snapshot.rows(snapshot.places(wanted)))) == found


@pytest.mark.parametrize(
    ("order", "first", "last"),
    [
        (Order.NAME, "by chance", "well"),
        (Order.BAD, "page", "well"),
        (Order.REQUESTS, "page", "by chance"),
        (Order.BUDGET, "page", "well"),
        (Order.P50, "near", "well"),
    ],
)
def test_rows_can_be_sorted_by_every_column(stage: OverviewStage, order: Order, first: str, last: str) -> None:
    stage.quantiles.now = {
        dimension("near"): Quantiles(900.0, 1.0, None),
        dimension("page"): Quantiles(800.0, 1.0, None),
    }
    snapshot = looked(stage)
    found = models(snapshot.rows(snapshot.places(Wanted(), order=order)))
    assert (found[0], found[-1]) == (first, last)
    turned = models(snapshot.rows(snapshot.places(Wanted(), order=order, reverse=True)))
    if order is not Order.P50:  # of which not every row has one
        assert turned == found[::-1]


def test_the_other_way_round_what_is_not_known_still_comes_last(stage: OverviewStage) -> None:
    measured = {"near": 900.0, "page": 800.0, "well": 700.0}
    stage.quantiles.now = {dimension(model): Quantiles(p50, 1.0, None) for model, p50 in measured.items()}
    snapshot = looked(stage)
    found, turned = (
        models(snapshot.rows(snapshot.places(Wanted(), order=Order.P50, reverse=reverse))) for reverse in (False, True)
    )
    assert (found[:3], turned[:3]) == (["near", "page", "well"], ["well", "page", "near"])
    assert found[3:] == turned[3:]


def test_requests_that_do_not_come_are_not_known_by_number() -> None:
    """What is missing of them is counted in its place."""
    silent = objective(name="drop", sli=Sli(Indicator.TRAFFIC), target="0.05", pairs=(pair(burn_rate=1, long_s=3_600),))
    stage = OverviewStage((silent, objective()))
    stage.baselines.now = {3_600: {dimension("m"): 1_000}, 60: {dimension("m"): 16}}
    stage.counts.now = counted({dimension("m"): (1, 10)})
    snapshot = looked(stage)
    for order in (Order.REQUESTS, Order.BAD):
        for reverse in (False, True):
            rows = snapshot.rows(snapshot.places(Wanted(), order=order, reverse=reverse))
            assert [row.objective.name for row in rows] == ["error-rate", "drop"]


def test_it_is_made_once_in_fifteen_seconds_however_many_look(stage: OverviewStage) -> None:
    async def check() -> None:
        first = await stage.overview.look()
        await stage.overview.settled()
        made = len(stage.counts.asked)
        found = await asyncio.gather(*(stage.overview.look() for _ in range(20)))
        await stage.overview.settled()
        assert len(stage.counts.asked) == made + 1  # once more, as the budgets are there now
        assert set(map(id, found)) == {id(first)}
        stage.clock.advance(14)
        await stage.overview.look()
        await stage.overview.settled()
        assert len(stage.counts.asked) == made + 1
        stage.clock.advance(2)
        await stage.overview.look()
        await stage.overview.settled()
        assert len(stage.counts.asked) == made + 2

    asyncio.run(check())


def test_who_looks_after_a_long_time_is_not_shown_the_past(stage: OverviewStage) -> None:
    async def check() -> None:
        await stage.overview.look()
        await stage.overview.settled()
        now = stage.clock.advance(600)
        found = await stage.overview.look()
        assert found is not None
        assert found.at == now
        await stage.overview.settled()

    asyncio.run(check())


def test_when_the_store_is_away_the_last_numbers_stay_and_it_says_so(stage: OverviewStage) -> None:
    async def check() -> None:
        first = await stage.overview.look()
        await stage.overview.settled()
        stage.counts.fail = StoreError("away")
        stage.clock.advance(20)
        await stage.overview.look()
        await stage.overview.settled()
        assert await stage.overview.look() is first
        assert stage.overview.failure
        stage.counts.fail = None
        stage.clock.advance(20)
        await stage.overview.look()
        await stage.overview.settled()
        assert not stage.overview.failure

    asyncio.run(check())
