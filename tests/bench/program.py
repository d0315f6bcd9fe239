"""The real program as a subprocess: started, waited for, asked, stopped."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import on_cores

SECRET = "bench-secret"
READY_WITHIN_S = 60
STOPPED_WITHIN_S = 20
SHIPPED_WITHIN_S = 600
ANSWER_TIMEOUT_S = 5


def command() -> list[str]:
    """The console script beside this Python, as a user runs it."""
    script = Path(sys.executable).with_name("o11y")
    return [str(script)] if script.exists() else [sys.executable, "-m", "o11y.cli"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Program:
    """A server on the loopback."""

    process: "subprocess.Popen[bytes]"
    port: int

    def get(self, path: str) -> tuple[int, str]:
        """Status and text; ``OSError`` while nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_TIMEOUT_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metrics(self) -> dict[str, float]:
        """Metrics by name; those with labels are added up."""
        found: dict[str, float] = {}
        for line in self.get("/metrics")[1].splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                name = name.partition("{")[0]
                found[name] = found.get(name, 0.0) + float(value)
        return found

    def wait_until_ready(self, path: str) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if (code := self.process.poll()) is not None:
                raise RuntimeError(f"it ended with code {code} before it was ready")
            try:
                if self.get(path)[0] < 300:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.01)  # how often to ask; nothing is synchronised by it
        raise RuntimeError(f"not ready within {READY_WITHIN_S} s")

    def wait_until_shipped(self) -> None:
        deadline = time.monotonic() + SHIPPED_WITHIN_S
        while self.metrics()["o11y_events_shipped_total"] < self.metrics()["o11y_events_accepted_total"]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"not shipped within {SHIPPED_WITHIN_S} s")
            time.sleep(0.1)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def running(
    arguments: list[str],
    *,
    port: int,
    ready: str,
    environment: Mapping[str, str],
    on: Sequence[int] = (),
) -> Iterator[Program]:
    """Yields once ``ready`` (a path) answers; what it wrote to stderr is shown when it does not.

    ``on``: the cores it may use; all when empty.
    """
    with tempfile.TemporaryFile() as errors:
        with on_cores(on):
            process = subprocess.Popen(
                arguments, env={**plain_environment(), **environment}, stdout=subprocess.DEVNULL, stderr=errors
            )
        program = Program(process, port)
        try:
            program.wait_until_ready(ready)
            yield program
        except RuntimeError:
            errors.seek(0)
            sys.stderr.buffer.write(errors.read()[-4000:])
            raise
        finally:
            program.stop()


def clients(number: int) -> dict[str, list[str]]:
    """So many gateways, each with a secret that ends with its number."""
    return {f"gateway-{each}": [f"{SECRET}-{each}"] for each in range(number)}


@contextmanager
def worker(
    data: Path,
    *,
    server: str = "hypercorn",
    on: Sequence[int] = (),
    clients: Mapping[str, Sequence[str]] | None = None,
    role: str = "all",
    settings: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """``o11y serve``, with everything embedded unless ``settings`` (of the environment) say otherwise."""
    port = free_port()
    environment = {
        "O11Y_PORT": str(port),
        "O11Y_DATA_DIR": str(data),
        "O11Y_CLIENT_SECRETS": json.dumps(clients or {"bench": [SECRET]}),
        "O11Y_SERVER": server,
        "O11Y_LOG_LEVEL": "warning",
        **(settings or {}),
    }
    with running(
        [*command(), "serve", "--role", role], port=port, ready="/readyz", environment=environment, on=on
    ) as program:
        yield program


def plain_environment() -> dict[str, str]:
    """The environment without settings of o11y: a measurement neither pages nor writes where the user's data are."""
    return {name: value for name, value in os.environ.items() if not name.startswith("O11Y_")}
