"""``GET /api/v1/alerts``, as somebody with a token uses it."""

import time
from datetime import timedelta
from urllib.parse import quote

import pytest

from o11y.alerting.incident import Thread
from o11y.http.alerts import PATH, alert_endpoints
from o11y.slo.dimension import Dimension
from o11y.worker.alert_log import AlertLog
from tests.builders import NOW
from tests.fakes_alert_log import FakeAlertLog, transition
from tests.http.admin_house import VIEWER, AdminHouse


class House(AdminHouse):
    def __init__(self, rows: int = 3) -> None:
        self.log = FakeAlertLog()
        self.log.rows = [transition(n) for n in range(1, rows + 1)]
        super().__init__(alert_endpoints(AlertLog(self.log, monotonic=time.monotonic), clock=lambda: NOW))


def test_a_transition_is_told_with_everything_that_is_known() -> None:
    house = House(0)
    told, where = Thread("C01", "1700000000.000100"), Dimension(None, "v", None)
    house.log.rows = [transition(transition="notified", reason="because", slack=told, dimension=where)]
    reply = house.ask("GET", PATH, token=VIEWER)
    assert reply.status == 200
    assert reply.json == {
        "success": True,
        "alerts": [
            {
                "time": "2026-11-21T11:59:00Z",
                "recordedAt": "2026-11-21T11:59:03Z",
                "transition": "notified",
                "reason": "because",
                "severity": "page",
                "objective": "error-rate",
                "scope": "provider",
                "client": "*",
                "provider": "v",
                "model": "*",
                "bad": 50,
                "valid": 100,
                "burnRate": 500.0,
                "burnRateThreshold": 14.4,
                "key": f"{1:032}",
                "incident": "i-1",
                "notification": "n-1",
                "slack": "https://slack.com/archives/C01/p1700000000000100",
            }
        ],
        "next": None,
    }


def test_pages_follow_each_other_by_what_the_one_before_says() -> None:
    house, seen, path = House(25), [], f"{PATH}?limit=10"
    for _ in range(3):
        answer = house.ask("GET", path).json
        seen += [one["notification"] for one in answer["alerts"]]
        path = f"{PATH}?limit=10&after={quote(answer['next'] or '')}"
    assert answer["next"] is None
    assert seen == [f"n-{n}" for n in range(1, 26)]


def test_what_is_asked_for_reaches_the_store() -> None:
    house = House()
    house.ask("GET", f"{PATH}?from=2026-11-01&to=2026-11-08&client=kilo&severity=page&transition=fired&incident=i-9")
    (asked,) = house.log.asked
    assert (asked.since.day, asked.until.day) == (1, 8)
    assert (asked.client, asked.severity, asked.transition, asked.incident) == ("kilo", "page", "fired", "i-9")
    house.ask("GET", PATH)
    assert NOW - house.log.asked[1].since < timedelta(days=31)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("after=x", "after"),
        ("from=x", "from"),
        ("severity=loud", "severity"),
        ("modle=gpt-5", "modle"),
        ("model=%00", "model"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(query: str, field: str) -> None:
    reply = House().ask("GET", f"{PATH}?{query}")
    assert (reply.status, reply.json["issues"][0]["path"]) == (400, [field])
    assert "accepted" in reply.json["issues"][0]["message"]


def test_without_a_token_and_without_clickhouse_it_says_so() -> None:
    house = House()
    assert house.ask("GET", PATH, token=None).status == 401
    house.log.away = True
    assert house.ask("GET", PATH).status == 503
