"""Signing in and out: who gets a session, what a browser is told to do with it, and where it leads."""

import logging
from urllib.parse import quote

import pytest

from tests.web.dashboard_house import EDITOR, TOKENS, VIEWER, DashboardHouse, Reply
from tests.web.sheet import sheet_house, sheet_parts

HOUSE = sheet_house()


def attributes(line: str) -> tuple[str, set[str]]:
    """A cookie's name, and how it is to be kept."""
    pair, *rest = line.split("; ")
    return pair.partition("=")[0], {part.lower() for part in rest}


def test_a_stranger_is_led_to_the_form_and_back_to_where_they_wanted_to_go() -> None:
    browser = HOUSE.browser()
    reply = browser.get("/?client=a%2Fb&x=1")
    assert (reply.status, reply.headers["location"]) == (303, "/sign-in?next=/%3Fclient%3Da%252Fb%26x%3D1")
    form = browser.get(reply.headers["location"])
    assert 'name="next" value="/?client=a%2Fb&amp;x=1"' in form.text
    done = browser.send("POST", "/sign-in", {"token": EDITOR, "csrf": form.csrf, "next": "/?client=a%2Fb&x=1"})
    assert (done.status, done.headers["location"]) == (303, "/?client=a%2Fb&x=1")
    assert browser.get("/").status == 200


def test_the_page_says_who_is_signed_in() -> None:
    assert "ann" in HOUSE.get("/").text
    page = HOUSE.get("/", token=VIEWER).text
    assert 'board<span class="muted"> · viewer' in page


def test_the_session_cookie_is_for_this_host_alone_and_for_no_script() -> None:
    reply = HOUSE.browser().sign_in(EDITOR)
    session, door = reply.set_cookies
    assert attributes(session) == ("o11y_session", {"httponly", "samesite=lax", "path=/", "max-age=43200"})
    assert attributes(door)[0] == "o11y_door"
    assert "max-age=0" in attributes(door)[1]


@pytest.mark.parametrize("secure", [{"tls": True}, {"public_url": "https://o11y.test"}])
def test_where_people_come_over_tls_cookies_are_secure_and_of_the_host(secure: dict[str, bool]) -> None:
    house = DashboardHouse(sheet_parts("x"), **secure)  # type: ignore[arg-type]
    browser = house.browser(scheme="https")
    reply = browser.sign_in(EDITOR)
    assert {attributes(line)[0] for line in reply.set_cookies} == {"__Host-o11y_session", "__Host-o11y_door"}
    assert all({"secure", "path=/", "httponly"} <= attributes(line)[1] for line in reply.set_cookies)
    assert not any("domain" in line.lower() for line in reply.set_cookies)


def test_no_answer_shows_a_token() -> None:
    browser = HOUSE.browser()
    replies = [browser.sign_in(EDITOR + "x"), browser.sign_in(EDITOR), browser.get("/"), browser.get("/nowhere")]
    for reply in replies:
        shown = f"{reply.headers} {reply.set_cookies} {reply.text}"
        assert not [token for token, _ in TOKENS.values() if token in shown]


