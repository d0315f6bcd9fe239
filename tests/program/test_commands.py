"""Every command as its user types it: with the worker running, and without."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.program.program import SECRET, Program, environment, o11y
from tests.wire_events import wire_json

README = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One worker, started as for the first time: it makes its own secret."""
    with Program(tmp_path_factory.mktemp("commands") / "data", own_secrets=False) as running:
        yield running


def test_the_readme_names_only_commands_that_exist() -> None:
    named = {match.split()[0] for match in re.findall(r"`o11y ([a-z][^`]*)`", README)} - {"serve", "spool"}
    assert named >= {"check", "tick", "explain", "replay", "migrate"}
    helps = [o11y(*words, "--help") for words in [*([name] for name in sorted(named)), ["serve"], ["spool", "list"]]]
    assert [done.returncode for done in helps] == [0] * len(helps)


def test_help_and_version_are_quick_words() -> None:
    done = o11y("--help")
    assert done.returncode == 0
    assert {"serve", "check", "migrate", "tick", "explain", "spool", "replay", "demo"} <= set(done.stdout.split())
    assert re.fullmatch(r"o11y \d+\.\d+\S*\n", o11y("--version").stdout)
    assert o11y().returncode == 2
    assert o11y("tick").returncode == 2, "a tick without --dry-run is not offered"


