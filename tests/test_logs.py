import json
import logging
from collections.abc import Iterator

import pytest

from o11y.logs import start_logging

LIBRARIES = ("hpack.hpack", "h11", "redis", "urllib3.connectionpool", "requests", "slack_sdk.webhook", "httptools")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("o11y")
    handlers, levels = root.handlers[:], (root.level, own.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    own.setLevel(levels[1])


def test_at_debug_level_o11y_speaks_and_no_library_does(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("debug")
    logging.getLogger("o11y.worker.tick").debug("ours")
    for name in LIBRARIES:
        logging.getLogger(name).debug("a header")
        logging.getLogger(name).warning("of note")
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["message"] for line in said] == ["ours"] + ["of note"] * len(LIBRARIES)
    assert said[0].keys() == {"time", "level", "logger", "message"}


def test_at_error_level_libraries_do_not_warn(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("error")
    logging.getLogger("a library").setLevel(logging.WARNING)  # as some do
    logging.getLogger("a library").warning("again")
    logging.getLogger("o11y").warning("again")
    logging.getLogger("o11y").error("broken")
    assert [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()] == ["broken"]
