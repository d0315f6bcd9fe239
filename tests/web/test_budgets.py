"""``/budgets``, as somebody signed in reads it."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from o11y.alerting.key import alert_key
from o11y.slo.budget_report import WINDOWS_S
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.windows import Severity
from o11y.web.budgets import ROWS_A_PAGE, budgets_pages
from o11y.worker.budgets import SPENDERS_KEPT_S, Budgets
from o11y.worker.ports.alert_log import Episode
from tests.builders import ERROR_RATE, NOW, dimension, objective
from tests.fakes_alert_log import FakeMonth, FakeSpend
from tests.web.dashboard_house import VIEWER, DashboardHouse
from tests.web.test_hostile_names import BREAKING_OUT, Structure
from tests.worker.test_budgets import episode, month


class House(DashboardHouse):
    def __init__(self, counts: Counts, *, wait_s: float = 5) -> None:
        self.month, self.spend = FakeMonth(counts), FakeSpend()
        self.passed_s = 0.0
        budgets = Budgets(
            objectives=lambda: (FILE,),
            counts=self.month,
            spend=self.spend,
            clock=lambda: NOW,
            monotonic=lambda: self.passed_s,
            lag_s=0,
            wait_s=wait_s,
        )
        super().__init__(budgets_pages(budgets))

    def text(self, **query: object) -> str:
        reply = self.get(f"/budgets?{urlencode(query)}", token=VIEWER)
        assert reply.status == 200, reply.text
        return reply.text.replace("\N{NO-BREAK SPACE}", " ")


FILE = objective()


def models(text: str) -> list[str]:
    """Of the rows, in order."""
    return re.findall(r">gateway / vendor / ([^<]*)</a>", text)


def test_a_row_tells_what_is_left_the_trend_and_when_it_ends() -> None:
    windows = {seconds: Ratio(70, 100_000) for seconds in WINDOWS_S} | {3_600: Ratio(2, 400), 86_400: Ratio(3, 1_000)}
    text = House({dimension(): {ERROR_RATE: windows}}).text()
    seen = " ".join(re.sub(r"<[^>]*>", " ", text).split())
    for said in ("30 %", "99.93 %", "target 99.9 %", "70 of 100k", "30 of 100", "1 d 19 h at 5×", "3 d at 3×"):
        assert said in seen, said
    assert 'href="/d/gateway/vendor/vendor%2Fmodel"' in text
    assert "Burn rate of each five days: –, –, –, –, –, 0.7×" in text
    assert "no incident" in text


def test_the_most_spent_come_first_and_an_overspent_one_says_so() -> None:
    text = House(month(well=0, worst=9, poor=1)).text()
    assert models(text) == ["worst", "poor", "well"]
    assert "1 overspent" in text
    assert text.count('class="text-page">gone<') >= 1
    assert text.index('class="row-page"') < text.index("well")


def test_incidents_are_links_with_what_they_took() -> None:
    house = House(month(one=1))
    severities = [Severity.PAGE, Severity.TICKET, *[Severity.PAGE] * 3]
    house.spend.open = [
        episode(n, timedelta(days=n), timedelta(days=n - 1), severity=severity)
        for n, severity in enumerate(severities, start=1)
    ]
    house.spend.each = Ratio(1, 10)
    text = house.text()
    assert 'href="/alerts?incident=i-1&amp;from=2026-11-20"' in text
    assert "100 % <span" in text
    assert "(1 bad)" in text
    assert "and 1 more" in text
    house.passed_s += SPENDERS_KEPT_S + 1
    house.spend.counts_away = True
    assert "not counted" in house.text()
    house.passed_s += SPENDERS_KEPT_S + 1
    house.spend.away = True
    assert "Which incidents spent them is not known" in house.text()


def test_filters_and_pages_are_in_the_address() -> None:
    house = House(month(**{f"m-{n:03}": n for n in range(1, 61)}))
    first = house.text()
    assert len(models(first)) == ROWS_A_PAGE
    assert "60 budgets" in first
    assert "Page 1 of 3" in first
    assert 'href="/budgets?page=2"' in first
    last = house.text(page=3)
    assert models(last) == [f"m-{n:03}" for n in range(10, 0, -1)]
    assert "Objectives</h2>" not in last
    assert models(house.text(page=99)) == models(last)
    assert models(house.text(model="m-007")) == ["m-007"]
    narrowed = house.text(model="m-0", client="gateway", page=2)
    assert 'value="m-0"' in narrowed
    assert 'href="/budgets?client=gateway&amp;model=m-0"' in narrowed
    assert "No budget fits" in house.text(objective="p90")


@pytest.mark.parametrize(
    ("query", "words"),
    [("page=0", "page: a whole number from 1"), ("page=x", "page"), (f"model={'x' * 1_025}", "model: at most 1,024")],
)
def test_a_query_that_cannot_be_meant_is_refused_by_name(query: str, words: str) -> None:
    reply = House(month(one=1)).get(f"/budgets?{query}")
    assert (reply.status, words in reply.text) == (400, True)


def test_while_the_first_is_being_counted_and_when_there_is_nothing_it_says_so() -> None:
    house = House({}, wait_s=0)
    house.month.away = True
    assert "Still being counted" in house.text()
    assert "No events in the last 30 days" in House({}).text()


def hostile(name: str) -> Structure:
    named = Dimension(name, name, name)
    windows = {seconds: Ratio(9, 1_000) for seconds in WINDOWS_S}
    house = House({named: {ERROR_RATE: windows}})
    key = alert_key(FILE.name, named)
    house.spend.open = [Episode(name, key, Severity.PAGE, NOW - timedelta(hours=2), None)]
    return Structure(house.text(client=name[:40]))


PLAIN = hostile("plain")


@pytest.mark.parametrize("name", BREAKING_OUT.values(), ids=BREAKING_OUT.keys())
def test_a_name_adds_no_element_and_no_link_out(name: str) -> None:
    found = hostile(name)
    assert found.elements == PLAIN.elements
    assert [link for link in found.links if not re.match(r"/(?!/)|#main$", link)] == []
