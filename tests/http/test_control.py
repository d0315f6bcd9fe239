"""The owner's command socket: every slip of the asker is an answer in words."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message

from o11y.http.control import MAX_ARGUMENT_BYTES, control


async def repeat(arguments: dict[str, Any]) -> Any:
    return {"asked": arguments["what"]}


async def overflow(arguments: dict[str, Any]) -> Any:
    raise OverflowError("date value out of range")


async def away(arguments: dict[str, Any]) -> Any:
    raise ConnectionError("the store is away")


def ask(path: str, body: bytes, *, method: str = "POST") -> tuple[int, Any]:
    sent: list[Message] = []
    arrived = [
        {"type": "http.request", "body": body[i : i + 50_000], "more_body": True} for i in range(0, len(body), 50_000)
    ]
    arrived.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return arrived.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    application = control({"repeat": repeat, "overflow": overflow, "away": away})
    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b"", "root_path": ""}
    asyncio.run(application(scope, receive, send))
    text = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(text) if text.startswith(b"{") else None


def test_a_command_gets_its_arguments_and_gives_its_answer() -> None:
    assert ask("/repeat", b'{"what": 5}') == (200, {"asked": 5})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"null", b"\xff", b"[" * 60_000, b"9" * 60_000, b"NaN"])
def test_arguments_that_are_no_json_object_are_a_400_with_a_reason(body: bytes) -> None:
    status, answer = ask("/repeat", body)
    assert status == 400
    assert answer["error"]


def test_a_missing_argument_is_named() -> None:
    assert ask("/repeat", b"{}") == (400, {"error": "the argument 'what' is missing"})


def test_a_text_that_is_not_unicode_is_no_crash() -> None:
    assert ask("/repeat", b'{"what": "\\ud800"}')[0] == 400


def test_a_time_beyond_reckoning_is_the_askers_mistake() -> None:
    assert ask("/overflow", b"{}") == (400, {"error": "date value out of range"})


def test_a_store_that_does_not_answer_is_a_503() -> None:
    assert ask("/away", b"{}") == (503, {"error": "ConnectionError: the store is away"})


def test_arguments_without_end_are_a_413() -> None:
    assert ask("/repeat", b" " * (MAX_ARGUMENT_BYTES + 1))[0] == 413


def test_a_path_that_is_nearly_a_command_is_no_redirect() -> None:
    assert ask("/repeat/", b"{}")[0] == 404
