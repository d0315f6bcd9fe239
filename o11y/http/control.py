"""The owner's socket: commands that need the store ask the process that has it open (unix socket, mode 0600)."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from o11y.event_json import decode

#: takes the command's JSON arguments, gives its JSON answer; ValueError is the asker's mistake
Command = Callable[[dict[str, Any]], Awaitable[Any]]

MAX_ARGUMENT_BYTES = 64 * 1024


class _TooLong(Exception):
    """Arguments beyond ``MAX_ARGUMENT_BYTES``."""


def control(commands: dict[str, Command]) -> Starlette:
    """``POST /NAME`` with a JSON object; 400 with ``error`` for a bad argument, 503 when the store does not answer."""

    def route(name: str, command: Command) -> Route:
        async def answer(request: Request) -> Response:
            try:
                return JSONResponse(await command(await _arguments(request)))
            except _TooLong:
                return _error(413, f"the arguments must be at most {MAX_ARGUMENT_BYTES} bytes")
            except KeyError as error:
                return _error(400, f"the argument {error} is missing")
            except (ValueError, TypeError, OverflowError) as error:  # a time may lie beyond what can be reckoned with
                return _error(400, str(error))
            except Exception as error:
                return _error(503, f"{type(error).__name__}: {error}")

        return Route(f"/{name}", answer, methods=["POST"])

    application = Starlette(routes=[route(name, command) for name, command in commands.items()])
    application.router.redirect_slashes = False
    return application


async def _arguments(request: Request) -> dict[str, Any]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_ARGUMENT_BYTES:
            raise _TooLong
    arguments = decode(body)
    if not isinstance(arguments, dict):
        raise ValueError("the arguments must be a JSON object")
    return arguments


def _error(status: int, words: str) -> Response:
    """An error may quote text that is not valid Unicode, which no answer could carry."""
    return JSONResponse({"error": words.encode("utf-8", "backslashreplace").decode()}, status_code=status)
