"""Asking the process that owns the data folder, over its unix socket."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any

from o11y.commands.errors import CommandError

ANSWER_DEADLINE_S = 60


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_DEADLINE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask_owner(data_dir: Path, command: str, arguments: dict[str, Any]) -> Any:
    """The owner's answer, or ``CommandError`` in its words. ``ConnectionError`` or ``FileNotFoundError``: no owner."""
    connection = _UnixConnection(data_dir / "o11y.sock")
    try:
        connection.request(
            "POST", f"/{command}", body=json.dumps(arguments), headers={"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        answer = json.loads(response.read())
    except TimeoutError:
        raise CommandError(f"the running o11y did not answer within {ANSWER_DEADLINE_S} s") from None
    finally:
        connection.close()
    if response.status != 200:
        raise CommandError(f"the running o11y answered: {answer['error']}")
    return answer
