"""The dashboard of the real program: who may sign in, and what it says of itself."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.program.program import Program, o11y

TOKEN = "a-token-of-the-tests"
TOKENS = json.dumps({"ann": {"token": TOKEN, "role": "editor"}})


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("dashboard") / "data", admin_tokens=TOKENS) as program:
        yield program


def visit(program: Program, path: str, *, cookie: str = "", form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Status, the first cookie set, the page."""
    connection = HTTPConnection(urlsplit(program.url).netloc, timeout=20)
    try:
        headers = {"cookie": cookie, "content-type": "application/x-www-form-urlencoded"}
        connection.request("GET" if form is None else "POST", path, urlencode(form or {}), headers)
        reply = connection.getresponse()
        return reply.status, (reply.getheader("set-cookie") or "").partition(";")[0], reply.read().decode()
    finally:
        connection.close()


def test_who_signs_in_sees_how_it_is(program: Program) -> None:
    assert visit(program, "/status")[0] == 303
    _, door, page = visit(program, "/sign-in")
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    status, session, _ = visit(program, "/sign-in", cookie=door, form={"token": TOKEN, "csrf": csrf})
    assert (status, session.partition("=")[0]) == (303, "o11y_session")
    status, _, page = visit(program, "/status", cookie=session)
    assert status == 200
    assert "ClickHouse 2" in page
    assert "Valkey " in page
    assert "the log alone" in page
    assert str(program.data_dir) not in page
    assert TOKEN not in page + program.stdout + program.stderr


def test_before_the_first_event_the_overview_shows_how_to_send_one(program: Program) -> None:
    _, door, page = visit(program, "/sign-in")
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    _, session, _ = visit(program, "/sign-in", cookie=door, form={"token": TOKEN, "csrf": csrf})
    status, _, page = visit(program, "/", cookie=session)
    assert status == 200
    assert "No event has come yet" in page
    assert "/ingest/api-metrics -H" in page
    assert visit(program, "/d/gateway/vendor/model", cookie=session)[0] == 404


def test_what_is_no_page_is_json_for_programs(program: Program) -> None:
    status, body = program.get("/api/v1/nothing")
    assert (status, json.loads(body)) == (404, {"success": False, "error": "Not found"})


def test_off_loopback_it_does_not_start_without_tokens(tmp_path: Path) -> None:
    done = o11y("serve", data_dir=tmp_path / "data", port=0, host="0.0.0.0")
    assert done.returncode == 2
    assert done.stderr.startswith("o11y: O11Y_HOST: 0.0.0.0 is not loopback, and needs O11Y_ADMIN_TOKENS")
    assert not (tmp_path / "data").exists()
