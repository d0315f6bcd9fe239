"""What pages ask of one dimension over time."""

from collections.abc import Callable

from o11y.slo.dimension import Dimension
from o11y.worker.ports.series import Asked, Rows, Seen, SeriesStore
from o11y.worker.shared_answers import SharedAnswers

#: a page that refreshes asks with other times, so an answer is of use to those who look at the same moment
KEPT_S = 30.0
_MOST_KEPT = 96


class Series:
    """``monotonic``: seconds."""

    def __init__(self, store: SeriesStore, *, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._answers = SharedAnswers(kept_s=KEPT_S, most=_MOST_KEPT, monotonic=monotonic)

    async def ask(self, asked: Asked) -> Rows:
        """Raises ``StoreError``."""
        return await self._answers.to(asked, lambda: self._store.ask(asked))

    async def seen(self, dimension: Dimension) -> Seen | None:
        """Raises ``StoreError``."""
        return await self._answers.to(("seen", dimension), lambda: self._store.seen(dimension))

    def sql(self, asked: Asked) -> str:
        return self._store.sql(asked)
