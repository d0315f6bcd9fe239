"""The Dockerfile keeps the usual rules, and everything it names is there."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from o11y.settings import Settings
from tests.deploy.dockerfile import ROOT, Instruction, instructions, sent_to_the_engine

STEPS = instructions()
FINAL = [step for step in STEPS if step.stage == max(step.stage for step in STEPS)]
HEALTHCHECK = ROOT / "deploy" / "healthcheck.py"


def named(name: str, steps: list[Instruction] = STEPS) -> list[Instruction]:
    return [step for step in steps if step.name == name]


def test_its_base_is_pinned_to_a_version_in_every_stage() -> None:
    (argument,) = named("ARG")
    image = argument.variables["PYTHON_IMAGE"]
    name, tag = image.split(":")
    assert (name, tag[0].isdigit(), "." in tag, "slim" in tag) == ("python", True, True, True)
    assert [step.words[0] for step in named("FROM")] == ["${PYTHON_IMAGE}"] * 2


def test_everything_it_copies_is_there_and_sent_to_the_engine() -> None:
    copies = [step for step in named("COPY") if not step.text.startswith("--from")]
    sources = [source for step in copies for source in step.sources]
    assert len(sources) > 5
    for source in sources:
        assert (ROOT / source).exists(), source
        assert sent_to_the_engine(source), source
    assert not any(map(sent_to_the_engine, ["tests", "deploy/secrets", "deploy/o11y.env", ".git", "data", ".venv"]))
    assert not sent_to_the_engine("o11y/slo/__pycache__")


def test_what_is_installed_comes_from_the_locks_by_hash_and_as_wheels() -> None:
    installs = [
        part for step in named("RUN") for part in step.text.split("&&") if " install " in part and "pip" in part
    ]
    assert len(installs) == 3
    for part in installs:
        assert "--require-hashes --only-binary :all:" in part or "--no-deps --no-index /wheels" in part, part


def test_the_final_stage_has_no_tools_to_build_or_install_with() -> None:
    text = " ".join(step.text for step in named("RUN", FINAL))
    assert "apt" not in text
    assert "pip uninstall" in text
    (copied,) = [step for step in named("COPY", FINAL) if step.text.startswith("--from")]
    assert copied.sources == ["/opt/o11y"]
    (environment,) = [step for step in named("RUN") if "venv --without-pip" in step.text]
    assert environment.stage == 0


def test_it_runs_as_nobody_else_owns_its_data_and_is_asked_whether_it_lives() -> None:
    (user,) = named("USER", FINAL)
    uid = user.text.split(":")[0]
    assert uid.isdigit()
    assert int(uid) > 999
    assert FINAL.index(user) < FINAL.index(named("ENTRYPOINT", FINAL)[0])
    assert f"--uid {uid} " in " ".join(step.text for step in named("RUN", FINAL))
    (environment,) = named("ENV", FINAL)
    assert environment.variables["O11Y_DATA_DIR"] == named("VOLUME", FINAL)[0].text
    assert environment.variables["O11Y_PORT"] == named("EXPOSE", FINAL)[0].text
    assert len(named("HEALTHCHECK", FINAL)) == 1


@pytest.mark.parametrize("name", ["ENTRYPOINT", "CMD"])
def test_signals_reach_it_because_no_shell_stands_between(name: str) -> None:
    (step,) = named(name, FINAL)
    assert json.loads(step.text)


def test_its_environment_is_of_settings_that_there_are() -> None:
    names = {name for step in named("ENV") for name in step.variables if name.startswith("O11Y_")}
    assert names
    assert names <= {f"O11Y_{field.upper()}" for field in Settings.model_fields}


@pytest.fixture
def somebody(request: pytest.FixtureRequest) -> Iterator[int]:
    """Who answers /healthz with the status of the test; its port."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(port: int) -> int:
    environment = {"PATH": os.environ["PATH"], "O11Y_PORT": str(port)}
    asked = subprocess.run([sys.executable, HEALTHCHECK], env=environment, capture_output=True, check=False)
    return asked.returncode


@pytest.mark.parametrize(("somebody", "code"), [(200, 0), (204, 1), (500, 1)], indirect=["somebody"])
def test_the_health_check_is_content_with_200_alone(somebody: int, code: int) -> None:
    assert ask(somebody) == code


@pytest.mark.parametrize("somebody", [200], indirect=True)
def test_the_health_check_of_nobody_is_1_and_not_a_traceback(somebody: int, tmp_path: Path) -> None:
    assert ask(1) == 1
