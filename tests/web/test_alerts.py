"""``/alerts``, as somebody signed in reads it."""

import re
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from o11y.alerting.incident import Thread
from o11y.slo.dimension import Dimension
from o11y.slo.windows import Severity
from o11y.web.alerts import alerts_pages
from o11y.worker.alert_log import INCIDENTS_A_PAGE, AlertLog
from o11y.worker.objectives_in_force import ObjectivesInForce
from o11y.worker.ports.alert_log import Standing
from tests.builders import NOW, objective
from tests.fakes_alert_log import FakeAlertLog, logged, step
from tests.fakes_overrides import FakeOverrides
from tests.web.dashboard_house import VIEWER, DashboardHouse
from tests.web.test_hostile_names import BREAKING_OUT, Structure

RUNBOOK = "https://wiki.example/runbooks/errors"


class House(DashboardHouse):
    def __init__(self, *incidents: Any, steps: Any = (), runbook: str | None = RUNBOOK) -> None:
        self.log = FakeAlertLog()
        self.log.logged, self.log.happened = list(incidents), list(steps)
        in_force = ObjectivesInForce((objective(runbook=runbook),), FakeOverrides())
        super().__init__(alerts_pages(AlertLog(self.log, monotonic=time.monotonic), in_force, clock=lambda: NOW))

    def text(self, **query: object) -> str:
        reply = self.get(f"/alerts?{urlencode(query)}", token=VIEWER)
        assert reply.status == 200, reply.text
        return reply.text.replace("\N{NO-BREAK SPACE}", " ")


def test_an_incident_is_told_with_every_transition_and_its_reason() -> None:
    steps = [
        step("fired", at=NOW - timedelta(days=1)),
        step("acknowledged", reason="by Ann"),
        step("resolved", reason="not firing since 12:20, with valid events", alerts=14),
    ]
    text = House(logged(), steps=steps).text()
    for said in (
        "2026-11-20 12:00 UTC", "resolved", "error-rate", "20 min", "480×", "Ann", "after 5 min", "by Ann",
        "not firing since 12:20, with valid events", "14 alerts in all", "3 transitions",
    ):  # fmt: skip
        assert said in text, said
    assert 'href="https://slack.com/archives/C0123ABC/p1700000000000100"' in text
    assert f'href="{RUNBOOK}"' in text
    assert 'href="/d/gateway/vendor/vendor%2Fmodel"' in text


def test_the_month_is_summed_up() -> None:
    house = House(
        logged(1), logged(2, acknowledged_at=None), logged(10), logged(3, paged_at=None, severity=Severity.TICKET)
    )
    text = house.text()
    for said in ("Pages", "67 %", "2 of 3 pages", "5 min", "incidents that never paged", "09 Nov", "Noisiest", "33 %"):
        assert said in text, said
    assert "quiet month" in House().text()


def test_it_is_this_month_unless_another_is_asked_for() -> None:
    house = House()
    assert 'aria-current="true">Nov 2026' in house.text()
    house.text(month="2026-02")
    months = [(asked.since.month, asked.until.month) for asked in house.log.asked]
    assert (11, 12) in months
    assert (2, 3) in months
    assert 'aria-current="true">Feb 2026' in house.text(month="2026-02", client="kilo")
    assert 'href="/alerts?client=kilo&amp;month=2026-10"' in house.text(month="2026-02", client="kilo")


def test_filters_are_asked_of_the_store_and_shown_again() -> None:
    house = House(logged())
    text = house.text(
        client="kilo", provider="openai", model="gpt-5", objective="error-rate", severity="page", transition="reopened"
    )
    asked = house.log.asked[0]
    assert (asked.client, asked.provider, asked.model) == ("kilo", "openai", "gpt-5")
    assert (asked.objective, asked.severity, asked.transition) == ("error-rate", "page", "reopened")
    summed = house.log.asked[1]
    assert (summed.client, summed.severity, summed.transition) == ("kilo", "", "")
    for shown in ('value="kilo"', "<option selected>error-rate", '"reopened" selected', "Clear"):
        assert shown in text


