"""Every page of the dashboard, and somebody who signs in."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from o11y.web.paths import dimension_path
from tests.browser.chromium import visitor
from tests.browser.story import EDITORS_TOKEN, SONNET

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_SONNETS = {"objective": "error-rate", "model": SONNET.dimension.model or ""}


@dataclass(frozen=True)
class Place:
    """``heading`` is in its first heading. ``public``: for those who have not signed in."""

    name: str
    path: str
    heading: str
    public: bool = False
    status: int = 200


OVERVIEW = Place("overview", "/", "Overview")
DIMENSION = Place("dimension", dimension_path(SONNET.dimension), SONNET.dimension.model or "")
PLACES = (
    OVERVIEW,
    DIMENSION,
    Place("alerts", "/alerts", "Alerts"),
    Place("budgets", "/budgets", "budgets"),
    Place("objectives", "/objectives", "Objectives"),
    Place("objective", f"/objectives/edit?{urlencode(_SONNETS)}", "error-rate"),
    Place("status", "/status", "Status of o11y"),
    Place("sign-in", "/sign-in", "Sign in", public=True),
    Place("unknown", "/no-such-page", "There is no such page", status=404),
)


def sign_in(page: "Page", token: str = EDITORS_TOKEN) -> None:
    """From wherever that leads to the form; back there afterwards."""
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def signed_in_state(browser: "Browser", url: str, token: str = EDITORS_TOKEN) -> Any:
    """The cookies of somebody who has signed in."""
    with visitor(browser, url) as page:
        page.goto("/status")
        sign_in(page, token)
        return page.context.storage_state()
