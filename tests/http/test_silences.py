"""``/api/v1/silences``, as somebody with a token uses it."""

from datetime import timedelta
from typing import Any

import pytest

from o11y.http.silences import PATH, silence_endpoints
from o11y.metrics import Metrics
from o11y.worker.silences import Silencing
from tests.builders import NOW, silence
from tests.fakes import SteppingClock
from tests.fakes_silences import FakeSilences
from tests.http.admin_house import VIEWER, AdminHouse

GOOD: dict[str, Any] = {
    "matchers": ['provider="openai"', {"label": "model", "operator": "=~", "value": "gpt-.*"}],
    "duration": "2h",
    "comment": "deploy",
}


class House(AdminHouse):
    def __init__(self, *, capacity: int = 1_000) -> None:
        self.store, self.clock = FakeSilences(capacity=capacity), SteppingClock(NOW)
        silencing = Silencing(self.store, clock=self.clock, metrics=Metrics())
        super().__init__(silence_endpoints(silencing, clock=self.clock))


def test_a_silence_is_created_read_listed_and_expired() -> None:
    house = House()
    created = house.ask("POST", PATH, GOOD)
    one = created.json["silence"]
    assert created.status == 201
    assert created.headers["location"] == f"{PATH}/{one['id']}"
    assert (one["author"], one["state"], one["endsAt"]) == ("ann", "active", "2026-11-21T14:00:00Z")
    assert one["matchers"][0] == {"label": "provider", "operator": "=", "value": "openai"}
    assert house.ask("GET", created.headers["location"], token=VIEWER).json == {"success": True, "silence": one}
    assert house.ask("GET", PATH, token=VIEWER).json == {"success": True, "silences": [one]}
    house.clock.advance(60)
    ended = house.ask("DELETE", created.headers["location"])
    assert (ended.status, ended.json["silence"]["state"]) == (200, "expired")
    house.clock.advance(60)
    assert house.ask("DELETE", created.headers["location"]).json == ended.json
    assert ended.json["silence"]["expiredBy"] == "ann"


def test_active_ones_alone_are_listed_when_asked_for() -> None:
    house = House()
    to_come = silence(silence_id="s-2", starts_at=NOW + timedelta(hours=1), ends_at=NOW + timedelta(hours=2))
    over = silence(silence_id="s-3", expired_at=NOW)
    house.store.kept = {one.silence_id: one for one in (over, to_come, silence())}

    def listed(query: str) -> list[str]:
        return [one["id"] for one in house.ask("GET", PATH + query).json["silences"]]

    assert listed("?active=true") == ["s-1"]
    assert listed("") == listed("?active=false") == ["s-1", "s-2", "s-3"]
    refused = house.ask("GET", PATH + "?active=yes")
    assert (refused.status, refused.json["issues"][0]["path"]) == (400, ["active"])


def test_who_created_it_is_the_token_unless_another_is_named() -> None:
    assert House().ask("POST", PATH, {**GOOD, "author": "bob"}).json["silence"]["author"] == "bob"


def test_a_viewer_reads_and_does_not_change() -> None:
    house = House()
    house.store.kept["s-1"] = silence()
    assert house.ask("GET", f"{PATH}/s-1", token=VIEWER).status == 200
    assert house.ask("POST", PATH, GOOD, token=VIEWER).status == 403
    assert house.ask("DELETE", f"{PATH}/s-1", token=VIEWER).status == 403
    assert house.store.kept == {"s-1": silence()}


def test_what_is_wrong_is_told_as_the_ingest_door_tells_it() -> None:
    reply = House().ask("POST", PATH, {"matchers": ["modell=x"], "duration": "2h"})
    assert reply.status == 400
    assert reply.json["error"] == "Invalid request body"
    assert [issue["path"] for issue in reply.json["issues"]] == [["matchers", 0], ["comment"]]
    assert "did you mean model" in reply.json["issues"][0]["message"]


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'{"comment": "\\ud800"}', b'{"\\ud800": 1}', b'{"matchers": ["\\ud800"]}']
)
def test_no_body_breaks_it(body: bytes) -> None:
    assert House().ask("POST", PATH, body).status == 400


def test_one_that_is_not_there_is_a_404_in_words() -> None:
    house = House()
    for method in ("GET", "DELETE"):
        reply = house.ask(method, f"{PATH}/none")
        assert (reply.status, "no such silence" in reply.json["error"]) == (404, True)


def test_too_many_are_a_409_and_redis_away_a_503() -> None:
    house = House(capacity=0)
    reply = house.ask("POST", PATH, GOOD)
    assert (reply.status, "expire one first" in reply.json["error"]) == (409, True)
    house.store.lost = True
    assert [house.ask("POST", PATH, GOOD).status, house.ask("GET", PATH).status] == [503, 503]
