"""What every page of the dashboard answers alike: who may pass, forms, errors in words."""

import asyncio
import logging

import pytest

from o11y.http.admin_tokens import Role
from o11y.web import door
from o11y.web.page import Change, Data, Done, Page, Refusal, View, Visit
from o11y.worker.ports import MemoryLost, StoreError
from tests.web.dashboard_house import EDITOR, VIEWER, DashboardHouse

DEEP = "/d/{client}/{model}"


async def deep(visit: Visit) -> Data:
    return Data({"path": dict(visit.in_path), "query": dict(visit.query), "by": visit.admin.name})


async def change(visit: Visit) -> Done:
    return Done("/said", f"{visit.form.get('word', '')} <b>")


async def form_seen(visit: Visit) -> Data:
    return Data({"form": dict(visit.form)})


async def said(_: Visit) -> View:
    return View("error.html", {"title": "said", "words": "-", "status": 200})


async def refusing(_: Visit) -> View:
    raise Refusal(400, "range: 'x' is none of 15m, 1h")


async def away(_: Visit) -> View:
    raise StoreError("ClickHouse at db.internal does not answer")


async def forgetful(_: Visit) -> View:
    raise MemoryLost("Redis does not answer (TimeoutError)")


async def broken(_: Visit) -> View:
    raise RuntimeError(f"holds {EDITOR}")


async def misspelt(_: Visit) -> View:
    return View("error.html", {"title": "x"})


async def leading_away(_: Visit) -> Done:
    return Done("//evil.test")


async def endless(_: Visit) -> View:
    await asyncio.Event().wait()
    raise AssertionError


HOUSE = DashboardHouse(
    [
        Page(DEEP, deep, data=True),
        Page("/d/{client}/edit", said, needs=Role.EDITOR),
        Page("/said", said),
        Change("/said", change),
        Change("/form", form_seen, needs=Role.VIEWER),
        Page("/refusing", refusing),
        Page("/refusing-data", refusing, data=True),
        Page("/away", away),
        Page("/forgetful", forgetful),
        Page("/broken", broken),
        Page("/broken-data", broken, data=True),
        Page("/misspelt", misspelt),
        Change("/leading-away", leading_away),
        Page("/endless", endless),
    ]
)


def test_a_page_knows_who_asks_what_and_where() -> None:
    reply = HOUSE.get("/d/kilo/anthropic%2Fclaude?a=1&b=%20&a=2", token=VIEWER)
    assert reply.json == {
        "path": {"client": "kilo", "model": "anthropic/claude"},
        "query": {"a": "2", "b": " "},
        "by": "board",
    }


def test_of_two_paths_that_fit_the_first_one_answers() -> None:
    assert HOUSE.get("/d/kilo/edit").json["path"] == {"client": "kilo", "model": "edit"}


def test_two_pages_of_one_path_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="/x has 2 pages and 0 changes"):
        DashboardHouse([Page("/x", said), Page("/x", deep)])


def test_a_viewer_may_not_change_and_is_told_so() -> None:
    reply = HOUSE.post("/said", {"word": "x"}, token=VIEWER)
    assert reply.status == 403
    assert "board signed in as a viewer; this needs an editor" in reply.text


def test_a_change_leads_on_with_words_that_are_shown_once_and_escaped() -> None:
    browser = HOUSE.signed_in()
    reply = browser.post("/said", {"word": "done"})
    assert (reply.status, reply.headers["location"]) == (303, "/said")
    first, second = browser.get("/said"), browser.get("/said")
    assert '<p class="notice" role="status">done &lt;b&gt;</p>' in first.text
    assert "done" not in second.text


def test_words_are_shown_to_whom_they_were_said_and_not_by_a_refresh() -> None:
    browser, other = HOUSE.signed_in(), HOUSE.signed_in(VIEWER)
    browser.post("/said", {"word": "done"})
    assert "done" not in browser.get("/said", headers={"x-o11y-fragment": "main"}).text
    other.cookies["o11y_said"] = browser.cookies["o11y_said"]
    assert "done" not in other.get("/said").text
    assert "done" in browser.get("/said").text


def test_a_form_brings_its_fields_without_the_token() -> None:
    assert HOUSE.post("/form", {"a": "1", "b": "ü <"}).json == {"form": {"a": "1", "b": "ü <"}}


@pytest.mark.parametrize("csrf", ["", "0" * 64, "é"])
def test_a_form_without_the_token_of_its_session_changes_nothing(csrf: str) -> None:
    reply = HOUSE.signed_in().send("POST", "/said", {"csrf": csrf, "word": "x"})
    assert (reply.status, reply.set_cookies) == (403, [])
    assert "nothing was changed" in reply.text


def test_the_token_of_another_session_is_none() -> None:
    theirs = HOUSE.signed_in().get("/said").csrf
    assert HOUSE.signed_in().send("POST", "/said", {"csrf": theirs}).status == 403


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.test"}],
)
def test_a_form_of_another_site_changes_nothing_even_with_the_token(headers: dict[str, str]) -> None:
    reply = HOUSE.signed_in().post("/said", {"word": "x"}, headers=headers)
    assert reply.status == 403
    assert "another site" in reply.text


