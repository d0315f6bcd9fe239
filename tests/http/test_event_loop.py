import asyncio
import sys

import pytest

from o11y.http.event_loop import loop_factory


async def running() -> str:
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


def test_uvicorn_runs_on_uvloop() -> None:
    pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=loop_factory("uvicorn")) as runner:
        assert runner.run(running()) == "uvloop"


def test_hypercorn_runs_on_asyncio() -> None:
    with asyncio.Runner(loop_factory=loop_factory("hypercorn")) as runner:
        assert runner.run(running()) == "asyncio"


def test_uvicorn_does_without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop_factory("uvicorn") is None
