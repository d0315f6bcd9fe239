"""Right after a start: what fires is known where others wrote it down, and where that cannot be read, it is not."""

import json
import socket
from typing import TYPE_CHECKING

from tests.browser.chromium import visitor
from tests.browser.places import OVERVIEW, sign_in
from tests.browser.stage import Seeded, played
from tests.browser.story import ADMIN_TOKENS
from tests.program.program import Program

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


def test_while_redis_is_away_nobody_is_told_that_nothing_fires(browser: "Browser", tmp_path: "Path") -> None:
    with socket.socket() as nobody:  # has the port, and never listens
        nobody.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{nobody.getsockname()[1]}"
        program = Program(tmp_path / "data", redis_url=url, admin_tokens=json.dumps(ADMIN_TOKENS))
        program.start(ready=False)
        try:
            with visitor(browser, program.url) as page:
                page.goto(OVERVIEW.path)
                sign_in(page)
                firing = page.get_by_role("region", name="Firing now")
                assert "Redis does not answer." in firing.get_by_role("alert").inner_text()
                assert page.get_by_text("nothing fires").count() == 0
                page.goto("/status")
                title = page.get_by_text("Open incidents", exact=True)
                assert "Redis does not answer" in title.locator("xpath=..").inner_text()
        finally:
            program.kill9()
