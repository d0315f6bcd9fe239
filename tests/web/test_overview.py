"""The first page: what fires now, and every objective in every dimension."""

import re
from datetime import timedelta

import pytest

from o11y.alerting.incident import Delivered, Phase
from o11y.slo.counts import Ratio
from o11y.slo.windows import Severity
from o11y.worker.ports import StoreError
from o11y.worker.ports.responses import Response, Taken
from o11y.worker.snapshot_making import BUDGET_WINDOWS_S
from tests.builders import ERROR_RATE, dimension, incident, member
from tests.web.dashboard_house import NOW, VIEWER
from tests.web.overview_house import OverviewHouse
from tests.worker.overview_stage import OverviewStage
from tests.worker_fakes import WINDOWS


def stage_of(number: int = 120) -> OverviewStage:
    stage = OverviewStage()
    windows = (*WINDOWS, 3_600, *BUDGET_WINDOWS_S)
    stage.counts.now = {
        dimension(f"model-{place:03}", client=f"client-{place % 3}"): {
            ERROR_RATE: dict.fromkeys(windows, Ratio(place, 1_000))
        }
        for place in range(number)
    }
    return stage


def plain(text: str) -> str:
    return " ".join(
        re.sub(r"<[^>]+>", " ", re.sub(r"</?time\b[^>]*>", "", text).replace("\N{NO-BREAK SPACE}", " ")).split()
    )


def rows_of(text: str) -> list[str]:
    return re.findall(r"model-\d{3}(?=</a>)", text)


@pytest.fixture
def house() -> OverviewHouse:
    return OverviewHouse(stage_of())


def test_the_worst_come_first_fifty_on_a_page(house: OverviewHouse) -> None:
    browser = house.signed_in(VIEWER)
    first, last = browser.get("/"), browser.get("/?page=3")
    assert first.status == 200
    assert rows_of(first.text) == [f"model-{place:03}" for place in range(119, 69, -1)]
    assert rows_of(last.text) == [f"model-{place:03}" for place in range(19, -1, -1)]
    assert "Page 3 of 3" in plain(last.text)
    assert "120 rows: 120 dimensions and their sums" in plain(first.text)


def test_a_page_beyond_the_last_is_the_last(house: OverviewHouse) -> None:
    assert "Page 3 of 3" in plain(house.get("/?page=9999").text)


def test_filters_and_order_are_in_the_address(house: OverviewHouse) -> None:
    page = house.get("/?client=client-1&model=model-00&sort=name&dir=reverse")
    assert rows_of(page.text) == ["model-007", "model-004", "model-001"]
    assert 'value="client-1"' in page.text
    assert "/?client=client-1&amp;model=model-00&amp;sort=bad" in page.text
    assert rows_of(house.get("/?severity=firing").text) == []


@pytest.mark.parametrize(
    ("query", "told", "arrow"),
    [
        ("sort=requests", "descending", "↓"),
        ("sort=requests&dir=reverse", "ascending", "↑"),
        ("sort=bad", "descending", "↓"),
        ("sort=p50", "descending", "↓"),
        ("sort=p90", "descending", "↓"),
        ("sort=ttfb", "descending", "↓"),
        ("sort=name", "ascending", "↑"),
        ("sort=name&dir=reverse", "descending", "↓"),
        ("sort=budget", "ascending", "↑"),
        ("", "descending", "↓"),
        ("dir=reverse", "ascending", "↑"),
    ],
)
def test_the_head_says_whether_the_highest_is_on_top(house: OverviewHouse, query: str, told: str, arrow: str) -> None:
    (head,) = re.findall(r"<th [^>]*aria-sort=.*", house.get(f"/?{query}").text)
    assert f'aria-sort="{told}"' in head
    assert arrow in head


def test_it_says_how_long_percentiles_look_back(house: OverviewHouse) -> None:
    assert "percentiles are of successful requests of the last 60 to 65 minutes" in house.get("/").text


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("severity=loud", "severity: &#39;loud&#39; refused; accepted: firing, page"),
        ("sort=colour", "sort: &#39;colour&#39; refused; accepted: trouble, name"),
        ("page=0", "page: &#39;0&#39; refused"),
        ("page=-1", "page: &#39;-1&#39; refused"),
        ("page=٣", "refused"),
        ("dir=up", "dir: &#39;up&#39; refused; accepted: reverse"),
        (f"model={'x' * 1_025}", "model: 1025 characters refused"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(house: OverviewHouse, query: str, named: str) -> None:
    reply = house.get(f"/?{query.replace('٣', '%D9%A3')}")
    assert reply.status == 400
    assert named in reply.text


def test_what_fires_is_told_with_who_has_it(house: OverviewHouse) -> None:
    place = dimension("model-119", client="client-2")
    first = incident(member(dimension=place), opened_at=NOW - timedelta(minutes=7))
    second = incident(member(dimension=place, severity=Severity.TICKET, muted="silenced: deploy"), incident_id="i-2")
    third = incident(member(dimension=place, severity=Severity.TICKET), incident_id="i-3", phase=Phase.NO_DATA)
    house.stage.incidents = [second, third, first]
    house.stage.delivered = {"i-1": Delivered(acknowledged_by="bob", acknowledged_at=NOW - timedelta(minutes=2))}
    text = house.get("/").text
    told = plain(text)
    assert "Firing now (3)" in told
    assert told.index("bob has it, 2 min ago") < told.index("no data")
    assert "since 7 min ago" in told
    assert "silenced: deploy" in told
    assert 'href="/d/client-2/vendor/model-119"' in text
    assert text.count(">Acknowledge<") == 2
    assert ">Acknowledge<" not in house.get("/", token=VIEWER).text


def test_an_editor_acknowledges_and_comes_back(house: OverviewHouse) -> None:
    browser = house.signed_in()
    reply = browser.post("/incidents/acknowledge", {"incident": "i-1", "back": "/?page=2"})
    assert (reply.status, reply.headers["location"]) == (303, "/?page=2")
    assert house.responses.acknowledged == [("i-1", "ann")]
    assert "Acknowledged. There will be no more reminders." in browser.get("/?page=2").text


def test_a_viewer_acknowledges_nothing(house: OverviewHouse) -> None:
    assert house.post("/incidents/acknowledge", {"incident": "i-1"}, token=VIEWER).status == 403
    assert house.responses.acknowledged == []


@pytest.mark.parametrize("back", ["//evil.test", "https://evil.test/", "/\\evil.test", ""])
def test_nobody_is_sent_elsewhere(house: OverviewHouse, back: str) -> None:
    reply = house.post("/incidents/acknowledge", {"incident": "i-1", "back": back})
    assert reply.headers["location"] == "/"


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (Response(Taken.ALREADY, "bob", NOW), 303, "bob had acknowledged it already."),
        (Response(Taken.OVER), 303, "It is over already."),
        (Response(Taken.UNKNOWN), 404, "no such incident"),
    ],
)
def test_what_became_of_it_is_said(house: OverviewHouse, answer: Response, status: int, words: str) -> None:
    house.responses.answer = answer
    browser = house.signed_in()
    reply = browser.post("/incidents/acknowledge", {"incident": "i-1"})
    assert reply.status == status
    assert words in (reply.text if status == 404 else browser.get("/").text)


