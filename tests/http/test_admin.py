"""What every admin door answers alike: who may pass, what a body may be, and what happens when things break."""

import logging
from typing import Any

import pytest

from o11y.http.admin import MAX_BODY_BYTES, AdminRequest, Endpoint, Reply, refuse
from o11y.http.admin_tokens import Role
from o11y.worker.ports import MemoryLost
from tests.http.admin_house import EDITOR, TOKENS, VIEWER, AdminHouse


async def look(request: AdminRequest) -> Reply:
    return Reply({"by": request.admin.name, "query": dict(request.query), "path": dict(request.in_path)})


async def change(request: AdminRequest) -> Reply:
    return Reply({"body": request.body}, 201, ((b"location", b"/thing/1"),))


async def refusing(request: AdminRequest) -> Reply:
    raise refuse((["size", 0], "must be small"))


async def away(request: AdminRequest) -> Reply:
    raise MemoryLost("Redis does not answer (TimeoutError)")


async def broken(request: AdminRequest) -> Reply:
    raise RuntimeError(f"holds {EDITOR}")


HOUSE = AdminHouse(
    [
        Endpoint("GET", "/thing/{name}", Role.VIEWER, look),
        Endpoint("POST", "/thing/{name}", Role.EDITOR, change),
        Endpoint("DELETE", "/refusing", Role.EDITOR, refusing),
        Endpoint("GET", "/away", Role.VIEWER, away),
        Endpoint("GET", "/broken", Role.VIEWER, broken),
    ]
)


def test_a_door_knows_who_asks_what_and_where() -> None:
    reply = HOUSE.ask("GET", "/thing/one?a=1&b=%20&a=2", token=VIEWER)
    assert reply.status == 200
    assert reply.json == {"success": True, "by": "board", "query": {"a": "2", "b": " "}, "path": {"name": "one"}}
    assert reply.headers["cache-control"] == "no-store"


def test_a_body_is_json_and_an_answer_has_its_own_status_and_headers() -> None:
    reply = HOUSE.ask("POST", "/thing/one", {"a": [1]})
    assert (reply.status, reply.json, reply.headers["location"]) == (
        201,
        {"success": True, "body": {"a": [1]}},
        "/thing/1",
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"bearer  {EDITOR} "},
        {"x-o11y-admin-token": EDITOR},
        {"authorization": "Basic eDp5", "x-o11y-admin-token": EDITOR},
    ],
)
def test_a_token_comes_in_either_header(headers: dict[str, str]) -> None:
    assert HOUSE.ask("GET", "/thing/one", token=None, headers=headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Bearer {EDITOR}x"},
        {"authorization": f"Basic {EDITOR}"},
        {"authorization": "Bearer "},
        {"x-o11y-admin-token": " "},
        {"authorization": "Bearer wrong", "x-o11y-admin-token": EDITOR},
        {"authorization": "Bearer 🗝️"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_no_token_and_an_unknown_one_are_the_same_401(headers: dict[str, str], method: str) -> None:
    reply = HOUSE.ask(method, "/thing/one", b"no json", token=None, headers=headers)
    assert (reply.status, reply.json) == (401, {"success": False, "error": "Unauthorized"})
    assert reply.headers["www-authenticate"] == "Bearer"


def test_a_viewer_who_would_change_is_told_so() -> None:
    reply = HOUSE.ask("POST", "/thing/one", {}, token=VIEWER)
    assert reply.status == 403
    assert reply.json == {"success": False, "error": "The token of 'board' may only read; this needs an editor"}


def test_a_method_that_the_path_does_not_have_names_those_it_has() -> None:
    reply = HOUSE.ask("PUT", "/thing/one", {})
    assert (reply.status, reply.headers["allow"]) == (405, "GET, POST")
    assert reply.json["error"] == "Method not allowed: use GET, POST"


def test_a_path_that_is_none_is_a_404_and_no_redirect() -> None:
    for path in ("/things", "/thing/", "/thing/a/b", "/away/"):
        assert HOUSE.ask("GET", path).status == 404


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (b"", {}, 400, "is empty"),
        (b"{", {}, 400, "is not valid JSON"),
        (b"[" * 1_000, {}, 400, "nested deeper"),
        (b"\xff", {}, 400, "is not valid UTF-8"),
        (b"{}", {"content-type": "text/plain"}, 415, "Content-Type must be application/json"),
        (b"{}", {"content-encoding": "br"}, 415, "Content-Encoding"),
        (b" " * (MAX_BODY_BYTES + 1), {}, 413, "at most 65536 bytes"),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_in_words(
    body: bytes, headers: dict[str, str], status: int, words: str
) -> None:
    reply = HOUSE.ask("POST", "/thing/one", body, headers=headers)
    assert (reply.status, reply.json["success"]) == (status, False)
    assert words in reply.body.decode()


def test_what_is_refused_has_its_place() -> None:
    reply = HOUSE.ask("DELETE", "/refusing")
    issues = [{"path": ["size", 0], "message": "must be small"}]
    assert (reply.status, reply.json) == (400, {"success": False, "error": "Invalid request body", "issues": issues})


def test_a_store_that_does_not_answer_is_a_503_to_be_tried_again() -> None:
    reply = HOUSE.ask("GET", "/away")
    assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert "does not answer at the moment" in reply.json["error"]


def test_a_fault_of_ours_is_a_500_that_says_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        reply = HOUSE.ask("GET", "/broken")
    assert (reply.status, reply.json) == (500, {"success": False, "error": "Internal error; the log says more"})
    assert "admin request failed" in caplog.text


def test_a_query_without_end_is_refused() -> None:
    assert HOUSE.ask("GET", "/thing/one?" + "a" * 5_000).status == 414


def test_no_answer_shows_a_token() -> None:
    asked: list[tuple[str, str, Any]] = [
        ("GET", "/thing/x", None),
        ("POST", "/thing/x", b"{"),
        ("GET", "/broken", None),
    ]
    for method, path, body in asked:
        reply = HOUSE.ask(method, path, body)
        assert not [token for token, _ in TOKENS.values() if token in f"{reply.headers} {reply.body!r}"]
