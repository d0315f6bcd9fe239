"""Right after a start, before anything was evaluated here: what fires is known, since others wrote it down."""

from typing import TYPE_CHECKING

from tests.browser.chromium import visitor
from tests.browser.places import sign_in
from tests.browser.stage import Seeded, played

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def test_open_incidents_are_told_before_the_first_evaluation(
    browser: "Browser", story: Seeded, tmp_path: "Path"
) -> None:
    with played(story, tmp_path / "data", live=False) as stage, visitor(browser, stage.url) as page:
        page.goto("/status")
        sign_in(page)
        title = page.get_by_text("Open incidents", exact=True)
        assert title.locator("xpath=following-sibling::dd[1]").inner_text() == "2"
