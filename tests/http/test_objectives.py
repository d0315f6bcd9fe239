"""``/api/v1/objectives``, as somebody with a token uses it."""

from typing import Any
from urllib.parse import urlencode

import pytest

from o11y.http.objectives import CHANGES_PATH, OVERRIDES_PATH, PATH, SUGGESTION_PATH
from o11y.slo.counts import Ratio
from o11y.slo.override import Selector, Values
from o11y.slo.rehearsal import Bucket
from o11y.worker.ports import StoreError
from o11y.worker.ports.overrides import MOST_OVERRIDES, Change
from tests.builders import ERROR_RATE, NOW, dimension
from tests.http.admin_house import VIEWER
from tests.http.objectives_house import ObjectivesHouse

DAY_S = 86_400


def at(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}"


MODEL = at(OVERRIDES_PATH, objective="error-rate", model="vendor/model")


def test_objectives_are_listed_with_where_each_value_comes_from() -> None:
    house = ObjectivesHouse()
    assert house.ask("PUT", at(OVERRIDES_PATH, objective="ttfb"), {"thresholdMs": 3_100, "note": "n"}).status == 200
    found = {one["name"]: one for one in house.ask("GET", PATH, token=VIEWER).json["objectives"]}
    assert list(found) == ["error-rate", "ttfb", "special/errors", "provider", "silent"]
    assert found["error-rate"]["values"] == {
        "enabled": {"value": True, "from": "file"},
        "target": {"value": "0.999", "from": "file"},
        "minRequests": {"value": 1, "from": "file"},
        "confidence": {"value": "0.9999", "from": "file"},
        "pageEligible": {"value": True, "from": "file"},
    }
    assert found["ttfb"]["values"]["thresholdMs"] == {
        "value": 3_100,
        "evaluatedMs": 4_000,
        "from": "override",
        "by": "ann",
        "updatedAt": "2026-11-21T12:00:00Z",
        "selector": {"client": None, "provider": None, "model": None},
    }
    assert found["error-rate"]["windows"] == [
        {"severity": "page", "longWindowS": 300, "shortWindowS": 60, "burnRate": "14.4"}
    ]
    assert list(found["silent"]["values"]) == ["enabled", "pageEligible"]


def test_one_objective_is_shown_as_it_is_for_some_names() -> None:
    house = ObjectivesHouse()
    house.ask("PUT", MODEL, {"target": "0.99"})
    there = house.ask("GET", at(f"{PATH}/error-rate", model="Vendor/Model:free", client="web")).json
    assert there["objective"]["values"]["target"]["value"] == "0.99"
    assert (there["objective"]["model"], len(there["overrides"])) == ("vendor/model", 1)
    elsewhere = house.ask("GET", at(f"{PATH}/error-rate", model="other")).json
    assert elsewhere["objective"]["values"]["target"] == {"value": "0.999", "from": "file"}


def test_a_name_with_a_slash_is_a_name() -> None:
    reply = ObjectivesHouse().ask("GET", f"{PATH}/special/errors")
    assert reply.json["objective"]["name"] == "special/errors"


def test_one_that_is_not_there_is_a_404_that_names_those_that_are() -> None:
    reply = ObjectivesHouse().ask("GET", f"{PATH}/none")
    assert (reply.status, "error-rate, ttfb, special/errors" in reply.json["error"]) == (404, True)


