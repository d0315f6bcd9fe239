"""A program over the seeded store for each module, and a browser; where there is none, one line says why."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium as system
from tests.browser.stage import Seeded, Stage, played, seeded_many, seeded_story

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before anything is seeded, and here, since skips of one place are told as one."""
    if "browser" in getattr(item, "fixturenames", ()) and (reason := system.missing()):
        if system.required():
            pytest.fail(f"{system.VARIABLE}=required, but {reason}", pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seeded_story(tmp_path_factory.mktemp("story") / "data")


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seeded_many(tmp_path_factory.mktemp("crowd") / "data")


@pytest.fixture(scope="module")
def stage(story: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with played(story, tmp_path_factory.mktemp("stage") / "data") as stage:
        yield stage


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Not for the session: other modules have event loops of their own."""
    with system.chromium() as browser:
        yield browser
