import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from o11y.http.first_message import first_message


def receiving(*messages: dict[str, Any]) -> Callable[[], Awaitable[Any]]:
    left = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(left)

    return receive


def test_a_message_that_is_there_is_returned_and_not_lost() -> None:
    async def scenario() -> None:
        message, receive = first_message(receiving({"n": 1}, {"n": 2}, {"n": 3}))
        assert message == {"n": 1}
        assert [await receive() for _ in range(3)] == [{"n": 1}, {"n": 2}, {"n": 3}]

    asyncio.run(scenario())


def test_one_that_is_not_there_is_waited_for_by_whoever_goes_on() -> None:
    async def scenario() -> None:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        message, receive = first_message(queue.get)
        assert message is None
        waiting = asyncio.create_task(receive())  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert not waiting.done()
        queue.put_nowait({"n": 1})
        queue.put_nowait({"n": 2})
        assert [await waiting, await receive()] == [{"n": 1}, {"n": 2}]

    asyncio.run(scenario())


def test_several_waits_in_one_message_are_all_waited_for() -> None:
    async def scenario() -> None:
        steps: list[int] = []

        async def receive() -> dict[str, Any]:
            for step in range(3):
                await asyncio.sleep(0)
                steps.append(step)
            return {"steps": steps}

        message, following = first_message(receive)
        assert (message, await following()) == (None, {"steps": [0, 1, 2]})

    asyncio.run(scenario())


def test_the_end_of_the_time_allowed_reaches_what_was_begun() -> None:
    async def scenario() -> None:
        ended: list[str] = []

        async def receive() -> dict[str, Any]:
            try:
                return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise

        _, following = first_message(receive)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await following()
        assert ended == ["cancelled"]

    asyncio.run(scenario())


@pytest.mark.parametrize("waits", [False, True])
def test_an_error_is_that_of_the_server(waits: bool) -> None:
    async def scenario() -> None:
        async def receive() -> dict[str, Any]:
            if waits:
                await asyncio.sleep(0)
            raise ConnectionResetError("gone")

        with pytest.raises(ConnectionResetError, match="gone"):
            await first_message(receive)[1]()

    asyncio.run(scenario())


def test_anything_that_can_be_awaited_will_do() -> None:
    async def scenario() -> None:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_result({"n": 1})
        message, receive = first_message(lambda: future)
        assert (message, await receive()) == (None, {"n": 1})

    asyncio.run(scenario())
