"""Silences on the real program: typed, asked for over HTTP, kept over a restart, and never without a token."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from o11y.adapters.valkey import ValkeyServer
from tests.program.program import Program, o11y

TOKEN, LOOKER = "token-of-the-editor", "token-of-the-viewer"
TOKENS = json.dumps({"ann": {"token": TOKEN, "role": "editor"}, "board": {"token": LOOKER, "role": "viewer"}})
PATH = "/api/v1/silences"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("silences") / "data", admin_tokens=TOKENS) as running:
        yield running


def http(program: Program, method: str, path: str, body: object = None, *, token: str = TOKEN) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(program.url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_what_is_typed_is_seen_over_http_and_the_other_way_round(program: Program) -> None:
    typed = program.ask(
        "silence", "add", 'provider="openai"', 'model=~"gpt-.*",severity!=ticket', "--for", "2h", "--comment", "deploy"
    )
    assert (typed.returncode, typed.stderr) == (0, "")
    assert 'provider="openai"' in typed.stdout
    identity = typed.stdout.split()[1].rstrip(":")
    status, seen = http(program, "GET", f"{PATH}/{identity}", token=LOOKER)
    assert (status, seen["silence"]["state"], seen["silence"]["comment"]) == (200, "active", "deploy")
    assert "@" in seen["silence"]["author"]

    status, created = http(program, "POST", PATH, {"matchers": ["client=web"], "duration": "1h", "comment": "by API"})
    assert status == 201
    listed = program.ask("silence", "list").stdout
    assert identity in listed
    assert created["silence"]["id"] in listed
    assert "ann: by API" in listed
    assert "Silences: 2 in force." in listed

    expired = program.ask("silence", "expire", created["silence"]["id"])
    assert (expired.returncode, "ended at" in expired.stdout) == (0, True)
    assert http(program, "DELETE", f"{PATH}/{identity}")[0] == 200
    assert program.ask("silence", "list").stdout == "No silences.\n"
    every = json.loads(program.ask("silence", "list", "--all", "--json").stdout)
    assert {one["id"] for one in every} == {identity, created["silence"]["id"]}
    assert {one["state"] for one in every} == {"expired"}


def test_nobody_passes_without_a_token_and_a_viewer_changes_nothing(program: Program) -> None:
    assert http(program, "GET", PATH, token="wrong") == (401, {"success": False, "error": "Unauthorized"})
    status, answer = http(program, "POST", PATH, {}, token=LOOKER)
    assert (status, "may only read" in answer["error"]) == (403, True)


def test_the_log_says_who_and_never_a_token(program: Program) -> None:
    assert http(program, "POST", PATH, {"matchers": ["client=x"], "duration": "1m", "comment": "c"})[0] == 201
    lines = [json.loads(line) for line in program.stderr.splitlines() if "silence added" in line]
    assert lines[-1]["by"] == "ann"
    assert TOKEN not in program.stderr + program.stdout
    assert "o11y_silences" in program.get("/metrics")[1]


def test_a_slip_is_told_in_words(program: Program) -> None:
    slips = {
        "did you mean model?": ("modell=x", "--for", "2h", "--comment", "c"),
        "--comment": ("client=x", "--for", "2h"),
        "--for --until": ("client=x", "--comment", "c"),
    }
    for words, arguments in slips.items():
        done = program.ask("silence", "add", *arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
        assert words in done.stderr


def test_one_that_is_not_there_is_named(program: Program) -> None:
    done = program.ask("silence", "expire", "nothing")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "there is no silence 'nothing'" in done.stderr


def test_it_outlives_the_worker_and_is_there_for_a_command_alone(tmp_path: Path) -> None:
    with Program(tmp_path / "data", own_secrets=False) as program:
        token = program.stdout.split("HTTP API, with the token ")[1].split()[0]
        assert (program.data_dir / "admin-tokens.json").stat().st_mode & 0o777 == 0o600
        status, created = http(
            program, "POST", PATH, {"matchers": ["client=x"], "duration": "1h", "comment": "c"}, token=token
        )
        assert (status, created["silence"]["author"]) == (201, "admin")
        assert program.sigterm() == 0
        alone = program.ask("silence", "list")
        assert (alone.returncode, created["silence"]["id"] in alone.stdout) == (0, True), alone.stderr
        program.start()
        assert token not in program.stdout + program.stderr
        assert http(program, "GET", PATH, token=token)[1]["silences"][0]["id"] == created["silence"]["id"]


def test_with_a_redis_of_its_own_a_command_needs_no_folder(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path / "valkey")
    server.start()
    try:
        settings = {"data_dir": tmp_path / "none", "redis_url": server.url}
        added = o11y("silence", "add", "client=x", "--for", "1h", "--comment", "c", "--json", **settings)
        assert added.returncode == 0, added.stderr
        assert json.loads(added.stdout)["id"] in o11y("silence", "list", **settings).stdout
        assert not (tmp_path / "none").exists()
        with redis.Redis.from_url(server.url) as client:
            assert client.keys("*") != []
    finally:
        server.stop()
    away = o11y("silence", "list", **settings)
    assert (away.returncode, "Traceback" in away.stderr) == (1, False)
    assert "Redis does not answer" in away.stderr
