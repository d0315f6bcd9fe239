"""The history of changes on ``/objectives``, page by page."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from o11y.web.objective_history import MOST_CHANGES
from tests.builders import NOW
from tests.web.test_objectives import House, change


def house_of(number: int, *, apart_ms: int = 1) -> House:
    house = House()
    house.store.kept = [
        replace(change(n, model="m"), at=NOW + timedelta(milliseconds=n // apart_ms), note=f"note-{n:04d}")
        for n in range(number)
    ]
    return house


def older(text: str) -> str | None:
    found = re.search(r'<a href="([^"]*)"[^>]*>Older', text)
    return found[1].replace("&amp;", "&").partition("#")[0] if found else None


def walked(house: House) -> list[str]:
    browser, path, notes = house.signed_in(), "/objectives", list[str]()
    while path:
        text = browser.get(path).text
        notes += re.findall(r"note-\d{4}", text.partition('id="changes"')[2])
        path = older(text) or ""
    return notes


def test_a_short_history_is_whole() -> None:
    house = house_of(MOST_CHANGES)
    assert older(house.get("/objectives").text) is None
    assert len(walked(house)) == MOST_CHANGES


@pytest.mark.parametrize("apart_ms", [1, 7])
def test_every_change_is_on_one_of_the_pages_the_newest_first(apart_ms: int) -> None:
    """Also where several were made in one millisecond."""
    number = 3 * MOST_CHANGES + 5
    assert walked(house_of(number, apart_ms=apart_ms)) == [f"note-{n:04d}" for n in reversed(range(number))]


def test_older_ones_lead_back_to_the_newest() -> None:
    house = house_of(MOST_CHANGES + 1)
    path = older(house.get("/objectives").text)
    assert path is not None
    text = house.get(path).text
    assert '<a href="/objectives#changes">Newest' in text
    assert older(text) is None


def test_before_the_first_change_there_is_none_and_the_page_says_so() -> None:
    text = house_of(3).get("/objectives?before=2001-01-01T00:00:00Z").text
    assert re.search(r"No changes before <time datetime=\"2001-01-01T00:00:00Z\"", text)


@pytest.mark.parametrize("before", ["", "yesterday", "2026-11-21T12:00:00", "9999-12-31T23:59:59-12:00", "1"])
def test_a_time_that_is_none_is_refused_in_words(before: str) -> None:
    reply = house_of(1).get(f"/objectives?before={before}")
    assert (reply.status, "before: a time with its zone" in reply.text) == (400, True)


def test_the_page_of_the_overrides_stays_while_the_history_is_turned() -> None:
    house = house_of(MOST_CHANGES + 1)
    house.store.kept += [change(n, client=f"c{n}") for n in range(150)]
    house.store.kept = [replace(one, change_id=f"id-{n}") for n, one in enumerate(house.store.kept)]
    path = older(house.get("/objectives?page=2").text)
    assert path is not None
    assert "page=2" in path
    text = house.get(path).text
    assert "Page 2 of 2" in text
    assert re.search(r'<a href="/objectives\?page=1&amp;before=[^"]*" rel="prev"', text)
