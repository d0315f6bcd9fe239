"""What arrives for a request, from hypercorn's connection to the application that answers it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.config import Config
from starlette.types import ASGIApp, Message, Scope

#: parts of a body that wait for the application; the connection is not read meanwhile
MAX_WAITING = 10


class RequestMessages:
    """A queue that an answer ends: whatever of the body has not been read by then is dropped.

    Or else the connection would wait with the next part until the application reads one, which has answered already.
    """

    __slots__ = ("_answered", "_asleep", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque()
        self._asleep: list[asyncio.Future[None]] = []
        self._answered = False

    async def put(self, message: Message) -> None:
        """Waits while ``MAX_WAITING`` do; with the end of the connection for nobody."""
        if message["type"] == "http.request":
            if self._joined(message):
                return
            while len(self._waiting) >= MAX_WAITING and not self._answered:
                await self._change()
            if self._answered:
                return
        self._waiting.append(message)
        self._wake()

    async def get(self) -> Message:
        while not self._waiting:
            await self._change()
        message = self._waiting.popleft()
        self._wake()
        return message

    def answered(self) -> None:
        """The application reads no more."""
        self._answered = True
        self._waiting.clear()
        self._wake()

    def _joined(self, message: Message) -> bool:
        """The end of a body, which hypercorn puts into a message of its own, to the last part if that still waits.

        Nearly every body is then one message, and taken without watching the time.
        """
        if message["body"] or message["more_body"] or not self._waiting:
            return False
        self._waiting[-1]["more_body"] = False
        return True

    async def _change(self) -> None:
        asleep = asyncio.get_running_loop().create_future()
        self._asleep.append(asleep)
        await asleep

    def _wake(self) -> None:
        if self._asleep:
            for asleep in self._asleep:
                if not asleep.done():  # whoever waited may have been cancelled
                    asleep.set_result(None)
            self._asleep.clear()


class Requests(TaskGroup):
    """The tasks of one connection's requests."""

    async def spawn_app(  # type: ignore[override]
        self, app: ASGIApp, config: Config, scope: Scope, send: Callable[[Any], Awaitable[None]]
    ) -> Callable[[Message], Awaitable[None]]:
        messages = RequestMessages()
        self.spawn(_answer, app, config, scope, messages, send)
        return messages.put


async def _answer(
    app: ASGIApp, config: Config, scope: Scope, messages: RequestMessages, send: Callable[[Any], Awaitable[None]]
) -> None:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            messages.answered()
        await send(message)

    try:
        await app(scope, messages.get, answer)
    except Exception:  # the edge of the application: logged, and answered with 500
        await config.log.exception("Error in ASGI Framework")
    finally:
        messages.answered()
        await send(None)
