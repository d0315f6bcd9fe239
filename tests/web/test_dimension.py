"""The page of a dimension: its objectives, its charts, its bad events, in a range of time."""

import json
import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from o11y.slo.counts import Ratio
from o11y.slo.dimension import Scope
from o11y.worker.ports.series import BreakdownAsked, CountsAsked, LastBadAsked, RequestsAsked
from tests.builders import ERROR_RATE, dimension, incident, latency, member, objective, ttfb
from tests.hostile_text import HOSTILE
from tests.web.dashboard_house import NOW, VIEWER
from tests.web.overview_house import OverviewHouse
from tests.worker.overview_stage import OverviewStage
from tests.worker_fakes import WINDOWS

HERE = "/d/gateway/vendor/vendor%2Fmodel"
OBJECTIVES = (
    objective(),
    objective(name="latency-p90", sli=latency(), target="0.99"),
    objective(name="ttfb-p90", sli=ttfb(), target="0.99"),
    objective(name="provider-error-rate", target="0.99", scope=Scope.PROVIDER),
)


@pytest.fixture
def house() -> OverviewHouse:
    stage = OverviewStage(OBJECTIVES)
    stage.counts.now = {dimension(): {ERROR_RATE: dict.fromkeys((*WINDOWS, 3_600), Ratio(5, 1_000))}}
    return OverviewHouse(stage)


def sources(text: str) -> list[str]:
    return [source.replace("&amp;", "&") for source in re.findall(r'data-src="([^"]+)"', text)]


def test_it_has_a_chart_for_everything_with_the_sql_behind_it(house: OverviewHouse) -> None:
    page = house.get(HERE, token=VIEWER)
    assert page.status == 200
    charts = re.findall(r'data-chart="([^"]+)"', page.text)
    assert charts == ["requests", "errors", "latency", "ttfb", "burn-page", "burn-ticket", "budget"]
    assert page.text.count("SELECT &#39;") == len(charts)


def test_every_chart_answers_what_can_be_drawn(house: OverviewHouse) -> None:
    browser = house.signed_in(VIEWER)
    for source in sources(browser.get(HERE).text):
        reply = browser.get(source)
        assert reply.status == 200, source
        drawn = reply.json
        assert drawn["x"], source
        assert all(len(series["values"]) == len(drawn["x"]) for series in drawn["series"])
        assert drawn["series"], source
        assert any(value is not None for series in drawn["series"] for value in series["values"])


def test_what_is_drawn_is_what_was_counted(house: OverviewHouse) -> None:
    drawn = house.get(f"{HERE}/chart/errors?range=1h").json
    (series,) = drawn["series"]
    assert (series["label"], series["values"][0]) == ("overloaded", pytest.approx(1 / 9))
    (period,) = drawn["periods"]
    assert (period["tone"], period["to"]) == ("page", None)
    drawn = house.get(f"{HERE}/chart/requests?range=1h").json
    assert drawn["series"][0]["values"][:2] == [20, 0]  # ten in half a minute, then none
    drawn = house.get(f"{HERE}/chart/burn-page?range=1h&objective=error-rate").json
    assert [series["label"] for series in drawn["series"]] == ["1m", "3m", "5m", "30m"]
    assert [line["value"] for line in drawn["thresholds"]] == [14.4, 6]
    drawn = house.get(f"{HERE}/chart/budget").json
    assert {series["label"]: series["values"][-1] for series in drawn["series"]} == {
        "error-rate": pytest.approx(1 - 0.01 / 0.001),
        "latency-p90": pytest.approx(0),
        "ttfb-p90": pytest.approx(0),
    }


@pytest.mark.parametrize("name", ["15m", "1h", "6h", "24h", "7d", "30d"])
def test_every_range_has_at_most_400_points(house: OverviewHouse, name: str) -> None:
    for chart in ("requests", "latency", "burn-ticket", "budget"):
        assert len(house.get(f"{HERE}/chart/{chart}?range={name}").json["x"]) <= 402


def test_a_range_of_ones_own_is_utc(house: OverviewHouse) -> None:
    page = house.get(f"{HERE}?from=2026-11-20T10:00&to=2026-11-20T11:00")
    assert 'value="2026-11-20T10:00"' in page.text
    (asked,) = [a for a in house.series.asked if isinstance(a, RequestsAsked)] or [None]
    assert asked is None  # the page itself asks nothing
    drawn = house.get(sources(page.text)[0]).json
    assert drawn["range"][1] - drawn["range"][0] == 3_600