def test_before_the_first_event_it_shows_how_to_send_one() -> None:
    text = OverviewHouse(OverviewStage(), any_event=False).get("/").text
    assert "No event has come yet" in text
    assert "curl -i https://o11y.example/ingest/api-metrics" in text
    assert "Bearer $SECRET" in text


def test_when_nothing_came_of_late_it_says_that_instead() -> None:
    text = OverviewHouse(OverviewStage()).get("/").text
    assert "No requests in the windows of any objective." in text
    assert "No event has come yet" not in text


def test_while_clickhouse_is_away_it_says_so() -> None:
    stage = stage_of()
    stage.counts.fail = StoreError("away")
    house = OverviewHouse(stage)
    text = plain(house.get("/").text)
    assert "The numbers cannot be shown: ClickHouse does not answer." in text


def test_it_refreshes_itself_but_not_the_form_somebody_types_into(house: OverviewHouse) -> None:
    text = house.get("/").text
    parts = re.split(r'<div id="(?:now|rows)" data-refresh="15">', text)
    assert len(parts) == 3
    assert 'class="filters' in parts[1]  # between the two


def test_one_row_of_one_dimension_is_no_plural() -> None:
    house = OverviewHouse(stage_of(1))
    text = plain(house.get("/").text)
    assert "1 row: 1 dimension and its sums" in text
    assert "1 row. Requests are" in text


def test_when_nothing_fires_it_says_so(house: OverviewHouse) -> None:
    text = plain(house.get("/").text)
    assert "nothing fires" in text
    assert "What fires" not in text


@pytest.mark.parametrize("any_event", [True, False, None])
def test_what_fires_is_not_known_while_redis_has_not_answered_since_the_start(any_event: bool | None) -> None:
    house = OverviewHouse(OverviewStage(), any_event=any_event)
    house.redis_away = True
    page = house.get("/")
    assert page.status == 200
    assert "What fires is not known: Redis does not answer." in plain(page.text)
    assert "nothing fires" not in page.text


def test_incidents_known_last_say_of_when_they_are(house: OverviewHouse) -> None:
    house.stage.incidents = [incident(member())]
    browser = house.signed_in(VIEWER)
    browser.get("/")
    house.redis_away = True
    house.wait(61)
    text = plain(browser.get("/").text)
    assert "Firing now (1)" in text
    assert "Incidents as known at 2026-11-21 14:30 UTC: Redis does not answer." in text


def test_that_none_was_known_is_not_that_nothing_fires(house: OverviewHouse) -> None:
    house.redis_away = True
    house.known_here.loaded_at = NOW - timedelta(minutes=4)
    text = plain(house.get("/").text)
    assert "Incidents as known at 2026-11-21 14:26 UTC: Redis does not answer. None was open then." in text
    assert "nothing fires" not in text


def test_before_any_evaluation_was_finished_nothing_is_known_to_be_well(house: OverviewHouse) -> None:
    house.finished = lambda: None
    text = plain(house.get("/").text)
    assert "no evaluation finished yet" in text
    assert "nothing fires" not in text


def test_when_no_replica_has_evaluated_of_late_it_says_so(house: OverviewHouse) -> None:
    browser = house.signed_in(VIEWER)
    house.finished = lambda: NOW
    house.wait(180)
    assert "nothing fires" in plain(browser.get("/").text)
    house.wait(6)
    text = plain(browser.get("/").text)
    assert "What fires may have changed: the last finished evaluation is of 2026-11-21 14:30 UTC." in text
    assert "nothing fires" not in text


def test_when_evaluations_fail_it_says_why(house: OverviewHouse) -> None:
    house.finished = lambda: NOW - timedelta(minutes=2)
    house.health.failures_in_a_row, house.health.last_error = 2, "no answer <yet>"
    house.wait(25)
    page = house.get("/")
    assert page.status == 200
    assert "What fires may have changed: the last 2 evaluations failed: no answer &lt;yet&gt;." in plain(page.text)
    assert "nothing fires" not in page.text


def test_what_another_replica_has_evaluated_instead_is_no_failure(house: OverviewHouse) -> None:
    house.health.failures_in_a_row, house.health.last_error = 2, "no answer"
    assert "nothing fires" in house.get("/").text
