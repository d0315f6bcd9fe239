"""The first message of a request, taken at once if it is there.

Nearly every body is: then nobody has to watch the time, and a timer that is set and taken back costs more than
authenticating the request does.
"""

from collections.abc import Awaitable, Coroutine, Generator
from functools import partial
from types import CoroutineType, coroutine
from typing import Any

from starlette.types import Message, Receive


def first_message(receive: Receive) -> tuple[Message | None, Receive]:
    """The first message, or ``None`` if it would have to be waited for; and a ``receive`` that goes on from there.

    What goes on has not lost the message: it is the first that comes out of it. It must be called at least once where
    the message was not there.
    """
    first = receive()
    if not isinstance(first, CoroutineType):  # ASGI allows anything that can be awaited
        return None, _then(first, receive)
    try:
        waits_for = first.send(None)
    except StopIteration as there:
        message: Message = there.value
        return message, _then(message, receive)
    return None, _then(_rest(first, waits_for), receive)


def _then(first: Message | Awaitable[Message], receive: Receive) -> Receive:
    waiting = [first]

    async def following() -> Message:
        if not waiting:
            return await receive()
        begun = waiting.pop()
        return begun if isinstance(begun, dict) else await begun  # type: ignore[misc]

    return following


@coroutine
def _rest(begun: Coroutine[Any, Any, Message], waits_for: Any) -> Generator[Any, Any, Message]:
    """What ``await`` does, for a coroutine that has made its first step: it handed up ``waits_for``."""
    while True:
        try:
            answer = yield waits_for
        except BaseException as error:  # also the end of the time allowed, and of the request
            go_on = partial(begun.throw, error)
        else:
            go_on = partial(begun.send, answer)
        try:
            waits_for = go_on()
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
