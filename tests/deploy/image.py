"""``python -m tests.deploy.image``: the image without an engine.

Carries out the steps of ``deploy/Dockerfile`` in a folder, with this Python as the base: the same locks, the same
wheel. What comes out serves, takes an event, answers the image's own health check, and ends at SIGTERM. What this
cannot show (users, base image, layers) it says.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.deploy.dockerfile import ROOT, Instruction, instructions, sent_to_the_engine

DEADLINE_S = 90
_PLACES = ("/opt/o11y", "/var/lib/o11y", "/wheels", "/build", "/src")


class Folder:
    """Where the file system of the image is, and how its paths are named there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("O11Y_", "PYTHON"))
        }
        python = root / "base" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        self.environment["PATH"] = f"{python.parent}:{os.environ['PATH']}"

    def here(self, text: str) -> str:
        for place in _PLACES:
            text = text.replace(place, f"{self.root}{place}")
        return text

    def carry_out(self, step: Instruction) -> None:
        """Raises ``CalledProcessError`` when a RUN fails."""
        if step.name == "ENV":
            for name, value in step.variables.items():
                if name != "PIP_NO_CACHE_DIR":  # this folder is no layer, and the next time is quicker
                    self.environment[name] = self.here(value).replace("$PATH", self.environment["PATH"])
        elif step.name == "COPY" and not step.text.startswith("--from"):
            for source in step.sources:
                self._copy(source, step.target)
        elif step.name == "RUN" and step.stage == 0:
            (self.root / "src").mkdir(exist_ok=True)
            subprocess.run(
                ["bash", "-euc", self.here(step.text)], cwd=self.root / "src", env=self.environment, check=True
            )
        elif step.name == "RUN":
            print(f"  not simulated: {step.text[:100]}...")

    def _copy(self, source: str, target: str) -> None:
        place = self.root / "src" / target if not target.startswith("/") else Path(self.here(target))
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            assert sent_to_the_engine(source), f"{source} is left out by .dockerignore"
            place = place / source if target.endswith("/") else place
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, place)


def check(folder: Folder, steps: list[Instruction]) -> None:
    """Raises ``AssertionError`` with what is missing."""
    python = Path(folder.here("/opt/o11y/bin/python"))
    asked = partial(subprocess.run, capture_output=True, text=True, cwd=folder.root, env=folder.environment)
    assert asked([python, "-c", "import pip"]).returncode != 0, "pip is in the image"
    inside = asked([python, "-c", "import o11y; print(*o11y.__path__)"]).stdout.strip()
    assert inside.startswith(str(folder.root)), f"o11y is not that of the image: {inside}"
    for path in (ROOT / "o11y").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            there = Path(inside) / path.relative_to(ROOT / "o11y")
            assert there.is_file(), f"the wheel lacks {path.relative_to(ROOT)}"
    (healthcheck,) = [step for step in steps if step.name == "HEALTHCHECK"]
    command = json.loads(folder.here(healthcheck.text[healthcheck.text.index("[") :]))
    with serving(folder, command, port=_free_port()) as url:
        assert _status(f"{url}/readyz") in (200, 503)  # 503: before the first evaluation
        assert _status(f"{url}/metrics") == 200
        event = json.dumps(_EVENT).encode()
        assert _status(f"{url}/ingest/api-metrics", event, {"Authorization": "Bearer s3cret-of-the-image"}) == 204


_EVENT = {
    "kiloUserId": "user", "isAnonymous": False, "isStreaming": True, "userByok": False, "provider": "p",
    "requestedModel": "m", "resolvedModel": "m", "toolsAvailable": [], "toolsUsed": [], "ttfbMs": 1,
    "completeRequestMs": 2, "statusCode": 200,
}  # fmt: skip


@contextmanager
def serving(folder: Folder, healthcheck: list[str], *, port: int) -> Iterator[str]:
    """As its ENTRYPOINT and CMD do it, but on loopback."""
    environment = folder.environment | {
        "O11Y_HOST": "127.0.0.1",
        "O11Y_PORT": str(port),
        "O11Y_CLIENT_SECRETS": '{"gateway": ["s3cret-of-the-image"]}',
        "O11Y_ADMIN_TOKENS": '{"ann": {"token": "t0ken-of-the-image", "role": "editor"}}',
    }
    command = [folder.here("/opt/o11y/bin/o11y"), "serve"]
    with subprocess.Popen(command, env=environment, cwd=folder.root) as process:
        try:
            deadline = time.monotonic() + DEADLINE_S
            while subprocess.run(healthcheck, env=environment, capture_output=True, check=False).returncode != 0:
                assert process.poll() is None, f"it ended with {process.returncode}"
                assert time.monotonic() < deadline, f"not healthy within {DEADLINE_S} s"
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, f"SIGTERM ended it with {process.returncode}"
        finally:
            process.kill()
    assert subprocess.run(healthcheck, env=environment, capture_output=True, check=False).returncode == 1


def _status(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> int:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    started = time.monotonic()
    steps = instructions()
    with tempfile.TemporaryDirectory(prefix="o11y-image-") as root:
        folder = Folder(Path(root))
        for step in steps:
            folder.carry_out(step)
        check(folder, steps)
        size = sum(path.lstat().st_size for path in Path(root, "opt").rglob("*"))
    print(
        f"the steps of deploy/Dockerfile make an o11y that serves: "
        f"{size / 1e6:.0f} MB, {time.monotonic() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