def test_behind_a_proxy_the_origin_is_that_of_the_public_url() -> None:
    house = DashboardHouse([Change("/said", change)], public_url="http://people.test")
    browser = house.signed_in()
    assert browser.post("/said", {}, headers={"origin": "http://people.test"}).status == 303
    assert browser.post("/said", {}, headers={"origin": "http://evil.test"}).status == 403


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"a=" + b"x" * 70_000, {}, 413),
        (b"a=1", {"content-type": "text/plain"}, 415),
        (b"a=1", {"content-type": "multipart/form-data; boundary=x"}, 415),
        (b"a=1", {"content-encoding": "br"}, 415),
        (b"&".join(b"a%d=1" % i for i in range(1_200)), {}, 400),
    ],
)
def test_a_form_that_cannot_be_taken_is_refused_in_words(body: bytes, headers: dict[str, str], status: int) -> None:
    reply = HOUSE.signed_in().send("POST", "/said", body, headers=headers)
    assert reply.status == status
    assert "<h1>" in reply.text


def test_bytes_that_are_no_text_are_no_token_either() -> None:
    assert HOUSE.signed_in().send("POST", "/said", b"csrf=%FF%FE&\xff=\xff").status == 403


def test_a_query_without_end_is_refused() -> None:
    assert HOUSE.get("/said?" + "a" * 5_000).status == 414


@pytest.mark.parametrize("path", ["/refusing", "/refusing-data"])
def test_a_refusal_is_in_the_words_of_the_page(path: str) -> None:
    reply = HOUSE.get(path)
    assert reply.status == 400
    if path.endswith("data"):
        assert reply.json == {"success": False, "error": "range: 'x' is none of 15m, 1h"}
    else:
        assert "range: &#39;x&#39; is none of 15m, 1h" in reply.text


@pytest.mark.parametrize("path", ["/away", "/forgetful"])
def test_a_store_that_does_not_answer_is_a_503_inside_the_layout(path: str) -> None:
    reply = HOUSE.get(path)
    assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert "does not answer at the moment" in reply.text
    assert "Sign out" in reply.text
    assert "db.internal" not in reply.text


def test_a_page_that_takes_too_long_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "DEADLINE_S", 0.01)
    reply = HOUSE.get("/endless")
    assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert "too long" in reply.text


@pytest.mark.parametrize("path", ["/broken", "/broken-data", "/misspelt"])
def test_a_fault_of_ours_is_a_500_that_says_nothing_of_it(path: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        reply = HOUSE.get(path)
    assert (reply.status, EDITOR in reply.text, "Traceback" in reply.text) == (500, False, False)
    assert "page failed" in caplog.text


def test_a_page_leads_to_no_other_site() -> None:
    reply = HOUSE.post("/leading-away", {})
    assert (reply.status, "location" in reply.headers) == (500, False)


def test_an_unknown_path_is_a_page_for_people_and_json_for_programs() -> None:
    for path in ("/nowhere", "/said/", "/d/a", "/d/a/b/c/d", "/apis"):
        reply = HOUSE.get(path)
        assert (reply.status, "There is no such page" in reply.text) == (404, True)
    assert "Sign in" in HOUSE.browser().get("/nowhere").text
    for path in ("/api/v1/nothing", "/api", "/alerting/x", "/ingest/nothing", "/slack/x"):
        reply = HOUSE.browser().get(path)
        assert (reply.status, reply.json) == (404, {"success": False, "error": "Not found"})
    asked = HOUSE.browser().get("/nowhere", headers={"accept": "application/json"})
    assert asked.json["success"] is False


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", "/refusing", "GET"), ("DELETE", "/said", "GET, POST"), ("GET", "/form", "POST")],
)
def test_a_method_that_the_path_does_not_have_names_those_it_has(method: str, path: str, allowed: str) -> None:
    reply = HOUSE.signed_in().send(method, path)
    assert (reply.status, reply.headers["allow"]) == (405, allowed)


def test_a_head_is_a_get_without_its_body() -> None:
    browser = HOUSE.signed_in()
    got, head = browser.get("/said"), browser.send("HEAD", "/said")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(got.body)))


def test_a_refresh_after_the_session_is_a_401_and_no_form() -> None:
    stranger = HOUSE.browser()
    for path, headers in (("/said", {"x-o11y-fragment": "main"}), ("/d/a/b", {})):
        reply = stranger.get(path, headers=headers)
        assert (reply.status, reply.json["success"]) == (401, False)


def test_a_change_by_a_stranger_leads_to_the_form() -> None:
    reply = HOUSE.browser().send("POST", "/said", {"word": "x"})
    assert (reply.status, reply.headers["location"]) == (303, "/sign-in?unsent=form")


@pytest.mark.parametrize("host", ["", "[", "evil.test/x", "a b", "[::1]:x", "\xff"])
def test_whatever_host_is_asked_for_there_is_an_answer_and_it_is_not_repeated(host: str) -> None:
    browser = HOUSE.signed_in()
    for path in ("/said", "/nowhere", "/sign-in", "/static/x/y"):
        reply = browser.get(path, headers={"host": host})
        assert reply.status in (200, 303, 404)
        assert "evil.test" not in f"{reply.headers}{reply.text}"
