"""Changing an objective: what cannot be is refused where it was typed, and nothing typed is lost."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.axe import violations
from tests.browser.chromium import NARROW, visitor
from tests.browser.places import signed_in_state
from tests.browser.stage import Stage
from tests.browser.story import EDITOR, GPT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_FORM = f"/objectives/edit?objective=latency-p90&model={GPT.dimension.model}"


@pytest.fixture(scope="module")
def state(browser: "Browser", stage: Stage) -> Any:
    return signed_in_state(browser, stage.url)


def save(page: "Page") -> None:
    page.get_by_role("button", name="Save").click()


def test_a_target_under_which_nothing_could_ever_fire_is_refused_beside_its_field(
    browser: "Browser", stage: Stage, state: Any
) -> None:
    with visitor(browser, stage.url, state=state, expected={400}) as page:
        page.goto(_FORM)
        page.get_by_label("Target").fill("0.85")
        page.get_by_label("Why").fill("as a try")
        save(page)
        target = page.get_by_label("Target")
        assert target.get_attribute("aria-invalid") == "true"
        described = (target.get_attribute("aria-describedby") or "").split()[-1]
        assert "burn rate" in page.locator(f"#{described}").inner_text()
        assert (target.input_value(), page.get_by_label("Why").input_value()) == ("0.85", "as a try")
        assert violations(page) == []


def test_an_override_says_whose_it_is_until_it_is_removed(browser: "Browser", stage: Stage, state: Any) -> None:
    with visitor(browser, stage.url, state=state, width=NARROW) as page:
        page.goto(_FORM)
        page.get_by_label("Target").fill("0.95")
        save(page)
        overrides = page.get_by_role("region", name="Overrides")
        assert f"{EDITOR}," in overrides.inner_text()
        assert violations(page) == []
        page.goto(_FORM)
        assert f"{EDITOR}," in page.get_by_role("region", name="As it is now").inner_text()
        page.get_by_role("button", name="Remove this override").click()
        assert "removed" in page.get_by_role("status").first.inner_text()
        assert overrides.inner_text().endswith("None: everything is as in the objectives file.")
        assert page.get_by_role("region", name="History").get_by_role("row").count() == 3
