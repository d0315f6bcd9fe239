"""With the keyboard alone: everything can be reached, and one always sees where one is."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.chromium import visitor
from tests.browser.places import OVERVIEW, PLACES, Place, signed_in_state
from tests.browser.settled import settled
from tests.browser.stage import Stage
from tests.browser.story import EDITOR, EDITORS_TOKEN

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MOST_STEPS = 400
_FOCUSED = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const style = getComputedStyle(element);
    const seen = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none";
    const box = element.getBoundingClientRect();
    return {name: (element.ariaLabel ?? element.textContent).trim().slice(0, 60), html: element.outerHTML.slice(0, 120),
            seen, on_screen: box.width > 0 && box.bottom > 0 && box.top < innerHeight};
}"""


@pytest.fixture(scope="module")
def state(browser: "Browser", stage: Stage) -> Any:
    return signed_in_state(browser, stage.url)


def tab_to(page: "Page", name: str) -> None:
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is not None and focused["name"].startswith(name):
            return
    raise AssertionError(f"{name} is not reached with the keyboard")


def test_sign_in_and_acknowledge(browser: "Browser", stage: Stage) -> None:
    with visitor(browser, stage.url) as page:
        page.goto(OVERVIEW.path)
        page.keyboard.type(EDITORS_TOKEN)  # the field has the focus already
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Sign out").wait_for()
        page.get_by_role("button", name="Acknowledge").first.wait_for()
        tab_to(page, "Acknowledge")
        page.keyboard.press("Enter")
        page.get_by_text(f"{EDITOR} has it").wait_for()


def test_the_first_step_skips_to_the_content(browser: "Browser", stage: Stage, state: Any) -> None:
    with visitor(browser, stage.url, state=state) as page:
        page.goto("/status")
        page.keyboard.press("Tab")
        assert page.evaluate(_FOCUSED)["name"] == "Skip to content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_where_the_focus_is_can_be_seen(browser: "Browser", stage: Stage, place: Place, state: Any) -> None:
    with visitor(browser, stage.url, state=None if place.public else state, expected={place.status}) as page:
        page.goto(place.path)
        settled(page)
        page.evaluate("document.activeElement.blur()")
        steps = 0
        for steps in range(60):  # noqa: B007  the number is what is asserted
            page.keyboard.press("Tab")
            focused = page.evaluate(_FOCUSED)
            if focused is None:
                break
            assert focused["seen"], focused["html"]
            assert focused["on_screen"], focused["html"]
        assert steps > 0
