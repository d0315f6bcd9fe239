"""``o11y budget``, the pages and the API of budgets and alerts, of a running worker and of its folder."""

import http.client
import json
import re
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import pytest

from tests.program.program import SECRET, Program
from tests.wire_events import wire_json

TOKENS = json.dumps({"ann": {"token": "token-of-the-editor", "role": "editor"}})


def send_events(program: Program) -> None:
    """One failed: a budget is gone, but no minute that passes meanwhile can fire on that."""
    for number in range(40):
        code = 503 if number == 0 else 200
        assert program.post(wire_json(clientSecret=SECRET, statusCode=code))[0] == 204
    program.until_shipped()


def ask(
    program: Program, method: str, path: str, body: str = "", **headers: str
) -> tuple[int, str, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(urlsplit(program.url).netloc, timeout=20)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode(), response
    finally:
        connection.close()


def signed_in(program: Program) -> str:
    """The session's cookie."""
    _, form, shown = ask(program, "GET", "/sign-in")
    door = (shown.getheader("set-cookie") or "").split(";")[0]
    (csrf,) = re.findall(r'name="csrf" value="([0-9a-f]+)"', form)
    body = urlencode({"token": "token-of-the-editor", "next": "/", "csrf": csrf})
    kind = "application/x-www-form-urlencoded"
    status, text, answer = ask(program, "POST", "/sign-in", body, Cookie=door, **{"Content-Type": kind})
    assert status == 303, text
    cookies = [value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    (session,) = (cookie for cookie in cookies if "session" in cookie)
    return session


def test_budgets_are_told_alike_by_the_worker_and_by_its_folder(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("budget") / "data"
    with Program(folder, admin_tokens=TOKENS, ingest_lag_s=0) as program:
        send_events(program)
        late = "--at", "2126-01-01T00:00:00Z"
        assert json.loads(program.ask("budget", "--json", *late).stdout)["budgets"] == 0
        soon = datetime.fromtimestamp(datetime.now(UTC).timestamp() // 60 * 60 + 120, UTC)  # all of them are before it
        at = "--at", soon.isoformat()
        told, shown = program.ask("budget", "--json", *at), program.ask("budget", "--objective", "error-rate", *at)
        assert (told.returncode, shown.returncode) == (0, 0), told.stderr + shown.stderr
        found = json.loads(told.stdout)
        row = next(one for one in found["listed"] if one["objective"] == "error-rate" and one["scope"] == "model")
        assert (row["valid"], row["good"], row["bad"]) == (40, 39, 1)
        assert row["compliance"] == 0.975
        assert row["left_events"] == pytest.approx(40 * (1 - float(row["target"])) - 1)
        assert row["ends_in_s_at_1h"] == 0
        assert found["listed"] == sorted(found["listed"], key=lambda one: one["left"])
        assert "1 / 40" in shown.stdout
        assert "gone" in shown.stdout
        assert program.ask("budget", "--limit", "0").returncode == 2
        misspelt = program.ask("budget", "--objective", "eror-rate")
        assert misspelt.returncode != 0
        assert "'eror-rate' refused; accepted: client-error-rate" in misspelt.stderr
        few = json.loads(program.ask("budget", "--json", "--limit", "1", *at).stdout)
        assert (len(few["listed"]), few["budgets"]) == (1, found["budgets"])
        session = signed_in(program)
        for path in ("/budgets", "/alerts"):
            status, text, _ = ask(program, "GET", path, Cookie=session)
            assert (status, "<h1>" in text) == (200, True), text
        token = {"Authorization": "Bearer token-of-the-editor"}
        status, text, _ = ask(program, "GET", "/api/v1/alerts", **token)
        assert (status, json.loads(text)["success"]) == (200, True)
        assert program.sigterm() == 0
        alone = program.ask("budget", "--json", *at)
    assert alone.returncode == 0, alone.stderr
    compared = ("objective", "client", "provider", "model", "valid", "bad", "left", "incidents")
    assert [{name: one[name] for name in compared} for one in json.loads(alone.stdout)["listed"]] == [
        {name: one[name] for name in compared} for one in found["listed"]
    ]
