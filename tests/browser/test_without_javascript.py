"""Pages are HTML: without scripts there is nothing that cannot be read, and nothing that cannot be done."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.chromium import visitor
from tests.browser.places import DIMENSION, OVERVIEW, PLACES, Place, sign_in, signed_in_state
from tests.browser.stage import Stage
from tests.browser.story import EDITOR

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def state(browser: "Browser", stage: Stage) -> Any:
    return signed_in_state(browser, stage.url)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_every_page_can_be_read(browser: "Browser", stage: Stage, place: Place, state: Any) -> None:
    with visitor(
        browser,
        stage.url,
        javascript=False,
        state=None if place.public else state,
        expected={place.status},
    ) as page:
        page.goto(place.path)
        assert place.heading in page.get_by_role("heading", level=1).inner_text()
        assert page.get_by_role("button", name="Pause updates").count() == 0, "a button that does nothing"
        for summary in page.locator("summary:visible").all():
            summary.click()
        assert page.locator("button[data-copy]:visible, details.numbers:visible").count() == 0, "they do nothing"


def test_what_scripts_would_fetch_is_a_link(browser: "Browser", stage: Stage, state: Any) -> None:
    with visitor(browser, stage.url, javascript=False, state=state) as page:
        page.goto(DIMENSION.path)
        figures = page.locator("figure[data-chart]")
        numbers = page.locator("figure[data-chart] noscript a")
        assert numbers.count() == figures.count() > 5
        assert page.request.get(numbers.first.get_attribute("href") or "").json()["x"]
        page.get_by_role("link", name="Bad events of error-rate in this range").click()
        assert page.get_by_role("heading", name="The last 50").is_visible()


def test_an_incident_is_acknowledged(browser: "Browser", stage: Stage, state: Any) -> None:
    with visitor(browser, stage.url, javascript=False, state=state) as page:
        page.goto(OVERVIEW.path)
        page.get_by_role("button", name="Acknowledge").click()
        assert page.get_by_text(f"{EDITOR} has it").is_visible()


def test_an_override_is_suggested_saved_and_removed(browser: "Browser", stage: Stage) -> None:
    with visitor(browser, stage.url, javascript=False) as page:
        page.goto("/objectives/edit?objective=latency-p90&model=openai/gpt-5")
        sign_in(page)
        page.get_by_role("button", name="Suggest").click()
        assert page.get_by_role("heading", name="Suggested").is_visible()
        page.get_by_role("button", name="Save").click()
        assert "saved" in page.get_by_role("status").first.inner_text()
        page.get_by_role("button", name="Remove the override").click()
        assert "removed" in page.get_by_role("status").first.inner_text()
        page.get_by_role("button", name="Sign out").click()
        assert page.get_by_role("heading", name="Sign in").is_visible()
