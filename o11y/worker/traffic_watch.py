"""What did not come: the traffic of now beside that of the last days, for objectives of traffic."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from o11y.slo.count_table import table_of
from o11y.slo.counts import Counts
from o11y.slo.dimension import Dimension
from o11y.slo.evaluation import Evaluator, PairVerdict
from o11y.slo.joined_counts import joined
from o11y.slo.missing import missing
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, Sli
from o11y.slo.usual_traffic import Requests
from o11y.worker.ports import BaselineStore, CountStore, StoreError

log = logging.getLogger(__name__)

#: minutes further apart were not watched in between: the process, or the machine, stood still
_APART = timedelta(minutes=2)


class TrafficWatch:
    """Costs nothing without an objective of traffic.

    Nothing is missed that o11y itself may not have been there to receive: a window is looked at once o11y has watched
    all of it. A process that starts, or a machine that wakes up, says nothing about the time before.
    """

    def __init__(self, objectives: Sequence[Objective], *, counts: CountStore, baselines: BaselineStore) -> None:
        self.use(objectives)
        self._counts, self._baselines = counts, baselines
        self._since: datetime | None = None
        self._last: datetime | None = None

    def use(self, objectives: Sequence[Objective]) -> None:
        """These from now on. What was watched stays watched."""
        self._objectives = [each for each in objectives if each.sli.indicator is Indicator.TRAFFIC]
        self._evaluator = Evaluator(self._objectives)

    def attend(self, minute: datetime) -> None:
        """Called in every minute, whichever replica evaluates it."""
        if self._last is None or not timedelta() <= minute - self._last <= _APART:
            self._since = minute
        self._last = minute

    async def watched(self, until: datetime) -> Counts:
        """What is missing in the windows that were watched; nothing where ClickHouse does not say what is usual.

        What burns must be told all the same, so that is logged and no reason to fail.
        """
        try:
            return await self._missing(self._windows_watched(until), until, only=None)
        except StoreError:
            log.exception("traffic is not watched in this minute", extra={"until": until.isoformat()})
            return {}

    async def look_ahead(self, until: datetime) -> None:
        """Have what is usual then at hand, so that no page waits for seven days to be read."""
        for exclude_user_byok in {each.sli.exclude_user_byok for each in self._objectives}:
            if windows := self._windows_watched(until):
                with suppress(StoreError):  # the minute itself asks again, and tells
                    await self._baselines.usual(windows, until=until, exclude_user_byok=exclude_user_byok)

    async def missing(self, until: datetime, *, only: Dimension | None = None) -> Counts:
        """What is missing, for somebody who asks; of one client x provider x model if named. Raises ``StoreError``."""
        return await self._missing(self._windows, until, only=only)

    def breaches(self, counts: Counts) -> list[PairVerdict]:
        return self._evaluator.breaches(counts) if counts else []

    @property
    def _windows(self) -> set[int]:
        return {seconds for each in self._objectives for pair in each.pairs for seconds in (pair.long_s, pair.short_s)}

    def _windows_watched(self, until: datetime) -> set[int]:
        return {seconds for seconds in self._windows if self._was_there(until - timedelta(seconds=seconds))}

    def _was_there(self, start: datetime) -> bool:
        return self._since is not None and start >= self._since

    async def _missing(self, windows_s: set[int], until: datetime, *, only: Dimension | None) -> Counts:
        found: Counts = {}
        for exclude_user_byok in {each.sli.exclude_user_byok for each in self._objectives if windows_s}:
            usual = await self._baselines.usual(windows_s, until=until, exclude_user_byok=exclude_user_byok)
            if only is not None:
                usual = {seconds: {only: of[only]} for seconds, of in usual.items() if only in of}
            if not usual:
                continue
            counting = Sli(Indicator.TRAFFIC, exclude_user_byok=exclude_user_byok)
            counts = await self._counts.counts({counting}, windows_s, until=until, only=only)
            slis = {each.sli for each in self._objectives if each.sli.exclude_user_byok is exclude_user_byok}
            found = joined(await asyncio.to_thread(_missing, usual, counts, counting, slis), found)
        return found


def _missing(usual: Requests, counts: Counts, counting: Sli, slis: Collection[Sli]) -> Counts:
    """Of the windows in which something is usual. In a thread: of 10,000 dimensions it takes a while."""
    table = table_of(counts, counting)
    arrived = {
        window_s: dict(zip(table.dimensions, column.valid, strict=True))
        for window_s, column in table.columns.get(counting, {}).items()
    }
    return missing(usual, arrived, slis=slis, windows_s=usual)
