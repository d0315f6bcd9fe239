"""The first page of a fresh worker: how to send a first event, and what becomes of the page when one comes."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import visitor
from tests.browser.places import OVERVIEW, sign_in
from tests.browser.story import ADMIN_TOKENS
from tests.program.program import SECRET, Program
from tests.program.waiting import until
from tests.wire_events import wire_event

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

EVERY_MS = 16_000


@pytest.fixture
def fresh(tmp_path: "Path") -> Iterator[Program]:
    with Program(tmp_path / "data", admin_tokens=json.dumps(ADMIN_TOKENS)) as program:
        yield program


def test_the_table_appears_by_itself_after_the_first_event(browser: "Browser", fresh: Program) -> None:
    with visitor(browser, fresh.url) as page:
        page.goto(OVERVIEW.path)
        sign_in(page)
        page.clock.install()
        page.goto(OVERVIEW.path)
        page.get_by_role("heading", name="No event has come yet").wait_for()
        status, _ = fresh.post(json.dumps(wire_event()).encode(), headers={"Authorization": f"Bearer {SECRET}"})
        assert status == 204
        until(lambda: _has_a_table(page), "the table takes the place of the empty state")
        page.get_by_role("button", name="Filter").wait_for()
        assert page.get_by_text("No event has come yet").count() == 0


def _has_a_table(page: "Page") -> bool:
    page.clock.run_for(EVERY_MS)
    return page.get_by_role("table").count() == 1
