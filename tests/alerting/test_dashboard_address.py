"""A message leads to the page of what it tells."""

import pytest

from o11y.alerting.dashboard_address import page_of
from o11y.alerting.incident import Cause
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from tests.builders import account, alert, dimension, notification


@pytest.mark.parametrize(
    ("shared", "path"),
    [
        (Dimension("web", "openai", "openai/gpt-5:free"), "/d/web/openai/openai%2Fgpt-5%3Afree"),
        (Dimension(None, "openai", None), "/d/*/openai/*"),
        (Dimension("web", None, None), "/d/web/*/*"),
        (Dimension(None, None, None), "/d/*/*/*"),
        (Dimension("web", None, "*"), "/d/web/*/**"),
        (Dimension("..", "a b", "日本"), "/d/*../a%20b/%E6%97%A5%E6%9C%AC"),
    ],
)
def test_the_address_is_that_of_the_cause(shared: Dimension, path: str) -> None:
    told = notification(account=account(cause=Cause(shared, Indicator.ERROR_RATE)))
    assert page_of(told, "https://o11y.example/") == f"https://o11y.example{path}"


def test_without_an_incident_it_is_that_of_the_first_alert() -> None:
    told = notification(alert(dimension=dimension("m")))
    assert page_of(told, "https://o11y.example") == "https://o11y.example/d/gateway/vendor/m"


def test_an_address_too_long_for_a_message_is_that_of_the_dashboard() -> None:
    told = notification(alert(dimension=dimension("日" * 500)))
    assert page_of(told, "https://o11y.example") == "https://o11y.example"


def test_without_a_dashboard_there_is_none() -> None:
    assert page_of(notification(), None) is None
