"""What every answer of the dashboard tells the browser."""

import pytest

from o11y.web.headers import CONTENT_SECURITY_POLICY
from tests.web.dashboard_house import DashboardHouse
from tests.web.sheet import sheet_house

PATHS = ["/", "/change", "/numbers", "/sign-in", "/sign-out", "/nowhere", "/api/x", "/static/x/o11y.css", "/static/x"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT"])
@pytest.mark.parametrize("inside", [True, False])
def test_every_answer_tells_the_browser_what_it_may_do(path: str, method: str, inside: bool) -> None:
    house = sheet_house()
    browser = house.signed_in() if inside else house.browser()
    headers = browser.send(method, path, {} if method == "POST" else None).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers


def test_every_route_of_the_house_is_among_those_that_were_asked() -> None:
    routes = {getattr(route, "path", "") for route in sheet_house().routes}
    assert routes == {"/", "/change", "/numbers", "/sign-in", "/sign-out", "/static/"}


def test_the_policy_allows_nothing_inline_and_nobody_elsewhere() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


def test_over_tls_browsers_are_told_to_come_no_other_way() -> None:
    house = DashboardHouse([], tls=True)
    assert house.browser(scheme="https").get("/sign-in").headers["strict-transport-security"] == "max-age=31536000"