def test_the_curl_of_the_readme_is_answered_204(program: Program) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (command,) = re.findall(r"```sh\n(curl [^\n]*/ingest/.*?)```", README, re.DOTALL)
    secret = re.search(r"may post with the secret (\S+)", program.stdout)
    assert secret, program.stdout
    command = command.replace("http://127.0.0.1:8080", program.url)
    shell = subprocess.run(
        ["sh", "-c", command],
        env=environment() | {"SECRET": secret.group(1)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout.startswith("HTTP/1.1 204")


def test_the_secret_is_made_once_and_told_once(tmp_path: Path) -> None:
    with Program(tmp_path / "data", own_secrets=False) as program:
        secret = program.stdout.split("with the secret ")[1].split()[0]
        assert (program.data_dir / "client-secrets.json").stat().st_mode & 0o777 == 0o600
        assert program.sigterm() == 0
        program.start()
        assert secret not in program.stdout + program.stderr
        assert program.post(wire_json(clientSecret=secret))[0] == 204


def test_tick_and_explain_answer_the_same_from_the_worker_and_from_its_folder(tmp_path: Path) -> None:
    explain = ("explain", "gateway", "openrouter", "Vendor/Model", "--json", "--at")
    with Program(tmp_path / "data") as program:
        for _ in range(12):
            assert program.post(wire_json(clientSecret=SECRET, statusCode=500))[0] == 204
        program.until_shipped()
        soon = datetime.now(UTC).timestamp() // 60 * 60 + 120  # the minute whose windows hold all of these
        at = datetime.fromtimestamp(soon, UTC).isoformat()
        asked = [program.ask(*explain, at), program.ask("tick", "--dry-run", "--json", "--at", at)]
        shown = program.ask("tick", "--dry-run", "--at", at)
        assert program.sigterm() == 0
        alone = [program.ask(*explain, at), program.ask("tick", "--dry-run", "--json", "--at", at)]
    assert [done.returncode for done in [*asked, *alone]] == [0] * 4, alone[0].stderr
    assert [json.loads(done.stdout) for done in asked] == [json.loads(done.stdout) for done in alone]
    verdicts = json.loads(asked[0].stdout)["verdicts"]
    ticket = next(v for v in verdicts if (v["objective"], v["severity"]) == ("error-rate", "ticket"))
    assert (ticket["bad"], ticket["valid"], ticket["firing"]) == (12, 12, True)
    assert "error-rate" in shown.stdout
    assert "12 / 12" in shown.stdout


def test_explain_in_words_gives_every_verdict_its_reason(program: Program) -> None:
    done = program.ask("explain", "nobody", "nowhere", "nothing")
    assert done.returncode == 0
    assert "No request of this client, provider and model" in done.stdout
    assert "no valid requests in the long window" in done.stdout


def test_a_time_that_is_none_is_refused_with_what_is_accepted(program: Program) -> None:
    done = program.ask("tick", "--dry-run", "--at", "yesterday")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "accepted: 2026-08-12T17:05:00Z" in done.stderr


def test_the_spool_says_what_waits_and_knows_no_batch_of_another_name(program: Program) -> None:
    program.until_shipped()
    assert "0 events wait" in program.ask("spool", "list").stdout
    done = program.ask("spool", "retry", "no-such-batch")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "no batch 'no-such-batch' is set aside" in done.stderr


def test_a_second_process_on_the_folder_is_refused_with_folder_and_owner(program: Program) -> None:
    for command in ("serve", "migrate"):
        done = program.ask(command)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
        assert str(program.data_dir) in done.stderr
        assert f"process {program.process.pid}" in done.stderr


def test_migrate_brings_a_folder_up_to_date_and_says_so(tmp_path: Path) -> None:
    first, second = (o11y("migrate", data_dir=tmp_path / "data") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert "applied 0001_events" in first.stdout
    assert "up to date" in second.stdout


@pytest.mark.parametrize("file", ["objectives.yaml", "objectives.workbook.yaml", "objectives.parity.yaml"])
def test_the_shipped_objectives_pass_the_check(file: str) -> None:
    done = o11y("check", Path(__file__).parent.parent.parent / "config" / file)
    assert (done.returncode, ": sound, " in done.stdout) == (0, True), done.stdout


def test_check_without_a_file_takes_the_one_that_is_set(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("version: 1\nobjectives: []\n", encoding="utf-8")
    done = o11y("check", objectives_file=file)
    assert (done.returncode, str(file) in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("LOG_LEVEL", "loud"),
        ("SERVER", "apache"),
        ("CLICKHOUSE_URL", "ftp://user:hunter2@clickhouse"),
        ("REDIS_URL", "http://:hunter2@redis"),
        ("CLIENT_SECRETS", '{"gateway": "hunter2"'),
        ("SLACK_PAGE_WEBHOOK_URL", "hunter2"),
        ("SPOOL_MAX_BYTES", "1"),
        ("OBJECTIVES_FILE", "/nonexistent/objectives.yaml"),
        ("POSTHOG_API_KEY_FILE", "/nonexistent/key"),
    ],
)
def test_a_bad_setting_stops_the_start_with_its_name(tmp_path: Path, name: str, value: str) -> None:
    done = o11y("serve", **{"data_dir": tmp_path / "data", "port": 0, name: value})
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert f"O11Y_{name}" in done.stderr
    assert "hunter2" not in done.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path, program: Program) -> None:
    port = program.url.rpartition(":")[2]
    done = o11y("serve", data_dir=tmp_path / "data", port=port)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "O11Y_PORT" in done.stderr
    assert port in done.stderr


def test_roles_apart_need_servers_and_both_settings_are_named(tmp_path: Path) -> None:
    for role in ("ingest", "evaluate"):
        done = o11y("serve", "--role", role, data_dir=tmp_path / "data", redis_url="redis://127.0.0.1:1")
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
        assert "O11Y_CLICKHOUSE_URL" in done.stderr
        assert "O11Y_REDIS_URL" in done.stderr


def test_health_and_metrics_are_served(program: Program) -> None:
    assert program.get("/healthz") == (200, "ok\n")
    status, metrics = program.get("/metrics")
    assert (status, "o11y_events_accepted" in metrics) == (200, True)
    assert program.get("/nowhere")[0] == 404


def test_the_log_is_json_lines_without_any_secret(program: Program) -> None:
    secret = program.stdout.split("with the secret ")[1].split()[0]
    lines = program.stderr.splitlines()
    assert lines
    assert all({"time", "level", "logger", "message"} <= json.loads(line).keys() for line in lines)
    assert secret not in program.stderr


def test_the_same_program_on_uvicorn(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn")
    with Program(tmp_path / "data", server="uvicorn") as program:
        assert program.post(wire_json(clientSecret=SECRET))[0] == 204
        assert program.sigterm() == 0
    assert "Traceback" not in program.stderr


def test_the_readme_commands_are_spelt_as_a_shell_reads_them() -> None:
    for line in re.findall(r"^(o11y [^\n]*)$", README, re.MULTILINE):
        assert shlex.split(line)
