"""The charts of a dimension: drawn, in words for who does not see them, with their numbers and their query."""

from typing import TYPE_CHECKING, Any

import pytest

from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS
from tests.browser.chromium import visitor
from tests.browser.places import DIMENSION, signed_in_state
from tests.browser.settled import settled
from tests.browser.stage import Stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

_COLOURS = """(canvas) => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const found = new Set();
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) found.add(data.slice(at, at + 3).join());
    return found.size;
}"""


@pytest.fixture(scope="module")
def state(browser: "Browser", stage: Stage) -> Any:
    return signed_in_state(browser, stage.url)


def test_each_is_drawn_and_says_what_it_shows(browser: "Browser", stage: Stage, state: Any) -> None:
    with visitor(browser, stage.url, state=state) as page:
        page.goto(DIMENSION.path)
        settled(page)
        figures = page.locator("figure[data-chart]").all()
        assert len(figures) >= 6
        for figure in figures:
            title = figure.locator("h3").inner_text()
            canvas = figure.locator("canvas")
            assert title in (canvas.get_attribute("aria-label") or ""), title
            assert canvas.evaluate(_COLOURS) > 3, f"{title} is empty"


def test_its_numbers_are_a_table(browser: "Browser", stage: Stage, state: Any) -> None:
    with visitor(browser, stage.url, state=state) as page:
        page.goto(DIMENSION.path)
        settled(page)
        figure = page.locator("figure[data-chart]").first
        figure.get_by_text("Numbers", exact=True).click()
        table = figure.locator("[data-table] table")
        table.wait_for()
        rows = table.get_by_role("row").all_inner_texts()
        assert len(rows) > 10
        assert rows[0].startswith("Time")


def test_what_is_beyond_all_bounds_is_not_told_as_measured(browser: "Browser", stage: Stage, state: Any) -> None:
    def lower(route: "Route") -> None:
        """The bound: requests of the story are quicker than that of the rollups."""
        answer = route.fetch()
        drawn = answer.json()
        assert drawn["most"] == COMPLETE_BOUNDS_MS[-1]
        route.fulfill(response=answer, json={**drawn, "most": 1_000})

    with visitor(browser, stage.url, state=state) as page:
        page.route("**/chart/latency?*", lower)
        page.goto(DIMENSION.path)
        settled(page)
        figure = page.locator("figure[data-chart=latency]")
        assert f"≥ {COMPLETE_BOUNDS_MS[-1] // 1_000} s" in figure.locator("figcaption").inner_text()
        told = figure.locator("canvas").get_attribute("aria-label") or ""
        assert "p90: last ≥\xa01\xa0s, highest ≥\xa01\xa0s" in told
        figure.locator(".u-over").hover()  # the last step may be so new that nothing is in it yet
        figure.locator(".u-legend", has_text="≥").wait_for()
        assert "≥\xa01\xa0s" in figure.locator(".u-legend").inner_text()
        figure.get_by_text("Numbers", exact=True).click()
        cell = figure.locator("[data-table] tbody td.num", has_text="≥").first
        cell.wait_for()
        assert cell.inner_text() == "≥\xa01\xa0s"


def test_its_query_can_be_copied_and_runs(browser: "Browser", stage: Stage, state: Any) -> None:
    with visitor(browser, stage.url, state=state) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(DIMENSION.path)
        settled(page)
        figure = page.locator("figure[data-chart]").first
        figure.get_by_text("Query", exact=True).click()
        figure.get_by_role("button", name="Copy", exact=False).click()
        figure.get_by_role("button", name="Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == figure.locator("pre").inner_text()
        assert "{" not in copied, "a parameter is left"


def test_they_follow_the_scheme_without_a_reload(browser: "Browser", stage: Stage, state: Any) -> None:
    with visitor(browser, stage.url, state=state) as page:
        page.goto(DIMENSION.path)
        settled(page)
        canvas = page.locator("figure[data-chart] canvas").first
        light = canvas.evaluate("(canvas) => canvas.toDataURL()")
        page.emulate_media(color_scheme="dark")
        settled(page)
        assert canvas.evaluate("(canvas) => canvas.toDataURL()") != light