def test_times_may_be_given_instead_of_a_month_and_an_incident_may_be_long_ago() -> None:
    house = House()
    text = house.text(**{"from": "2026-11-01", "to": "2026-11-08"})
    assert (house.log.asked[0].since.day, house.log.asked[0].until.day) == (1, 8)
    assert 'name="from" value="2026-11-01"' in text
    house.log.asked.clear()
    shown = House(logged(), steps=[step()])
    assert "<details" in (text := shown.text(incident="i-1"))
    assert re.search(r"<details id=\"steps-i-1\" open>", text)
    assert "Noisiest" not in text
    assert NOW - shown.log.asked[0].since > timedelta(days=399)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"standing": Standing.FIRING, "ended_at": None, "acknowledged_at": None}, ("firing", "so far")),
        ({"standing": Standing.FIRING, "ended_at": None}, ("acknowledged", "so far")),
        ({"standing": Standing.NO_DATA, "ended_at": None}, ("no data", "so far")),
        ({"standing": Standing.EXPIRED}, ("closed", "20 min")),
        ({"reopened": 3}, ("reopened 3×", "resolved")),
        ({"alerts": 40}, ("40 alerts in all", "resolved")),
    ],
)
def test_how_an_incident_stands_is_a_word(changes: dict[str, Any], words: tuple[str, str]) -> None:
    text = House(logged(**changes)).text()
    for word in words:
        assert word in text


def test_pages_of_incidents_lead_on_and_back() -> None:
    house = House(*(logged(n, opened_at=NOW - timedelta(hours=n)) for n in range(1, INCIDENTS_A_PAGE + 4)))
    first = house.text(client="gateway")
    (onward,) = re.findall(r'href="([^"]*)" rel="next"', first)
    assert "client=gateway" in onward
    second = house.get(onward.replace("&amp;", "&")).text
    assert second.count('class="row-page more"') == 3
    assert 'rel="next"' not in second
    assert 'href="/alerts?client=gateway" rel="prev"' in second
    assert "Noisiest" not in second


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("month=soon", "month: a month such as 2026-11 is accepted"),
        ("severity=loud", "severity: accepted: page, ticket"),
        ("from=2026-11-02&to=2026-11-01", "from: a time before that of to"),
        ("after=x", "after: what a link of a page before says"),
        ("transition=x", "transition: accepted: fired"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused_by_name(query: str, words: str) -> None:
    reply = House().get(f"/alerts?{query}")
    assert (reply.status, words in reply.text) == (400, True)


def test_without_clickhouse_it_says_so() -> None:
    house = House()
    house.log.away = True
    assert house.get("/alerts").status == 503


def test_a_link_is_made_of_what_can_be_one_alone() -> None:
    for thread in (Thread("javascript:alert(1)//", "1.2"), Thread("C01", "1/../x"), Thread("C01", "now"), None):
        assert "slack.com" not in House(logged(slack=thread)).text()
    assert "Runbook" not in House(logged(), runbook="javascript:alert(1)").text()


def hostile(name: str) -> Structure:
    where = Dimension(name, name, name)
    incident = logged(
        incident_id=name,
        objectives=(name,),
        dimensions=(where, Dimension(None, name, None)),
        acknowledged_by=name,
        slack=Thread(name, name),
    )
    steps = [step(name, incident_id=name, reason=name, objectives=(name,), dimensions=(where,))]
    return Structure(House(incident, steps=steps).text())


PLAIN = hostile("plain")


@pytest.mark.parametrize("name", BREAKING_OUT.values(), ids=BREAKING_OUT.keys())
def test_a_name_adds_no_element_and_no_link_out(name: str) -> None:
    found = hostile(name)
    assert found.elements == PLAIN.elements
    assert [link for link in found.links if not re.match(r"/(?!/)|#main$", link)] == []
