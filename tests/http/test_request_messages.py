import asyncio
from typing import Any

from o11y.http.first_message import first_message
from o11y.http.request_messages import MAX_WAITING, RequestMessages

END = {"type": "http.disconnect"}


def part(body: bytes = b"", *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_messages_come_in_their_order() -> None:
    async def scenario() -> None:
        messages = RequestMessages()
        for message in (part(b"1"), part(b"2"), END):
            await messages.put(message)
        assert [await messages.get() for _ in range(3)] == [part(b"1"), part(b"2"), END]

    asyncio.run(scenario())


def test_a_body_in_one_part_is_one_message_and_there_at_once() -> None:
    async def scenario() -> None:
        messages = RequestMessages()
        await messages.put(part(b"all"))
        await messages.put(part(more=False))
        there, _ = first_message(messages.get)
        assert there == part(b"all", more=False)

    asyncio.run(scenario())


def test_the_end_of_a_body_whose_parts_were_taken_is_a_message_too() -> None:
    async def scenario() -> None:
        messages = RequestMessages()
        await messages.put(part(b"all"))
        assert await messages.get() == part(b"all")
        await messages.put(part(more=False))
        assert await messages.get() == part(more=False)

    asyncio.run(scenario())


def test_whoever_comes_before_the_message_waits_for_it() -> None:
    async def scenario() -> None:
        messages = RequestMessages()
        early = asyncio.create_task(messages.get())
        await asyncio.sleep(0)
        assert not early.done()
        await messages.put(part(b"late"))
        assert await early == part(b"late")

    asyncio.run(scenario())


def test_a_waiter_that_is_cancelled_takes_nothing_with_it() -> None:
    async def scenario() -> None:
        messages = RequestMessages()
        given_up, patient = (asyncio.create_task(messages.get()) for _ in range(2))
        await asyncio.sleep(0)
        given_up.cancel()
        await messages.put(part(b"1"))
        assert await patient == part(b"1")

    asyncio.run(scenario())


async def _full(messages: RequestMessages) -> asyncio.Task[None]:
    """One message more than may wait is under way."""
    for _ in range(MAX_WAITING):
        await messages.put(part(b"x"))
    further = asyncio.create_task(messages.put(part(b"y")))
    await asyncio.sleep(0)
    assert not further.done()
    return further


def test_the_connection_waits_when_the_application_is_behind() -> None:
    async def scenario() -> None:
        messages = RequestMessages()
        further = await _full(messages)
        await messages.get()
        await further
        assert [(await messages.get())["body"] for _ in range(MAX_WAITING)] == [b"x"] * (MAX_WAITING - 1) + [b"y"]

    asyncio.run(scenario())


def test_an_answer_frees_the_connection_and_drops_the_unread_body() -> None:
    async def scenario() -> None:
        messages = RequestMessages()
        further = await _full(messages)
        messages.answered()
        await further
        await messages.put(part(b"z"))
        await messages.put(END)
        assert await messages.get() == END

    asyncio.run(scenario())


def test_the_end_of_the_connection_waits_for_nobody() -> None:
    async def scenario() -> None:
        messages = RequestMessages()
        for _ in range(MAX_WAITING):
            await messages.put(part(b"x"))
        await messages.put(END)
        assert [(await messages.get())["type"] for _ in range(MAX_WAITING + 1)][-1] == "http.disconnect"

    asyncio.run(scenario())