def test_an_override_is_made_read_changed_and_removed_and_its_history_stays() -> None:
    house = ObjectivesHouse()
    made = house.ask("PUT", MODEL, {"enabled": True, "target": 0.99, "minRequests": 20, "note": "slow"})
    one = made.json["override"]
    assert made.status == 200
    assert one == {
        "objective": "error-rate",
        "client": None,
        "provider": None,
        "model": "vendor/model",
        "enabled": True,
        "target": "0.99",
        "minRequests": 20,
        "note": "slow",
        "by": "ann",
        "updatedAt": "2026-11-21T12:00:00Z",
        "inForce": True,
    }
    assert house.ask("GET", OVERRIDES_PATH, token=VIEWER).json["overrides"] == [one]
    assert house.ask("GET", at(OVERRIDES_PATH, objective="ttfb")).json["overrides"] == []
    house.clock.advance(60)
    assert house.ask("PUT", MODEL, {"enabled": False}).json["override"]["enabled"] is False
    house.clock.advance(60)
    assert house.ask("DELETE", MODEL).json == {"success": True}
    assert house.ask("GET", OVERRIDES_PATH).json["overrides"] == []
    changes = house.ask("GET", CHANGES_PATH, token=VIEWER).json["changes"]
    assert [(c["before"], c["after"], c["by"]) for c in changes] == [
        ({"enabled": False}, None, "ann"),
        ({"enabled": True, "target": "0.99", "minRequests": 20}, {"enabled": False}, "ann"),
        (None, {"enabled": True, "target": "0.99", "minRequests": 20}, "ann"),
    ]
    before = house.ask("GET", at(CHANGES_PATH, before=changes[0]["at"], limit="1")).json["changes"]
    assert before == changes[1:2]


def test_a_viewer_reads_and_does_not_change() -> None:
    house = ObjectivesHouse()
    assert house.ask("PUT", MODEL, {"enabled": False}, token=VIEWER).status == 403
    assert house.ask("DELETE", MODEL, token=VIEWER).status == 403
    assert house.ask("PUT", MODEL, {"enabled": False}, token=None).status == 401
    assert house.store.kept == []


def test_a_threshold_that_is_no_bound_is_kept_and_both_are_answered() -> None:
    reply = ObjectivesHouse().ask("PUT", at(OVERRIDES_PATH, objective="ttfb", client="web"), {"thresholdMs": 2_345})
    assert (reply.json["override"]["thresholdMs"], reply.json["override"]["evaluatedThresholdMs"]) == (2_345, 2_500)


@pytest.mark.parametrize(
    ("query", "body", "path", "words"),
    [
        ({"objective": "error-rate"}, {}, [], "at least one of enabled, target, minRequests, confidence, pageEligible"),
        ({"objective": "ttfb"}, {}, [], "at least one of enabled, target, thresholdMs, minRequests"),
        ({"objective": "error-rate"}, {"target": 0.9}, ["target"], "burn_rate 14.4 of the page 5m/1m can never fire"),
        ({"objective": "error-rate"}, {"target": 2}, ["target"], "between 0 and 1"),
        ({"objective": "error-rate"}, {"thresholdMs": 5}, ["thresholdMs"], "means nothing for error_rate"),
        ({"objective": "ttfb"}, {"thresholdMs": 60_001}, ["thresholdMs"], "from 1 to 60000"),
        ({"objective": "error-rate"}, {"bogus": 1}, ["bogus"], "is not a field"),
        ({"objective": "error-rate"}, [], [], "must be a JSON object"),
        ({"objective": "provider", "model": "m"}, {"enabled": False}, ["model"], "folds every model together"),
        ({"objective": "special/errors", "model": "gpt"}, {"enabled": False}, ["model"], "what fits anthropic/*"),
        ({"objective": "silent"}, {"target": 0.5}, ["target"], "accepted: enabled, pageEligible"),
        ({"objective": "error-rate", "model": ""}, {"enabled": False}, ["model"], "from 1 to 1024"),
        ({"objective": "error-rate", "model": "m" * 1_025}, {"enabled": False}, ["model"], "from 1 to 1024"),
        ({}, {"enabled": False}, ["objective"], "name of an objective"),
    ],
)
def test_what_cannot_be_is_a_400_with_its_place(query: dict[str, str], body: Any, path: list[str], words: str) -> None:
    house = ObjectivesHouse()
    reply = house.ask("PUT", at(OVERRIDES_PATH, **query), body)
    assert (reply.status, reply.json["error"]) == (400, "Invalid request body")
    (issue,) = reply.json["issues"]
    assert issue["path"] == path
    assert words in issue["message"]
    assert house.store.kept == []


