"""A blocking call that may be given up: one that hangs holds up neither its caller nor the exit of the process."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def detached(call: Callable[[], T], *, name: str) -> T:
    """The call's result, from a daemon thread of its own; cancel it (``asyncio.timeout``) to stop waiting.

    The thread of a call given up runs on until the call ends by its own timeouts, so give it some.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None only where T allows it

    def run() -> None:
        result, error = None, None
        try:
            result = call()
        except BaseException as raised:  # handed to the caller, whatever it is
            error = raised
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    threading.Thread(target=run, name=name, daemon=True).start()
    return await done
