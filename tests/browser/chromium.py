"""The system's Chromium, driven by Playwright: where it is, how it is started, and pages that are watched."""

import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tests.browser.watch import Watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
#: it is to ask nobody but us, whatever it would like to know
_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
DEADLINE_MS = 15_000
WIDE, NARROW = 1440, 390
#: "required": a missing browser is a failure; "none": as if there were none
VARIABLE = "O11Y_TEST_BROWSER"

Scheme = Literal["light", "dark"]


def executable() -> str | None:
    if os.environ.get(VARIABLE) == "none":
        return None
    found = [path for path in (*map(shutil.which, _NAMES), *_PLACES) if path and Path(path).exists()]
    return found[0] if found else None


def missing() -> str:
    """Why no browser can be driven here, with what would change that; empty when one can."""
    if find_spec("playwright") is None:
        return "browser tests need Playwright: python -m pip install playwright (no browser of its own)"
    if executable() is None:
        return f"browser tests need Chromium or Chrome (looked for {', '.join(_NAMES)}): apt-get install chromium"
    return ""


def required() -> bool:
    return os.environ.get(VARIABLE) == "required"


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Playwright keeps an event loop in this thread meanwhile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable(),
            args=list(_FLAGS),
            chromium_sandbox=sys.platform == "darwin" or os.geteuid() != 0,
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visitor(
    browser: "Browser",
    url: str,
    *,
    width: int = WIDE,
    scheme: Scheme = "light",
    javascript: bool = True,
    reduced_motion: bool = False,
    state: Any = None,
    expected: Collection[int] = (),
) -> Iterator["Page"]:
    """A page of a browser that nobody used before; ``state`` has the cookies of one that somebody did, and
    ``expected`` statuses of 400 and more are meant to be seen.

    At the end: it logged no error, no request failed, and none went to another host. ``AssertionError`` otherwise. What
    is raised in between says where a picture of the page is.
    """
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": 900 if width == WIDE else 844},
        color_scheme=scheme,
        java_script_enabled=javascript,
        reduced_motion="reduce" if reduced_motion else "no-preference",
        has_touch=width == NARROW,
        storage_state=state,
        locale="en-GB",
        timezone_id="America/Los_Angeles",  # pages speak UTC wherever they are read
    )
    context.set_default_timeout(DEADLINE_MS)
    watch = Watch(context, url, expected=expected)
    page = context.new_page()
    try:
        yield page
        assert watch.problems == []
    except Exception as error:
        path = Path(tempfile.mkdtemp(prefix="o11y-browser-")) / "page.png"
        with suppress(Exception):  # it may be gone; what matters is what failed before
            page.screenshot(path=path, full_page=True)
            error.add_note(f"it looked like {path}; it did {watch.problems}")
        raise
    finally:
        context.close()
