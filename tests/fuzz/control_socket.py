"""The owner's socket: only this user can reach it, and a slip of a script must not harm the worker either."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.event_texts import ODD
from tests.fuzz.shot import Shot

_COMMANDS = ["tick", "explain", "spool-list", "spool-retry"]
_VALUES: list[Any] = [
    None,
    0,
    -1.5,
    [],
    {},
    "",
    "x" * 2_000,
    "2026-11-21T12:00:00+00:00",
    "2026-11-21",
    "2026-11-21T12:00:00",
    "0001-01-01T00:00:00+00:00",
    "9999-12-31T23:59:59-14:00",
    "\ud800",
    "'; DROP TABLE api_events --",
]


@st.composite
def control_shots(draw: st.DrawFn) -> Shot:
    names = st.sampled_from(["at", "client", "provider", "model", "batch", "other"])
    arguments = draw(st.dictionaries(names, st.sampled_from(_VALUES), max_size=5))
    body = draw(st.sampled_from([json.dumps(arguments).encode(), *ODD, b"[]", b'{"at":']))
    path = "/" + draw(st.sampled_from([*_COMMANDS, *_COMMANDS, *_COMMANDS, "", "none", "tick/", "%00"]))
    return Shot("command socket", draw(st.sampled_from(["POST"] * 8 + ["GET", "PUT"])), path, (), body, events=())


def judge_control(shot: Shot, status: int, body: bytes) -> None:
    """``AssertionError`` for an answer that is not of the documented shape: JSON, with ``error`` where refused."""
    assert status in (200, 400, 404, 405, 413), f"the command socket answered {status}: {body[:300]!r}"
    if status in (200, 400, 413):
        answer = json.loads(body)
        assert status == 200 or set(answer) == {"error"}