@pytest.mark.parametrize(
    "query",
    [
        "range=2y",
        "from=yesterday&to=now",
        "from=2026-11-20T10:00",
        "from=2026-11-20T11:00&to=2026-11-20T10:00",
        "from=2020-01-01T00:00&to=2020-01-02T00:00",
        "from=0001-01-01T00:00%2B23:59&to=2026-11-20T10:00",
        "from=2027-01-01T00:00&to=2027-01-02T00:00",
        "range=1h&at=soon",
        "range=1h&at=1",
        "objective=another",
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(house: OverviewHouse, query: str) -> None:
    reply = house.get(f"{HERE}?{query}")
    assert reply.status == 400
    assert "accepted" in reply.text


def test_a_time_yet_to_come_is_now(house: OverviewHouse) -> None:
    assert house.get(f"{HERE}?range=1h&at=99999999999").status == 200


def test_an_unknown_dimension_and_an_unknown_chart_are_not_found(house: OverviewHouse) -> None:
    house.series.known = False
    page = house.get("/d/gateway/vendor/nothing")
    assert page.status == 404
    assert "No event of gateway / vendor / nothing has ever come" in page.text
    assert house.get(f"{HERE}/chart/another").status == 404
    assert house.get(HERE).status == 200  # it has traffic


def test_a_sum_has_the_objectives_that_are_about_it_and_other_sums_those_of_their_parts(house: OverviewHouse) -> None:
    provider = house.get("/d/*/vendor/*").text
    assert re.findall(r'objective=([a-z0-9-]+)"', provider.replace("&amp;", "&"))[:1] == ["provider-error-rate"]
    assert "its parts" in provider.lower()
    assert "as if it were one of them" in house.get("/d/gateway/vendor/*").text
    assert house.get("/d/*/*/*").status == 200


def test_what_fires_here_can_be_acknowledged_here(house: OverviewHouse) -> None:
    house.stage.incidents = [incident(member()), incident(member(dimension=dimension("other")), incident_id="i-2")]
    text = house.get(f"{HERE}?range=1h").text
    assert text.count(">Acknowledge<") == 1
    assert f'name="back" value="{HERE}?range=1h&amp;objective=error-rate"' in text
    assert house.get("/d/*/vendor/*").text.count(">Acknowledge<") == 2


def test_what_fires_here_is_told_to_be_unknown_or_old(house: OverviewHouse) -> None:
    browser = house.signed_in(VIEWER)
    assert "Firing now" not in browser.get(HERE).text
    house.redis_away = True
    house.wait(30)
    text = browser.get(HERE).text
    assert "Firing now" in text
    assert re.search(r"Incidents as known at <time [^>]+>2026-11-21 14:30\sUTC</time>: Redis does not answer", text)
    other = OverviewHouse(house.stage)
    other.redis_away = True
    assert "What fires is not known: Redis does not answer." in other.get(HERE).text


def test_an_evaluation_that_is_late_is_told_here_too(house: OverviewHouse) -> None:
    house.finished = lambda: NOW - timedelta(minutes=5)
    assert "What fires may have changed: the last finished evaluation is of" in house.get(HERE).text


def test_bad_events_are_on_a_page_of_their_own_that_this_one_takes_in(house: OverviewHouse) -> None:
    found = re.search(r'id="bad" data-load="([^"]+)"', house.get(HERE).text)
    assert found
    page = house.get(found[1].replace("&amp;", "&"))
    assert 'id="bad"' in page.text
    for words in ("503", "5", "75", "99", "id-1"):
        assert words in page.text


def test_when_raw_events_take_too_long_it_says_so_and_shows_the_rest(house: OverviewHouse) -> None:
    house.series.fail = {LastBadAsked}
    page = house.get(f"{HERE}/bad")
    assert page.status == 200
    assert "The last bad events could not be found within 2 seconds" in page.text
    assert "What they have in common" in page.text
    house.series.fail = {LastBadAsked, BreakdownAsked}
    assert house.get(f"{HERE}/bad?range=1h").status == 200


def test_a_chart_whose_rollup_does_not_answer_is_an_error_of_its_own(house: OverviewHouse) -> None:
    house.series.fail = {CountsAsked}
    reply = house.get(f"{HERE}/chart/burn-page")
    assert (reply.status, reply.json["success"]) == (503, False)
    assert house.get(f"{HERE}/chart/requests").status == 200
    assert house.get(HERE).status == 200


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_names_stay_names(house: OverviewHouse, name: str) -> None:
    house.series.tool = name
    path = f"/d/gateway/vendor/{quote(name, safe='')}"
    browser = house.signed_in(VIEWER)
    for address in (path, f"{path}/bad"):
        page = browser.get(address)
        assert page.status == 200
        assert "<!channel>" not in page.text
        assert "<https:" not in page.text
    assert json.loads(browser.get(f"{path}/chart/requests").body)["x"]


def test_nothing_is_inline(house: OverviewHouse) -> None:
    for path in ("/", HERE, f"{HERE}/bad"):
        text = house.get(path).text
        assert not re.search(r"<[^>]+ (style|on[a-z]+)=", text)
        assert all("src=" in attributes for attributes in re.findall(r"<script\b([^>]*)>", text))