@pytest.mark.parametrize("token", ["", "wrong", EDITOR[:-1], "🗝️", "x" * 10_000, "\x00"])
def test_an_unknown_token_is_told_so_and_nothing_else(token: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        browser = sheet_house().browser(address="203.0.113.77")
        reply = browser.sign_in(token)
    assert reply.status == 401
    assert "That token is not known" in reply.text
    assert "o11y_session" not in browser.cookies
    assert "203.0.113.77" not in caplog.text
    assert not token or token not in caplog.text


@pytest.mark.parametrize(
    "wanted", ["//evil.test", "/\\evil.test", "https://evil.test", "/\t/evil.test", "/sign-out", "/sign-in?next=/", ""]
)
def test_nobody_is_led_to_another_site_after_signing_in(wanted: str) -> None:
    browser = HOUSE.browser()
    assert "evil.test" not in browser.get(f"/sign-in?next={quote(wanted)}").text
    assert browser.sign_in(EDITOR, next=wanted).headers["location"] == "/"
    assert browser.get(f"/sign-in?next={quote(wanted)}").headers["location"] == "/"  # signed in already


def test_the_form_is_of_the_browser_that_it_was_shown_in() -> None:
    mine, theirs = HOUSE.browser(), HOUSE.browser()
    csrf = theirs.get("/sign-in").csrf
    mine.get("/sign-in")
    for browser, form in [(mine, csrf), (HOUSE.browser(), csrf), (mine, "")]:
        reply = browser.send("POST", "/sign-in", {"token": EDITOR, "csrf": form})
        assert (reply.status, "o11y_session" in browser.cookies) == (403, False)
        assert "Here it is anew" in reply.text
        assert reply.csrf


def test_a_form_sent_from_another_site_is_refused() -> None:
    reply = HOUSE.browser().sign_in(EDITOR, headers={"sec-fetch-site": "cross-site"})
    assert reply.status == 403
    assert "another site" in reply.text


def test_over_http_where_cookies_are_for_https_the_form_says_why_it_does_not_work() -> None:
    house = DashboardHouse(sheet_parts("x"), public_url="https://o11y.test")
    browser = house.browser()
    csrf = browser.get("/sign-in").csrf
    browser.cookies.clear()  # as a browser does with secure ones
    reply = browser.send("POST", "/sign-in", {"token": EDITOR, "csrf": csrf})
    assert "kept for https only" in reply.text


def test_guessing_is_slowed_down_and_says_until_when(caplog: pytest.LogCaptureFixture) -> None:
    house = sheet_house()
    inside = house.signed_in(address="192.0.2.9")
    browser = house.browser(address="192.0.2.9")
    with caplog.at_level(logging.DEBUG):
        assert [browser.sign_in("wrong").status for _ in range(5)] == [401] * 5
        reply = browser.sign_in(EDITOR)
    assert (reply.status, reply.headers["retry-after"]) == (429, "60")
    assert "Try again in 60 s" in reply.text
    assert "192.0.2.9" not in caplog.text
    assert house.browser(address="192.0.2.10").sign_in(EDITOR).status == 303
    assert inside.get("/").status == 200
    house.wait(60)
    assert browser.sign_in(EDITOR).status == 303


def test_a_session_is_renewed_when_it_is_half_over_and_then_ends() -> None:
    house = sheet_house()
    browser = house.signed_in()
    house.wait(5 * 3600)
    assert browser.get("/").set_cookies == []
    house.wait(2 * 3600)
    assert [attributes(line)[0] for line in browser.get("/").set_cookies] == ["o11y_session"]
    house.wait(11 * 3600)
    assert browser.get("/").status == 200
    house.wait(12 * 3600)
    assert browser.get("/").status == 303


def test_signing_out_takes_the_cookies_back() -> None:
    browser = HOUSE.signed_in()
    reply = browser.post("/sign-out", {})
    assert (reply.status, reply.headers["location"]) == (303, "/sign-in")
    assert browser.cookies == {}
    assert browser.get("/").status == 303


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}])
def test_nobody_else_signs_somebody_out(headers: dict[str, str]) -> None:
    browser = HOUSE.signed_in()
    assert browser.send("POST", "/sign-out", {"csrf": "0" * 64}, headers=headers).status == 403
    assert browser.get("/").status == 200


def test_who_is_not_signed_in_is_out_already() -> None:
    assert HOUSE.browser().send("POST", "/sign-out", {}).headers["location"] == "/sign-in"
    assert HOUSE.browser().get("/sign-out").status == 405


def expired(change: str = "/change", **headers: str) -> Reply:
    """A form that is sent the day after."""
    house = sheet_house()
    browser = house.signed_in()
    csrf = browser.get("/").csrf
    house.wait(24 * 3600)
    return browser.send("POST", change, {"csrf": csrf, "word": "hello"}, headers=headers)


def test_who_sends_a_form_after_the_session_is_told_so_and_led_back_to_the_page_it_was_on() -> None:
    reply = expired(referer="http://o11y.test/?client=a%2Fb&x=1")
    assert (reply.status, reply.headers["location"]) == (303, "/sign-in?unsent=form&next=/%3Fclient%3Da%252Fb%26x%3D1")
    browser = HOUSE.browser()
    form = browser.get(reply.headers["location"])
    assert "You were signed out; nothing was changed." in form.text
    assert "You were signed out" not in browser.get("/sign-in").text
    sent = {"token": EDITOR, "csrf": browser.get(reply.headers["location"]).csrf, "next": "/?client=a%2Fb&x=1"}
    assert browser.send("POST", "/sign-in", sent).headers["location"] == "/?client=a%2Fb&x=1"
    assert "hello" not in browser.get("/").text


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "http://o11y.test/",
        "http://o11y.test//evil.test/",
        "http://o11y.test/\\evil.test",
        "http://[evil.test/",
        "//evil.test",
        "javascript:alert(1)",
        "http://o11y.test/" + "x" * 3_000,
        "http://o11y.test/change",  # shows nothing to whoever follows a link to it
        "http://o11y.test/numbers",
        "http://o11y.test/sign-in",
        "http://o11y.test/sign-out",
    ],
)
def test_where_the_form_was_on_no_page_of_ours_it_is_the_first_one(referer: str) -> None:
    assert expired(referer=referer).headers["location"] == "/sign-in?unsent=form"


@pytest.mark.parametrize("said", ["form%22%3E%3Cscript%3E", "Your%20token%20is%20needed", ""])
def test_the_address_chooses_no_words_of_its_own(said: str) -> None:
    text = HOUSE.browser().get(f"/sign-in?unsent={said}").text
    assert "signed out" not in text
    assert "<script>" not in text
    assert "Your token" not in text


def test_rotated_tokens_end_sessions_and_open_forms() -> None:
    house = sheet_house()
    inside, waiting = house.signed_in(), house.browser()
    csrf = waiting.get("/sign-in").csrf
    house.tokens.replace({"ann": ("a-fresh-token", "editor")})
    assert inside.get("/").status == 303
    assert waiting.send("POST", "/sign-in", {"token": "a-fresh-token", "csrf": csrf}).status == 403
    assert waiting.sign_in("a-fresh-token").status == 303
