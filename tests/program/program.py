"""The real program: the installed ``o11y`` script, in a process of its own, with settings from its environment only."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from o11y.commands.owner import ask_owner
from tests.program.waiting import until

O11Y = Path(sys.executable).parent / "o11y"
SECRET = "a-secret-of-the-tests"
CLIENT = "gateway"
DEADLINE_S = 60
_URL = re.compile(r"listens on (https?://\S+) \(role")


def environment(**settings: object) -> dict[str, str]:
    """What a shell gives, without any setting of o11y but these (``data_dir`` is ``O11Y_DATA_DIR``)."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("O11Y_")}
    return plain | {f"O11Y_{name.upper()}": str(value) for name, value in settings.items()}


def o11y(*arguments: object, cwd: Path | None = None, **settings: object) -> "subprocess.CompletedProcess[str]":
    """A command, run to its end."""
    command = [str(O11Y), *map(str, arguments)]
    return subprocess.run(
        command, env=environment(**settings), cwd=cwd, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )


class Program:
    """``o11y serve``, ready at entry and gone at exit. Its output is in ``stdout`` and ``stderr`` beside the data."""

    def __init__(self, data_dir: Path, *arguments: str, own_secrets: bool = True, **settings: object) -> None:
        self.data_dir = data_dir
        secrets = {"client_secrets": json.dumps({CLIENT: [SECRET]})} if own_secrets else {}
        self.settings = {"data_dir": data_dir, "port": 0, **secrets, **settings}
        self._arguments = arguments
        self._out = data_dir.with_name(f"{data_dir.name}.stdout")
        self._err = data_dir.with_name(f"{data_dir.name}.stderr")
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""  # of the latest start

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill9()

    def start(self, *, ready: bool = True, stdin: int | None = None) -> None:
        command = [str(O11Y), "serve", *self._arguments]
        with self._out.open("wb") as out, self._err.open("ab") as err:
            self._process = subprocess.Popen(
                command, env=environment(**self.settings), stdin=stdin, stdout=out, stderr=err
            )
        self._until(lambda: _URL.search(self.stdout) is not None, "the program says where it listens")
        self.url = _URL.findall(self.stdout)[0]
        if ready:
            self._until(lambda: self.get("/readyz")[0] == 200, "the program is ready")

    def _until(self, condition: Any, what: str) -> None:
        def holds() -> bool:
            assert self.process.poll() is None, f"{what}, but it ended with {self.process.returncode}:\n{self.stderr}"
            return bool(condition())

        until(holds, what, within_s=DEADLINE_S)

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "not started"
        return self._process

    @property
    def stdout(self) -> str:
        return self._out.read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        return self._err.read_text(encoding="utf-8")

    def get(self, path: str) -> tuple[int, str]:
        """Status 0: nobody answers (yet)."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def post(
        self, body: bytes, path: str = "/ingest/api-metrics", *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ask(self, *arguments: object) -> "subprocess.CompletedProcess[str]":
        """A command with the settings of this program."""
        return o11y(*arguments, **self.settings)

    def until_shipped(self) -> None:
        """Everything acknowledged so far is in ClickHouse."""

        def shipped() -> bool:
            return bool(ask_owner(self.data_dir, "spool-list", {})["events"] == 0)

        self._until(shipped, "the spool is empty")

    def stop(self) -> None:
        """Stand still, with every connection open, as on a machine that is suspended; until ``cont``."""
        self.process.send_signal(signal.SIGSTOP)

    def cont(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill9(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def sigterm(self) -> int:
        """The exit code. Raises ``TimeoutExpired`` when it takes longer than the ten seconds promised."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)
