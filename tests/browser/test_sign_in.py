"""In with a token, and out again."""

from typing import TYPE_CHECKING

from o11y.web import words
from o11y.web.cookies import SESSION
from tests.browser.chromium import visitor
from tests.browser.places import sign_in
from tests.browser.stage import Stage
from tests.browser.story import EDITOR, VIEWER, VIEWERS_TOKEN

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_who_signs_in_is_where_they_wanted_to_be(browser: "Browser", stage: Stage) -> None:
    with visitor(browser, stage.url) as page:
        page.goto("/objectives?page=1")
        assert page.url == f"{stage.url}/sign-in?next=/objectives%3Fpage%3D1"
        sign_in(page)
        assert page.url == f"{stage.url}/objectives?page=1"
        assert EDITOR in page.get_by_role("banner").inner_text()


def test_a_wrong_token_is_said_beside_the_field_and_can_be_tried_again(browser: "Browser", stage: Stage) -> None:
    with visitor(browser, stage.url, expected={401}) as page:
        page.goto("/status")
        page.get_by_label("Token").fill("no-such-token")
        page.get_by_role("button", name="Sign in").click()
        assert page.get_by_role("alert").inner_text() == "That token is not known."
        assert page.get_by_label("Token").input_value() == ""
        sign_in(page)
        assert page.url == f"{stage.url}/status"


def test_who_was_signed_out_and_acknowledges_is_told_that_it_did_not_happen(browser: "Browser", stage: Stage) -> None:
    with visitor(browser, stage.url) as page:
        page.goto("/?severity=firing&sort=name")
        sign_in(page)
        page.context.clear_cookies()  # as after twelve hours
        page.get_by_role("button", name="Acknowledge").first.click()
        assert page.get_by_role("alert").inner_text() == words.UNSENT
        sign_in(page)
        assert page.url == f"{stage.url}/?severity=firing&sort=name"
        page.get_by_role("button", name="Acknowledge").first.wait_for()


def test_after_signing_out_nothing_is_shown_any_more_not_even_by_going_back(browser: "Browser", stage: Stage) -> None:
    with visitor(browser, stage.url) as page:
        page.goto("/status")
        sign_in(page)
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Token").wait_for()
        assert SESSION.name not in {cookie["name"] for cookie in page.context.cookies(stage.url)}
        page.go_back()
        page.get_by_label("Token").wait_for()
        assert page.get_by_role("navigation").count() == 0


def test_a_viewer_sees_everything_and_is_offered_no_change(browser: "Browser", stage: Stage) -> None:
    with visitor(browser, stage.url) as page:
        page.goto("/objectives")
        sign_in(page, VIEWERS_TOKEN)
        assert VIEWER in page.get_by_role("banner").inner_text()
        for path in ("/", "/objectives", "/objectives/edit?objective=error-rate"):
            page.goto(path)
            assert page.locator("main form[method=post]").count() == 0, path


def test_scripts_cannot_read_the_cookie(browser: "Browser", stage: Stage) -> None:
    with visitor(browser, stage.url) as page:
        page.goto("/status")
        sign_in(page)
        (cookie,) = [each for each in page.context.cookies(stage.url) if each["name"] == SESSION.name]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        assert page.evaluate("document.cookie") == ""
