"""A page that keeps itself fresh: without a flicker, without disturbing whoever reads it, and never silently old.

The browser's clock is moved on by the tests; the program's is the world's.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from o11y.web.frame import FRAGMENT
from tests.browser.chromium import visitor
from tests.browser.places import sign_in
from tests.browser.stage import Stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EVERY_MS = 15_000


@pytest.fixture
def page(browser: "Browser", stage: Stage) -> Iterator["Page"]:
    """The status page, in a browser whose clock is ours."""
    with visitor(browser, stage.url, expected={401, 503}) as page:
        page.goto("/status")
        sign_in(page)
        page.clock.install()
        page.goto("/status")
        yield page


def after(page: "Page", ms: int) -> None:
    """So much later; the refresh that was due by then is answered."""
    with page.expect_response(lambda response: FRAGMENT in response.request.headers):
        page.clock.run_for(ms)


def freshness(page: "Page") -> str:
    return page.locator("[data-freshness]").inner_text()


def test_what_changed_is_shown_and_what_did_not_is_left_alone(browser: "Browser", page: "Page") -> None:
    page.evaluate("document.querySelector('h1').mine = true; document.querySelector('h1').textContent = 'old'")
    after(page, EVERY_MS + 1_000)
    page.get_by_role("heading", name="Status of o11y").wait_for()
    assert page.evaluate("document.querySelector('h1').mine") is True


def test_a_refresh_is_no_reload(page: "Page") -> None:
    page.evaluate("window.mine = true; scrollTo(0, 40)")
    page.get_by_role("button", name="Sign out").focus()
    after(page, EVERY_MS + 1_000)
    assert page.evaluate("window.mine") is True
    assert page.evaluate("document.activeElement.textContent") == "Sign out"


def test_who_pauses_the_updates_has_none(page: "Page") -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.headers.get(FRAGMENT, "")))
    button = page.get_by_role("button", name="Pause updates")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    page.clock.run_for(4 * EVERY_MS)
    assert [element for element in asked if element] == []
    button.click()
    after(page, 2_000)


def test_a_page_that_gets_no_answer_says_so_and_recovers(page: "Page") -> None:
    page.route("**/status", lambda route: route.fulfill(status=503, body="busy"))
    after(page, EVERY_MS + 1_000)
    page.get_by_text("Not updated since").wait_for()
    page.unroute("**/status")
    after(page, 2 * EVERY_MS + 1_000)  # later than before, since it failed
    page.get_by_text("As of").wait_for()


def test_a_page_of_other_parts_is_loaded_anew_but_not_under_the_hands_of_somebody_who_types(page: "Page") -> None:
    """The field is put there, since no page has one that can lose its parts meanwhile."""
    page.evaluate(
        "window.mine = true; document.querySelector('main').insertAdjacentHTML('afterbegin', '<input id=note>')"
    )
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<p id=gone data-refresh=15></p>')")
    page.locator("#note").press_sequentially("half a word")
    after(page, EVERY_MS + 1_000)
    page.locator("#note").blur()
    after(page, EVERY_MS + 1_000)
    assert page.evaluate("window.mine") is True
    assert page.locator("#note").input_value() == "half a word"
    page.locator("#note").fill("")
    page.locator("#note").blur()
    with page.expect_navigation():
        page.clock.run_for(EVERY_MS + 1_000)
    assert page.evaluate("window.mine") is None
    page.get_by_role("heading", name="Status of o11y").wait_for()


def test_a_session_that_is_over_leads_to_the_sign_in_form(page: "Page") -> None:
    page.context.clear_cookies()
    page.clock.run_for(EVERY_MS + 1_000)
    page.get_by_label("Token").wait_for()
