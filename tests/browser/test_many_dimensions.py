"""10,000 dimensions in one table: a page of it, the worst first, and filters that find the others."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.axe import violations
from tests.browser.chromium import NARROW, visitor
from tests.browser.places import OVERVIEW, sign_in
from tests.browser.settled import settled
from tests.browser.stage import Seeded, Stage, played

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MOST_ROWS = 100


@pytest.fixture(scope="module")
def stage(crowd: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with played(crowd, tmp_path_factory.mktemp("stage") / "data", live=False) as stage:
        yield stage


@pytest.fixture
def page(browser: "Browser", stage: Stage) -> Iterator["Page"]:
    with visitor(browser, stage.url) as page:
        page.goto(OVERVIEW.path)
        sign_in(page)
        page.locator("main table tbody tr").first.wait_for()
        yield page


def test_the_worst_come_first_and_a_page_of_them_at_once(page: "Page") -> None:
    rows = page.locator("main table tbody tr")
    assert 10 < rows.count() <= MOST_ROWS
    assert any(name in rows.first.inner_text() for name in ("vendor/model-", "provider-", "gateway-", "All traffic"))
    assert "ok" not in rows.first.locator(".badge").first.inner_text()


def test_a_filter_finds_one_among_them(page: "Page") -> None:
    page.get_by_label("Model").fill("vendor/model-04711")
    page.get_by_role("button", name="Filter").click()
    assert "model-04711" in page.url
    rows = page.locator("main table tbody tr").all_inner_texts()
    assert rows
    assert all("vendor/model-04711" in row for row in rows)


def test_it_can_be_read_on_a_phone(browser: "Browser", page: "Page") -> None:
    page.set_viewport_size({"width": NARROW, "height": 844})
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW
    assert violations(page) == []
