import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from o11y.alerting.incident import Change
from o11y.alerting.key import alert_key
from o11y.alerting.record import alert_record, rfc3339
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from tests.builders import alert, latency, objective, pair


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 8, 12, 12, tzinfo=UTC), "2026-08-12T12:00:00Z"),
        (datetime(2026, 8, 12, 12, 0, 0, 5000, tzinfo=UTC), "2026-08-12T12:00:00.005Z"),
        (datetime(2026, 8, 12, 14, tzinfo=timezone(timedelta(hours=2))), "2026-08-12T12:00:00Z"),
    ],
)
def test_times_are_utc_with_milliseconds_only_where_there_are_some(at: datetime, text: str) -> None:
    assert rfc3339(at) == text


def test_a_record_says_everything_of_the_pair_that_fired() -> None:
    one = alert(long=Ratio(50, 300), short=Ratio(1, 3))
    assert alert_record(one, transition="fired", notification_id="n-1", reason="r", incident_id="i-1") == {
        "time": "2026-11-21T12:00:00Z",
        "severity": "page",
        "objective": "error-rate",
        "indicator": "error_rate",
        "scope": "model",
        "client": "gateway",
        "provider": "vendor",
        "model": "vendor/model",
        "transition": "fired",
        "reason": "r",
        "burn_rate_long": 166.6667,
        "burn_rate_short": 333.3333,
        "burn_rate_threshold": 14.4,
        "long_window_s": 300,
        "short_window_s": 60,
        "valid": 300,
        "bad": 50,
        "short_valid": 3,
        "short_bad": 1,
        "target": "0.999",
        "key": alert_key("error-rate", one.dimension),
        "notification_id": "n-1",
        "incident_id": "i-1",
    }


def test_a_record_is_json_as_it_is() -> None:
    slow = objective(name="p90", sli=latency(), target="0.90", pairs=(pair(burn_rate=8),))
    record = alert_record(alert(objective=slow, pair=slow.pairs[0]), transition="fired")
    assert json.loads(json.dumps(record)) == record


def test_the_words_of_an_incident_are_those_of_a_record() -> None:
    record = alert_record(alert(), transition=Change.NO_DATA)
    assert type(record["transition"]) is str
    assert record["transition"] == "no_data"
    assert record["incident_id"] == ""


def test_an_aggregate_and_a_model_of_that_name_differ_in_scope_and_key() -> None:
    every = alert_record(alert(dimension=Dimension("gateway", None, None)), transition="fired")
    star = alert_record(alert(dimension=Dimension("gateway", "*", "*")), transition="fired")
    assert (every["provider"], every["model"]) == (star["provider"], star["model"]) == ("*", "*")
    assert (every["scope"], star["scope"]) == ("client", "model")
    assert every["key"] != star["key"]
