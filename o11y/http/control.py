"""The owner's socket: commands that need the store ask the process that has it open (unix socket, mode 0600)."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

#: takes the command's JSON arguments, gives its JSON answer; ValueError is the asker's mistake
Command = Callable[[dict[str, Any]], Awaitable[Any]]


def control(commands: dict[str, Command]) -> Starlette:
    """``POST /NAME`` with a JSON object; 400 with ``error`` for a bad argument, 503 when the store does not answer."""

    def route(name: str, command: Command) -> Route:
        async def answer(request: Request) -> Response:
            try:
                return JSONResponse(await command(await request.json()))
            except (ValueError, KeyError, TypeError) as error:
                return JSONResponse({"error": str(error)}, status_code=400)
            except Exception as error:
                return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=503)

        return Route(f"/{name}", answer, methods=["POST"])

    return Starlette(routes=[route(name, command) for name, command in commands.items()])
