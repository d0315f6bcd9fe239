"""What ``o11y silence`` asks, as the owner's socket and a command of its own both answer it."""

from typing import Any

from o11y.alerting.record import rfc3339
from o11y.alerting.silence import Silence, State
from o11y.alerting.silence_json import shown
from o11y.alerting.silence_request import asked
from o11y.http.control import Command
from o11y.worker.ports import Clock, TooManySilences
from o11y.worker.silences import Silencing


def silence_answers(silencing: Silencing, *, clock: Clock) -> dict[str, Command]:
    """``by`` is who types. A silence has the fields of the HTTP API."""

    async def add(arguments: dict[str, Any]) -> Any:
        by = str(arguments["by"])

        def make(silence_id: str) -> Silence:
            return asked(arguments["silence"], silence_id=silence_id, author=by, now=clock())

        try:
            return _answer(await silencing.create(make, by=by))
        except TooManySilences as error:
            raise ValueError(str(error)) from None

    async def listed(arguments: dict[str, Any]) -> Any:
        now = clock()
        found = [one for one in await silencing.listed() if arguments["all"] or one.state(now) is not State.EXPIRED]
        return {"now": rfc3339(now), "silences": [shown(silence, now) for silence in found]}

    async def expire(arguments: dict[str, Any]) -> Any:
        return _answer(await silencing.expire(str(arguments["id"]), by=str(arguments["by"])))

    def _answer(silence: Silence | None) -> Any:
        now = clock()
        return {"now": rfc3339(now), "silence": None if silence is None else shown(silence, now)}

    return {"silence-add": add, "silence-list": listed, "silence-expire": expire}
