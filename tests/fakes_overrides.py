"""Stand-ins for the stores that objectives are administered with."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from o11y.slo.counts import WindowCounts
from o11y.slo.dimension import Dimension
from o11y.slo.override import Names, Override, Selector
from o11y.slo.rehearsal import Bucket, Past
from o11y.slo.sli import Sli
from o11y.worker.ports import StoreError
from o11y.worker.ports.overrides import MOST_OVERRIDES, Change


class FakeOverrides:
    """An ``OverrideStore``. ``fail`` is raised by every call."""

    def __init__(self, *changes: Change) -> None:
        self.kept = list(changes)
        self.fail: Exception | None = None
        self.asked = 0

    async def current(self) -> Sequence[Override]:
        self._check()
        self.asked += 1
        held = (change.override for change in self._last().values())
        found = sorted((each for each in held if each is not None), key=lambda each: _order(each.selector))
        return found[:MOST_OVERRIDES]

    async def last(self, selector: Selector) -> Change | None:
        self._check()
        return self._last().get(selector)

    async def append(self, change: Change) -> None:
        self._check()
        if change.change_id not in {one.change_id for one in self.kept}:
            self.kept.append(change)

    async def changes(
        self,
        *,
        objective: str | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        most: int = 100,
    ) -> Sequence[Change]:
        self._check()
        found = [
            change
            for change in self.kept
            if objective in (None, change.selector.objective)
            and (since is None or change.at >= since)
            and (before is None or change.at < before)
        ]
        return sorted(found, key=lambda one: (one.at, one.version, one.change_id), reverse=True)[:most]

    def _last(self) -> dict[Selector, Change]:
        ordered = sorted(self.kept, key=lambda one: (one.version, one.at, one.change_id))
        return {change.selector: change for change in ordered}

    def _check(self) -> None:
        if self.fail is not None:
            raise self.fail


def _order(selector: Selector) -> tuple[str, ...]:
    return selector.objective, *(name or "" for name in selector.names)


class FakePast:
    """A ``PastStore``: the same counts whatever is selected, and the same buckets for every dimension."""

    def __init__(self) -> None:
        self.found: Mapping[Sli, WindowCounts] = {}
        self.dimensions: list[Dimension] = []
        self.buckets: list[Bucket] = []
        self.fine_from_s = 0
        self.fail: StoreError | None = None
        self.asked: list[Names] = []

    async def counts(
        self, slis: Collection[Sli], windows_s: Collection[int], *, names: Names, until: datetime
    ) -> Mapping[Sli, WindowCounts]:
        self._check()
        self.asked.append(names)
        return {sli: counts for sli, counts in self.found.items() if sli in slis}

    async def busiest(self, names: Names, *, until: datetime, most: int) -> tuple[Sequence[Dimension], int]:
        self._check()
        wanted = [
            each
            for each in self.dimensions
            if all(
                name in (None, own) for name, own in zip(names, (each.client, each.provider, each.model), strict=True)
            )
        ]
        return wanted[:most], len(wanted)

    async def past(self, sli: Sli, dimensions: Sequence[Dimension], *, since: datetime, until: datetime) -> list[Past]:
        self._check()
        return [Past(self.buckets, fine_from_s=self.fine_from_s) for _ in dimensions]

    def _check(self) -> None:
        if self.fail is not None:
            raise self.fail
