"""``/alerting/config``, ``/alerting/ttfb-config`` and their baselines, as the first gateway's dashboards ask."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from o11y.http.alerting_config import BASELINE_PATH, CONFIG_PATH, TTFB_BASELINE_PATH, TTFB_CONFIG_PATH
from o11y.slo.counts import Ratio
from o11y.slo.override import Selector, Values
from o11y.worker.ports import StoreError
from o11y.worker.ports.overrides import Change
from tests.builders import ERROR_RATE, NOW, dimension, ttfb
from tests.http.admin_house import EDITOR, VIEWER
from tests.http.objectives_house import ERRORS, PROVIDER, SILENT, ObjectivesHouse

DAY_S = 86_400
CONFIG = {"model": "vendor/model", "enabled": True, "errorRateSlo": 0.995, "minRequestsPerWindow": 20}
TTFB_CONFIG = {
    "model": "vendor/model",
    "enabled": True,
    "ttfbThresholdMs": 2_345,
    "ttfbSlo": 0.95,
    "minRequestsPerWindow": 20,
}
UPDATED = {"updatedAt": "2026-11-21T12:00:00Z"}


def test_a_configuration_is_put_listed_and_deleted() -> None:
    house = ObjectivesHouse()
    put = house.ask("PUT", CONFIG_PATH, CONFIG, token=None, headers={"x-o11y-admin-token": EDITOR})
    assert (put.status, put.json) == (200, {"success": True, "config": {**CONFIG, **UPDATED}})
    assert house.ask("GET", CONFIG_PATH, token=VIEWER).json == {"success": True, "configs": [{**CONFIG, **UPDATED}]}
    assert house.ask("GET", TTFB_CONFIG_PATH).json == {"success": True, "configs": []}
    there = house.in_force.current()[0].at(dimension())
    assert there is not None
    assert (str(there.target), there.evidence.min_requests) == ("0.995", 20)
    assert house.ask("DELETE", f"{CONFIG_PATH}?model=vendor/model").json == {"success": True}
    assert house.ask("GET", CONFIG_PATH).json == {"success": True, "configs": []}


def test_a_threshold_is_kept_as_sent_and_evaluated_at_the_next_bound_up() -> None:
    house = ObjectivesHouse()
    expected = {**TTFB_CONFIG, "evaluatedThresholdMs": 2_500, **UPDATED}
    assert house.ask("PUT", TTFB_CONFIG_PATH, TTFB_CONFIG).json == {"success": True, "config": expected}
    assert house.ask("GET", TTFB_CONFIG_PATH).json == {"success": True, "configs": [expected]}
    there = house.in_force.current()[1].at(dimension())
    assert there is not None
    assert there.sli == ttfb(2_500)


def test_it_is_the_same_override_that_the_other_api_shows() -> None:
    house = ObjectivesHouse()
    house.ask("PUT", CONFIG_PATH, CONFIG)
    (one,) = house.ask("GET", "/api/v1/objective-overrides").json["overrides"]
    assert (one["objective"], one["model"], one["target"], one["by"]) == ("error-rate", "vendor/model", "0.995", "ann")


def test_what_is_left_out_is_as_in_the_file() -> None:
    reply = ObjectivesHouse().ask("PUT", CONFIG_PATH, {"model": "vendor/model", "enabled": False})
    assert reply.json["config"] == {
        "model": "vendor/model",
        "enabled": False,
        "errorRateSlo": 0.999,
        "minRequestsPerWindow": 1,
        **UPDATED,
    }


def test_a_model_in_another_spelling_is_the_same_model() -> None:
    house = ObjectivesHouse()
    house.ask("PUT", CONFIG_PATH, {**CONFIG, "model": " Vendor/Model:free "})
    assert [one["model"] for one in house.ask("GET", CONFIG_PATH).json["configs"]] == ["vendor/model"]
    assert house.ask("DELETE", f"{CONFIG_PATH}?model=VENDOR/model").status == 200


def test_the_objective_that_speaks_for_the_model_is_configured() -> None:
    house = ObjectivesHouse()
    house.ask("PUT", CONFIG_PATH, {**CONFIG, "model": "anthropic/claude"})
    assert [change.selector.objective for change in house.store.kept] == ["special/errors"]


def test_a_delete_names_its_model_in_the_query_or_else_in_a_body() -> None:
    house = ObjectivesHouse()
    house.ask("PUT", CONFIG_PATH, CONFIG)
    assert house.ask("DELETE", CONFIG_PATH, {"model": "vendor/model"}).status == 200
    reply = house.ask("DELETE", CONFIG_PATH)
    assert (reply.status, reply.json["issues"][0]["path"]) == (400, ["model"])
    assert house.ask("DELETE", CONFIG_PATH, b"{").status == 400


def test_one_that_is_not_there_is_a_404() -> None:
    assert ObjectivesHouse().ask("DELETE", f"{CONFIG_PATH}?model=x").status == 404


def test_overrides_of_more_than_a_model_are_not_configurations() -> None:
    house = ObjectivesHouse()
    house.store.kept = [
        Change("1", 1, NOW, "ann", Selector("error-rate", client="web"), None, Values(enabled=False)),
        Change("2", 1, NOW, "ann", Selector("error-rate", "web", None, "m"), None, Values(enabled=False)),
        Change("3", 1, NOW, "ann", Selector("gone", model="m"), None, Values(enabled=False)),
    ]
    assert house.ask("GET", CONFIG_PATH).json["configs"] == []
    assert house.ask("DELETE", f"{CONFIG_PATH}?model=m").status == 404


def test_nobody_passes_without_a_token_and_a_viewer_changes_nothing() -> None:
    house = ObjectivesHouse()
    for path in (CONFIG_PATH, TTFB_CONFIG_PATH, f"{BASELINE_PATH}?model=x", f"{TTFB_BASELINE_PATH}?model=x"):
        assert house.ask("GET", path, token=None).json == {"success": False, "error": "Unauthorized"}
        assert house.ask("GET", path, token=None).status == 401
    assert house.ask("PUT", CONFIG_PATH, CONFIG, token=VIEWER).status == 403
    assert house.ask("DELETE", f"{CONFIG_PATH}?model=x", token=VIEWER).status == 403


@pytest.mark.parametrize(
    ("path", "changes", "field", "words"),
    [
        (CONFIG_PATH, {"errorRateSlo": 1}, "errorRateSlo", "between 0 and 1"),
        (CONFIG_PATH, {"errorRateSlo": 0.5}, "errorRateSlo", "can never fire"),
        (CONFIG_PATH, {"errorRateSlo": "much"}, "errorRateSlo", "must be a number"),
        (CONFIG_PATH, {"enabled": "yes"}, "enabled", "true or false"),
        (CONFIG_PATH, {"minRequestsPerWindow": 0}, "minRequestsPerWindow", "at least 1"),
        (CONFIG_PATH, {"model": ""}, "model", "from 1 to 1024"),
        (CONFIG_PATH, {"model": 3}, "model", "the id of a model"),
        (TTFB_CONFIG_PATH, {"ttfbThresholdMs": 1.5}, "ttfbThresholdMs", "a whole number"),
        (TTFB_CONFIG_PATH, {"ttfbThresholdMs": 60_001}, "ttfbThresholdMs", "from 1 to 60000"),
        (TTFB_CONFIG_PATH, {"ttfbSlo": 0.5}, "ttfbSlo", "burn_rate 8 of the page 5m/1m can never fire"),
    ],
)
def test_what_cannot_be_is_refused_in_the_fields_that_were_sent(
    path: str, changes: dict[str, Any], field: str, words: str
) -> None:
    house = ObjectivesHouse()
    body = CONFIG if path == CONFIG_PATH else TTFB_CONFIG
    reply = house.ask("PUT", path, {**body, **changes})
    (issue,) = reply.json["issues"]
    assert (reply.status, issue["path"], words in issue["message"]) == (400, [field], True)
    assert house.store.kept == []


@pytest.mark.parametrize(
    ("path", "accepted"),
    [
        (CONFIG_PATH, "at least one of enabled, errorRateSlo, minRequestsPerWindow"),
        (TTFB_CONFIG_PATH, "at least one of enabled, ttfbSlo, ttfbThresholdMs, minRequestsPerWindow"),
    ],
)
def test_a_model_alone_is_refused_in_the_fields_that_there_are(path: str, accepted: str) -> None:
    (issue,) = ObjectivesHouse().ask("PUT", path, {"model": "a/b"}).json["issues"]
    assert (issue["path"], issue["message"]) == ([], f"replaces nothing; accepted: {accepted}")


@pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b'"x"', b'{"model": "\\ud800"}', b"{"])
def test_no_body_breaks_it(body: bytes) -> None:
    assert ObjectivesHouse().ask("PUT", CONFIG_PATH, body).status == 400


def test_a_file_without_such_an_objective_says_so() -> None:
    house = ObjectivesHouse((PROVIDER, SILENT))
    for path, body in ((CONFIG_PATH, CONFIG), (TTFB_CONFIG_PATH, TTFB_CONFIG)):
        reply = house.ask("PUT", path, body)
        assert (reply.status, "has no objective per model" in reply.json["error"]) == (409, True)


def test_one_that_the_file_has_outgrown_is_not_shown_as_if_it_held() -> None:
    """Kept, and shown by the other API with the reason."""
    house = ObjectivesHouse((ERRORS,))
    house.ask("PUT", CONFIG_PATH, CONFIG)
    stricter = ObjectivesHouse(
        (replace(ERRORS, pairs=(replace(ERRORS.pairs[0], burn_rate=ERRORS.pairs[0].burn_rate * 50),)),)
    )
    stricter.store.kept = house.store.kept
    assert stricter.ask("GET", CONFIG_PATH).json["configs"] == []
    (one,) = stricter.ask("GET", "/api/v1/objective-overrides").json["overrides"]
    assert not one["inForce"]


# ---------------------------------------------------------------- baselines


def test_the_baseline_of_a_model_is_its_error_rate_over_1_3_and_7_days() -> None:
    house = ObjectivesHouse()
    house.past.found = {ERROR_RATE: {3 * DAY_S: Ratio(3, 300), 7 * DAY_S: Ratio(10, 400)}}
    assert house.ask("GET", f"{BASELINE_PATH}?model=Vendor/Model", token=VIEWER).json == {
        "success": True,
        "baseline": {
            "model": "vendor/model",
            "errorRate1d": None,
            "errorRate3d": 0.01,
            "errorRate7d": 0.025,
            "requests1d": 0,
            "requests3d": 300,
            "requests7d": 400,
        },
    }
    assert house.past.asked == [(None, None, "vendor/model")]


def test_the_baseline_of_the_first_byte_is_interpolated_inside_the_bounds() -> None:
    house = ObjectivesHouse()
    house.past.found = {
        ttfb(bound): {3 * DAY_S: Ratio(0 if bound >= 400 else 50 if bound >= 300 else 100, 100)}
        for bound in ttfb().bounds_ms
    }
    assert house.ask("GET", f"{TTFB_BASELINE_PATH}?model=vendor/model").json["baseline"] == {
        "model": "vendor/model",
        "p50Ttfb3d": 300,
        "p95Ttfb3d": 390,
        "p99Ttfb3d": 398,
        "requests3d": 100,
    }


def test_a_baseline_needs_no_objective() -> None:
    house = ObjectivesHouse((PROVIDER, SILENT))
    house.past.found = {
        ERROR_RATE: {DAY_S: Ratio(1, 100)},
        **{ttfb(bound): {3 * DAY_S: Ratio(0, 100)} for bound in ttfb().bounds_ms},
    }
    assert house.ask("GET", f"{BASELINE_PATH}?model=x").json["baseline"]["errorRate1d"] == 0.01
    assert house.ask("GET", f"{TTFB_BASELINE_PATH}?model=x").json["baseline"]["requests3d"] == 100


def test_without_data_a_baseline_is_null() -> None:
    house = ObjectivesHouse()
    for path in (BASELINE_PATH, TTFB_BASELINE_PATH):
        assert house.ask("GET", f"{path}?model=x").json == {"success": True, "baseline": None}
        reply = house.ask("GET", path)
        assert (reply.status, reply.json["issues"][0]["path"]) == (400, ["model"])


def test_a_store_that_is_away_is_a_503() -> None:
    house = ObjectivesHouse()
    house.past.fail = house.store.fail = StoreError("away")
    assert house.ask("GET", f"{BASELINE_PATH}?model=x").status == 503
    assert house.ask("PUT", CONFIG_PATH, CONFIG).status == 503
    assert asyncio.run(house.in_force.renew()) == house.in_force.file
