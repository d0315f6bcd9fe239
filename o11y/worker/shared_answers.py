"""The same question is asked once, however many look at its answer."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    answer: "asyncio.Task[Any]"


class SharedAnswers:
    """Those of the last ``kept_s`` seconds, at most ``most`` of them; one that failed is not kept.

    ``monotonic``: seconds.
    """

    def __init__(self, *, kept_s: float, most: int, monotonic: Callable[[], float]) -> None:
        self._kept_s = kept_s
        self._most = most
        self._monotonic = monotonic
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    async def to(self, question: Hashable, ask: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Raises what ``ask`` raises. Whoever goes away does not take the answer from the others."""
        now = self._monotonic()
        known = self._kept.get(question)
        if known is None or now - known.at > self._kept_s or _failed(known.answer):
            known = self._kept[question] = _Kept(now, asyncio.create_task(ask()))
            known.answer.add_done_callback(_retrieved)
            self._kept.move_to_end(question)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        answer: _T = await asyncio.shield(known.answer)
        return answer


def _failed(task: "asyncio.Task[Any]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _retrieved(task: "asyncio.Task[Any]") -> None:
    """So that a failure nobody waits for any more is not told twice."""
    if not task.cancelled():
        task.exception()
