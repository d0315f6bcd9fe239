"""What pages ask of one dimension over time: the same question is asked once, however many look at its answer."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from o11y.slo.dimension import Dimension
from o11y.worker.ports.series import Asked, Rows, Seen, SeriesStore

#: a page that refreshes asks with other times, so an answer is of use to those who look at the same moment
KEPT_S = 30.0
_MOST_KEPT = 96
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    answer: "asyncio.Task[Any]"


class Series:
    """Answers of the last half minute, at most 96 of them; one that failed is not kept. ``monotonic``: seconds."""

    def __init__(self, store: SeriesStore, *, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._monotonic = monotonic
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    async def ask(self, asked: Asked) -> Rows:
        """Raises ``StoreError``."""
        return await self._once(asked, lambda: self._store.ask(asked))

    async def seen(self, dimension: Dimension) -> Seen | None:
        """Raises ``StoreError``."""
        return await self._once(("seen", dimension), lambda: self._store.seen(dimension))

    def sql(self, asked: Asked) -> str:
        return self._store.sql(asked)

    async def _once(self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Whoever goes away does not take the answer from the others."""
        now = self._monotonic()
        known = self._kept.get(key)
        if known is None or now - known.at > KEPT_S or _failed(known.answer):
            known = self._kept[key] = _Kept(now, asyncio.create_task(ask()))
            known.answer.add_done_callback(_retrieved)
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        answer: _T = await asyncio.shield(known.answer)
        return answer


def _failed(task: "asyncio.Task[Any]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _retrieved(task: "asyncio.Task[Any]") -> None:
    """So that a failure nobody waits for any more is not told twice."""
    if not task.cancelled():
        task.exception()
