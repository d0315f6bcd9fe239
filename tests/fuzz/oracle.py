"""What a door may answer, and what it acknowledges by it. Written from the documentation, not from the code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fuzz.shot import BATCH, EVENT, Sent, Shot
from tests.wire_events import SECRET

_FAILURES = {400, 403, 404, 405, 408, 413, 415}


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """``events`` in the order of the body, where it is known which they are; ``count`` in any case."""

    count: int
    events: tuple[Sent, ...] | None


NOTHING = Acknowledged(0, ())


def judge(shot: Shot, status: int, headers: Mapping[str, str], body: bytes) -> Acknowledged:
    """``AssertionError`` for an answer that is not of the documented shape, or that refuses a sound event."""
    assert SECRET.encode() not in body, "an answer repeats a secret"
    if shot.path.partition("?")[0] not in (EVENT, BATCH):
        return _judge_page(shot, status, headers, body)
    if status == 204:
        assert shot.path == EVENT, "a batch was answered 204"
        assert body == b"", "a 204 has a body"
        return Acknowledged(1, shot.events)
    assert status == 200 or status in _FAILURES, f"an ingest door answered {status}"
    answer = None if shot.method == "HEAD" else _json(headers, body)
    if status == 200:
        assert shot.path == BATCH, "a single event was answered 200"
        return _judge_batch(shot, answer)
    assert not (shot.welcome and shot.path == EVENT and _all_sound(shot)), f"a sound event was refused: {answer}"
    assert not (shot.welcome and shot.path == BATCH and shot.events is not None), f"a batch was refused: {answer}"
    if answer is not None:
        _check_failure(status, answer)
    return NOTHING


def _all_sound(shot: Shot) -> bool:
    return shot.events is not None and all(event.sound for event in shot.events)


def _judge_batch(shot: Shot, answer: Any) -> Acknowledged:
    assert set(answer) == {"accepted", "rejected"}, f"a batch was answered with {sorted(answer)}"
    refused = [rejected["index"] for rejected in answer["rejected"]]
    assert refused == sorted(set(refused)), "the indexes of refused events are not in order"
    for rejected in answer["rejected"]:
        _check_issues(rejected["issues"])
    if shot.events is None:
        return Acknowledged(answer["accepted"], None)
    assert answer["accepted"] + len(refused) == len(shot.events), "not every event of a batch is in the answer"
    for index in refused:
        event = shot.events[index]
        assert not (shot.welcome and event.sound), f"a sound event of a batch was refused: {answer['rejected']}"
    kept = tuple(event for index, event in enumerate(shot.events) if index not in set(refused))
    return Acknowledged(answer["accepted"], kept)


def _judge_page(shot: Shot, status: int, headers: Mapping[str, str], body: bytes) -> Acknowledged:
    page = shot.path.partition("?")[0]
    if status == 200:
        assert page in ("/healthz", "/readyz", "/metrics"), "a path that is none was found"
        assert shot.method in ("GET", "HEAD"), f"a page answered {shot.method}"
    elif status == 503:
        assert page == "/readyz", "a page is out of service"
        assert _json(headers, body)["ready"] is False
    elif status == 303:
        assert shot.method in ("GET", "HEAD"), f"a page led {shot.method} elsewhere"
        led_to = headers.get("location", "").partition("?")[0]
        assert led_to == "/sign-in", f"a stranger was led to {led_to!r}"
    else:
        assert status in (404, 405), f"a page answered {status}"
        assert status == 404 or "allow" in headers, "a 405 does not say what is allowed"
    return NOTHING


def _json(headers: Mapping[str, str], body: bytes) -> Any:
    assert headers.get("content-type") == "application/json", f"an answer is {headers.get('content-type')}"
    return json.loads(body)


def _check_failure(status: int, answer: Any) -> None:
    assert answer["success"] is False
    assert isinstance(answer["error"], str)
    assert set(answer) <= {"success", "error", "issues"}, f"an answer has {sorted(answer)}"
    if "issues" in answer:
        assert status == 400, f"a {status} has issues"
        assert answer["error"] == "Invalid request body"
        assert answer["issues"], "refused without an issue"
        _check_issues(answer["issues"])


def _check_issues(issues: Any) -> None:
    for issue in issues:
        assert set(issue) == {"path", "message"}, f"an issue has {sorted(issue)}"
        assert all(isinstance(step, str | int) for step in issue["path"])
        assert isinstance(issue["message"], str)
        assert issue["message"]