def test_an_objective_that_the_file_does_not_have_is_a_404_and_its_override_can_still_be_removed() -> None:
    house = ObjectivesHouse()
    gone = at(OVERRIDES_PATH, objective="gone")
    assert house.ask("PUT", gone, {"enabled": False}).status == 404
    assert house.ask("DELETE", gone).status == 404
    house.store.kept = [Change("c", 1, NOW, "ann", Selector("gone"), None, Values(enabled=False))]
    (kept,) = house.ask("GET", OVERRIDES_PATH).json["overrides"]
    assert (kept["inForce"], "has none of this name" in kept["because"]) == (False, True)
    assert house.ask("DELETE", gone).status == 200


def test_too_many_are_a_409_and_a_store_that_is_away_a_503() -> None:
    house = ObjectivesHouse()
    house.store.kept = [
        Change(str(n), 1, NOW, "ann", Selector("error-rate", model=str(n)), None, Values(enabled=False))
        for n in range(MOST_OVERRIDES)
    ]
    reply = house.ask("PUT", MODEL, {"enabled": False})
    assert (reply.status, "remove one first" in reply.json["error"]) == (409, True)
    assert house.ask("PUT", at(OVERRIDES_PATH, objective="error-rate", model="7"), {"enabled": True}).status == 200
    house.store.fail = StoreError("away")
    assert [house.ask("PUT", MODEL, {"enabled": False}).status, house.ask("GET", CHANGES_PATH).status] == [503, 503]
    assert house.ask("GET", PATH).status == 200  # what is in force is known


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=1001", "before=yesterday", "before=2026-11-21T12:00:00"]
)
def test_a_history_that_cannot_be_asked_for_is_a_400(query: str) -> None:
    assert ObjectivesHouse().ask("GET", f"{CHANGES_PATH}?{query}").status == 400


# ---------------------------------------------------------------- what is suggested


def with_an_outage() -> ObjectivesHouse:
    house = ObjectivesHouse()
    end_s = int(NOW.timestamp())
    house.past.dimensions = [dimension()]
    house.past.found = {ERROR_RATE: {3 * DAY_S: Ratio(100, 100_000)}}
    house.past.fine_from_s = end_s - 2 * DAY_S
    house.past.buckets = [
        Bucket(at, 50 if end_s - 3_600 <= at < end_s - 3_000 else 0, 100)
        for at in range(house.past.fine_from_s, end_s, 10)
    ]
    return house


def test_a_suggestion_says_where_it_comes_from_and_what_it_would_have_fired() -> None:
    reply = with_an_outage().ask("GET", at(SUGGESTION_PATH, objective="error-rate", model="vendor/model"), token=VIEWER)
    assert reply.json["proposal"]["values"] == reply.json["under"] == {"target": "0.998"}
    assert "0.1 % of 100,000 requests" in reply.json["proposal"]["because"][0]
    week = reply.json["lastSevenDays"]
    assert (week["pages"], week["tickets"], week["dimensionsLeftOut"]) == (1, 0, 0)
    assert week["everyMinuteSince"] == "2026-11-19T12:00:00Z"
    (where,) = week["dimensions"]
    assert (where["model"], where["pages"][0]["start"]) == ("vendor/model", "2026-11-21T11:01:00Z")


def test_values_in_the_query_are_tried_instead() -> None:
    query = {
        "objective": "error-rate",
        "model": "vendor/model",
        "target": "0.95",
        "enabled": "true",
        "minRequests": "9",
    }
    reply = with_an_outage().ask("GET", at(SUGGESTION_PATH, **query))
    assert "proposal" not in reply.json
    assert reply.json["under"] == {"enabled": True, "target": "0.95", "minRequests": 9}
    assert reply.json["lastSevenDays"]["pages"] == 0


def test_values_that_cannot_be_are_a_400_and_what_has_no_past_a_409() -> None:
    house = ObjectivesHouse()
    assert house.ask("GET", at(SUGGESTION_PATH, objective="error-rate", target="0.5")).status == 400
    assert house.ask("GET", at(SUGGESTION_PATH, objective="error-rate", target="much")).status == 400
    reply = house.ask("GET", at(SUGGESTION_PATH, objective="error-rate", model="x"))
    assert (reply.status, "no requests" in reply.json["error"]) == (409, True)
