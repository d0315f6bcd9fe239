"""What holds for every page: people can read and use it, at any width, in light and in dark."""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.axe import violations
from tests.browser.chromium import NARROW, WIDE, Scheme, visitor
from tests.browser.places import PLACES, Place, signed_in_state
from tests.browser.settled import settled
from tests.browser.stage import Stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (WIDE, NARROW)
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
#: 1280 px at a zoom of 400 %, where nothing is to need scrolling in both directions (WCAG 1.4.10)
NARROWEST = 320

_TOO_WIDE = """() => {
    const scrolls = (element) => element !== document.documentElement &&
        (["auto", "scroll"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.body.querySelectorAll("*")]
        .filter((element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element))
        .map((element) => element.outerHTML.slice(0, 120));
}"""
_CUT = """() => [...document.querySelectorAll("*")]
    .filter((one) => one.checkVisibility() && ["auto", "scroll"].includes(getComputedStyle(one).overflowX))
    .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.matches("table *, .scroll, .sections"))
    .map((one) => `${one.outerHTML.slice(0, 80)}: ${one.scrollWidth} in ${one.clientWidth}`)"""
_MOVING = """() => document.getAnimations().filter((one) => one.playState === "running")
    .map((one) => `${one.effect?.target?.outerHTML.slice(0, 80)} ${one.transitionProperty ?? one.animationName}`)"""


@pytest.fixture(scope="module")
def state(browser: "Browser", stage: Stage) -> Any:
    return signed_in_state(browser, stage.url)


@pytest.fixture(params=PLACES, ids=lambda place: place.name)
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.param
    return found


def shown(browser: "Browser", stage: Stage, place: Place, state: Any, **options: Any) -> Iterator["Page"]:
    """The page in each width and scheme, unless ``options`` say in which."""
    for width in (options.pop("width"),) if "width" in options else WIDTHS:
        for scheme in (options.pop("scheme"),) if "scheme" in options else SCHEMES:
            mine = None if place.public else state
            with visitor(
                browser, stage.url, width=width, scheme=scheme, state=mine, expected={place.status}, **options
            ) as page:
                answer = page.goto(place.path)
                assert answer is not None
                assert answer.status == place.status
                settled(page)
                yield page


def test_it_says_what_it_is(browser: "Browser", stage: Stage, place: Place, state: Any) -> None:
    for page in shown(browser, stage, place, state, width=WIDE, scheme="light"):
        (heading,) = page.get_by_role("heading", level=1).all_inner_texts()
        assert place.heading in heading
        assert page.title().endswith(" · o11y")


def test_axe_finds_nothing(browser: "Browser", stage: Stage, place: Place, state: Any) -> None:
    for page in shown(browser, stage, place, state):
        assert violations(page) == [], page.viewport_size


def test_nothing_is_wider_than_the_window(browser: "Browser", stage: Stage, place: Place, state: Any) -> None:
    for page in shown(browser, stage, place, state, scheme="light"):
        assert page.evaluate(_TOO_WIDE) == []
        if page.viewport_size and page.viewport_size["width"] == NARROW:
            page.set_viewport_size({"width": NARROWEST, "height": 640})
            with suppress(Exception):  # charts follow the window when they are told that it has changed
                page.wait_for_function(f"() => ({_TOO_WIDE})().length === 0", timeout=3_000)
            assert page.evaluate(_TOO_WIDE) == []


def test_on_a_wide_screen_no_table_is_cut(browser: "Browser", stage: Stage, place: Place, state: Any) -> None:
    for page in shown(browser, stage, place, state, width=WIDE, scheme="light"):
        assert page.evaluate(_CUT) == []


def test_nothing_moves_for_who_asks_for_that(browser: "Browser", stage: Stage, place: Place, state: Any) -> None:
    for page in shown(browser, stage, place, state, width=WIDE, scheme="light", reduced_motion=True):
        page.keyboard.press("Tab")
        assert page.evaluate(_MOVING) == []
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_the_sections_in_the_header_lead_to_pages_that_are_looked_at_here(
    browser: "Browser", stage: Stage, state: Any
) -> None:
    with visitor(browser, stage.url, state=state) as page:
        page.goto("/status")
        links = page.get_by_role("navigation", name="Sections").get_by_role("link").all()
        found = {link.get_attribute("href") for link in links}
        assert len(found) == 5
        assert found <= {place.path for place in PLACES}
