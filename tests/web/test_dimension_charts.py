"""What charts say of the lines that they draw: whose thresholds these are, and what was not measured."""

from datetime import timedelta
from typing import Any

import pytest

from o11y.slo.counts import Ratio
from o11y.slo.objective import Objective
from o11y.web.dimension_charts import Alerted, Chart, charts
from o11y.worker.ports.series import Rows
from o11y.worker.time_range import TimeRange
from tests.builders import ERROR_RATE, NOW, PAIRS, dimension, latency, objective, pair, ttfb
from tests.web.overview_house import OverviewHouse
from tests.worker.overview_stage import OverviewStage
from tests.worker_fakes import WINDOWS

DAY = timedelta(days=1)
QUIET = pair(long_s=86_400, short_s=7_200, burn_rate="14.4", max_requests=100)
SHIPPED = (*PAIRS, QUIET)


def chart_of(name: str, length: timedelta, of: Objective) -> Chart:
    shown = TimeRange.of(NOW - length, NOW, now=NOW)
    found = {each.name: each for each in charts(dimension(), shown, objectives=[of], chosen=of)}
    return found[name]


def drawn(chart: Chart, rows: Rows = (), alerts: tuple[Alerted, ...] = ()) -> Any:
    return chart.make(rows, alerts)


def lines(chart: Chart) -> list[str]:
    return [line["label"] for line in drawn(chart)["thresholds"]]


def test_a_threshold_names_every_pair_that_has_it_and_which_of_them_are_for_quiet_dimensions() -> None:
    chart = chart_of("burn-page", timedelta(hours=1), objective(pairs=SHIPPED))
    assert sorted(lines(chart)) == ["14.4 (5m/1m, 1d/2h quiet)", "6 (30m/3m)"]
    assert "1d/2h quiet: only while there are at most 100 requests in 1d" in chart.note


def test_thresholds_of_pairs_that_cannot_be_seen_are_not_drawn() -> None:
    chart = chart_of("burn-page", 30 * DAY, objective(pairs=SHIPPED))
    assert [series["label"] for series in drawn(chart)["series"]] == ["2h", "1d"]
    assert lines(chart) == ["14.4 (1d/2h quiet)"]
    assert "1m and 3m and 5m and 30m can be seen in shorter ranges" in chart.note


def test_a_pair_of_which_one_window_can_be_seen_keeps_its_threshold() -> None:
    chart = chart_of("burn-page", 7 * DAY, objective())
    assert [series["label"] for series in drawn(chart)["series"]] == ["5m", "30m"]
    assert sorted(lines(chart)) == ["14.4 (5m/1m)", "6 (30m/3m)"]
    assert "quiet" not in chart.note


def test_pages_of_an_objective_that_only_makes_tickets_are_drawn_as_those() -> None:
    of = objective(page_eligible=False)
    chart = chart_of("burn-ticket", timedelta(hours=1), of)
    alert = Alerted(of.name, "ticket", NOW - timedelta(minutes=9), None)
    found = drawn(chart, [(0, 0, 0)], (alert,))
    assert {(line["value"], line["tone"]) for line in found["thresholds"]} == {
        (14.4, "ticket"),
        (6.0, "ticket"),
        (1.0, "ticket"),
    }
    assert [period["tone"] for period in found["periods"]] == ["ticket"]
    with pytest.raises(KeyError):
        chart_of("burn-page", timedelta(hours=1), of)


@pytest.mark.parametrize(
    ("name", "of", "most", "words"),
    [
        ("latency", objective(sli=latency()), 300_000, "longer than 300 s is told as ≥ 300 s"),
        ("ttfb", objective(sli=ttfb()), 60_000, "longer than 60 s is told as ≥ 60 s"),
    ],
)
def test_latencies_beyond_the_last_bound_are_not_said_to_be_measured(
    name: str, of: Objective, most: int, words: str
) -> None:
    chart = chart_of(name, timedelta(hours=1), of)
    assert drawn(chart, [(int(NOW.timestamp()) - 60, 9, 100.0, 900.0, float(most))])["most"] == most
    assert words in chart.note


def test_other_charts_have_no_bound() -> None:
    stage = OverviewStage((objective(),))
    stage.counts.now = {dimension(): {ERROR_RATE: dict.fromkeys((*WINDOWS, 3_600), Ratio(5, 1_000))}}
    house = OverviewHouse(stage)
    for name in ("requests", "errors", "burn-page", "budget"):
        assert "most" not in house.get(f"/d/gateway/vendor/vendor%2Fmodel/chart/{name}").json
