"""Objectives administered on the real program: over its socket, kept over a restart, and seen by every replica."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from o11y.adapters.valkey import ValkeyServer
from tests.program.facade_process import ClickHouseProcess
from tests.program.program import Program

TOKEN = "token-of-the-editor"
TOKENS = json.dumps({"ann": {"token": TOKEN, "role": "editor"}})
CONFIG = {"model": "vendor/model", "enabled": False, "errorRateSlo": 0.99, "minRequestsPerWindow": 20}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("objectives") / "data", admin_tokens=TOKENS) as running:
        yield running


def ask(program: Program, method: str, path: str, body: object = None, *, token: str = TOKEN) -> tuple[int, Any]:
    headers = {"X-O11Y-ADMIN-TOKEN": token, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(program.url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def explained(program: Program, model: str = "vendor/model") -> Any:
    done = program.ask("explain", "gateway", "vendor", model, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_configuration_is_in_force_for_every_question_and_ends_when_it_is_deleted(program: Program) -> None:
    assert "error-rate" in {row["objective"] for row in explained(program)["verdicts"]}
    status, put = ask(program, "PUT", "/alerting/config", CONFIG)
    assert (status, put["config"]["errorRateSlo"]) == (200, 0.99)
    found = explained(program)
    assert "error-rate" not in {row["objective"] for row in found["verdicts"]}
    (off,) = [row for row in found["not_used"] if row["objective"] == "error-rate"]
    assert off["because"].startswith("ann switched it off at ")
    assert "error-rate" in {row["objective"] for row in explained(program, "other")["verdicts"]}

    assert ask(program, "DELETE", "/alerting/config?model=vendor/model") == (200, {"success": True})
    assert "error-rate" in {row["objective"] for row in explained(program)["verdicts"]}
    changes = ask(program, "GET", "/api/v1/objective-changes")[1]["changes"]
    assert [(one["by"], one["after"] is None) for one in changes] == [("ann", True), ("ann", False)]


def test_baselines_of_a_model_without_traffic_are_null(program: Program) -> None:
    for path in ("/alerting/baseline", "/alerting/ttfb-baseline"):
        assert ask(program, "GET", f"{path}?model=x") == (200, {"success": True, "baseline": None})


def test_a_baseline_needs_no_objective_in_the_file(tmp_path: Path) -> None:
    parity = Path(__file__).parents[2] / "config" / "objectives.parity.yaml"
    with Program(tmp_path / "data", admin_tokens=TOKENS, objectives_file=parity) as program:
        for path in ("/alerting/baseline", "/alerting/ttfb-baseline"):
            assert ask(program, "GET", f"{path}?model=x") == (200, {"success": True, "baseline": None})
        assert ask(program, "PUT", "/alerting/ttfb-config", {"model": "x", "enabled": False})[0] == 409


def test_changes_of_one_selector_at_once_each_remember_the_one_before(program: Program) -> None:
    path = "/api/v1/objective-overrides?objective=error-rate&model=at-once"
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: ask(program, "PUT", path, {"minRequests": n}), range(1, 7)))
    assert [status for status, _ in answers] == [200] * 6
    changes = ask(program, "GET", "/api/v1/objective-changes?objective=error-rate")[1]["changes"]
    made = [one for one in changes if one["model"] == "at-once"]
    befores = {one["before"] and one["before"]["minRequests"] for one in made}
    assert len(befores) == 6
    assert {one["after"]["minRequests"] for one in made} - befores == {made[0]["after"]["minRequests"]}


def test_a_delete_over_the_wire_may_have_a_body(program: Program) -> None:
    assert ask(program, "PUT", "/alerting/ttfb-config", {"model": "m", "ttfbThresholdMs": 2_345})[0] == 200
    assert ask(program, "DELETE", "/alerting/ttfb-config", {"model": "m"}) == (200, {"success": True})


def test_nobody_passes_without_a_token(program: Program) -> None:
    for path in ("/alerting/config", "/api/v1/objectives"):
        assert ask(program, "GET", path, token="wrong") == (401, {"success": False, "error": "Unauthorized"})
    assert TOKEN not in program.stderr + program.stdout


def test_an_override_outlives_the_worker(tmp_path: Path) -> None:
    with Program(tmp_path / "data", admin_tokens=TOKENS) as program:
        assert ask(program, "PUT", "/alerting/config", CONFIG)[0] == 200
        assert program.sigterm() == 0
        assert "error-rate" not in {row["objective"] for row in explained(program)["verdicts"]}
        program.start()
        assert [one["model"] for one in ask(program, "GET", "/alerting/config")[1]["configs"]] == ["vendor/model"]


def test_replicas_share_their_overrides(tmp_path: Path) -> None:
    redis = ValkeyServer(tmp_path / "valkey")
    redis.start()
    try:
        with ClickHouseProcess(tmp_path / "clickhouse") as clickhouse:
            shared = {"clickhouse_url": clickhouse.url, "redis_url": redis.url, "admin_tokens": TOKENS}
            with Program(tmp_path / "a", **shared) as first, Program(tmp_path / "b", **shared) as second:
                assert ask(first, "PUT", "/alerting/config", CONFIG)[0] == 200
                assert "error-rate" not in {row["objective"] for row in explained(second)["verdicts"]}
                assert ask(second, "DELETE", "/alerting/config?model=vendor/model")[0] == 200
                assert "error-rate" in {row["objective"] for row in explained(first)["verdicts"]}
    finally:
        redis.stop()
