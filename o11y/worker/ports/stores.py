"""ClickHouse: events in, counts, colour and the alert history out."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from o11y.alerting.alert import Alert
from o11y.alerting.incident import Incident
from o11y.alerting.notification import Facts
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Sli
from o11y.slo.usual_traffic import Requests
from o11y.worker.ports.spool import SpoolBatch


class StoreError(Exception):
    """ClickHouse did not do it. ``content``: it refused the rows themselves, and has committed nothing."""

    def __init__(self, message: str, *, content: bool = False) -> None:
        super().__init__(message)
        self.content = content


class BatchState(StrEnum):
    ABSENT = "absent"
    COMPLETE = "complete"  # every row is in the raw table and in every rollup young enough to compare
    MIXED = "mixed"


class EventStore(Protocol):
    async def insert(self, batch: SpoolBatch) -> None:
        """Insert exactly once for a batch id, however often it is called. Raises ``StoreError``."""

    async def find(self, batch: SpoolBatch, *, now: datetime) -> BatchState: ...


class CountStore(Protocol):
    async def counts(
        self,
        slis: Collection[Sli],
        windows_s: Collection[int],
        *,
        until: datetime,
        only: Dimension | None = None,
    ) -> Counts:
        """Counts of [until - window, until) for every dimension with traffic, in one query.

        ``until`` is on the 10 s grain.

        ``only`` narrows it to one client x provider x model.
        """


class BaselineStore(Protocol):
    async def usual(self, windows_s: Collection[int], *, until: datetime, exclude_user_byok: bool = True) -> Requests:
        """Requests that are usual in [until - window, until), to the 5 min boundary nearest to ``until``.

        Windows and dimensions in which nothing is usual are absent. See ``usual_traffic``. Raises ``StoreError``.
        """


class ColourStore(Protocol):
    async def colour(self, alert: Alert, *, until: datetime) -> Facts:
        """At most 2 s; raises ``StoreError``."""

    async def bad_between(self, alert: Alert, *, since: datetime, until: datetime) -> Ratio:
        """What the alert's objective counted in its dimension in [since, until). At most 2 s; raises ``StoreError``."""


class HistoryStore(Protocol):
    async def incidents_since(self, since: datetime) -> Sequence[Incident]:
        """Those that were told and had not ended, as far as the history knows them; those that ended stay ended.

        Raises ``StoreError``.
        """
