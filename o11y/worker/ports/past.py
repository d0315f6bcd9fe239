"""ClickHouse: what was counted in the last days, for people who choose objectives."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from o11y.slo.counts import WindowCounts
from o11y.slo.dimension import Dimension
from o11y.slo.override import Names
from o11y.slo.rehearsal import Past
from o11y.slo.sli import Sli


class PastStore(Protocol):
    """``names`` are a client, a provider and a model; None: all of them. Methods take at most 2 s a statement.

    Each raises ``StoreError``.
    """

    async def counts(
        self, slis: Collection[Sli], windows_s: Collection[int], *, names: Names, until: datetime
    ) -> Mapping[Sli, WindowCounts]:
        """Everything in [until - window, until) that these names select, summed. ``until`` is on the 10 s grain.

        Windows without valid events are absent.
        """

    async def busiest(self, names: Names, *, until: datetime, most: int) -> tuple[Sequence[Dimension], int]:
        """Of the client x provider x models with traffic in the last seven days the busiest, and how many there are."""

    async def past(self, sli: Sli, dimensions: Sequence[Dimension], *, since: datetime, until: datetime) -> list[Past]:
        """Of each dimension its buckets of [since, until), 10 s long in the last two days if they can be had in time.

        Aggregates are summed.
        """
