"""ClickHouse: what a page shows of one dimension over time, and where all of them stand.

What is asked is a value, so that its answer can be remembered, and its SQL shown to whoever wants to ask it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator, Sli


@dataclass(frozen=True, slots=True)
class Stretch:
    """[since, until) from the rollup with buckets of ``grain_s`` (10, 300 or 3,600 s), summed in steps of ``step_s``.

    Both times are on the grain, and ``step_s`` is a multiple of it; a step begins at a multiple of itself (Unix time).
    """

    since: datetime
    until: datetime
    grain_s: int
    step_s: int


@dataclass(frozen=True, slots=True)
class RequestsAsked:
    """Rows: step (Unix s), requests, of these on keys of users; of the others those of each ``StatusClass``."""

    dimension: Dimension
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class LatencyAsked:
    """Rows: step, successful requests (with a first byte), and the p50, p90 and p99 of their time in ms.

    ``indicator``: LATENCY or TTFB. Interpolated between the bounds of the rollups, see ``slo/quantiles``.
    """

    dimension: Dimension
    stretch: Stretch
    indicator: Indicator


@dataclass(frozen=True, slots=True)
class CountsAsked:
    """Rows: start of a bucket (of the first stretch, then of the next), and bad and valid events of each of ``slis``.

    Stretches follow each other without a gap, the coarse ones first. Buckets without events are absent.
    """

    dimension: Dimension
    slis: tuple[Sli, ...]
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class AlertsAsked:
    """Rows: objective, severity, from, to (None: open) of every alert of the dimension between the two times."""

    dimension: Dimension
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class BreakdownAsked:
    """Rows: kind (status, provider, variant or tool), name, bad events, valid events; the most bad of each kind.

    Raw events: at most 2 s. So is ``LastBadAsked``.
    """

    dimension: Dimension
    sli: Sli
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class LastBadAsked:
    """Rows are mappings in disguise: the columns are ``LAST_BAD``. The newest first, at most ``most``."""

    dimension: Dimension
    sli: Sli
    since: datetime
    until: datetime
    most: int = 50


LAST_BAD = (
    "at", "client", "provider", "model", "status", "ttfb_ms", "complete_ms", "streaming", "inference_provider",
    "variant", "tools", "user", "organization", "mode", "event_id",
)  # fmt: skip

Asked = RequestsAsked | LatencyAsked | CountsAsked | AlertsAsked | BreakdownAsked | LastBadAsked
Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Seen:
    """Of all dimensions that a page is about."""

    dimensions: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of successful requests, in ms; None without any. ``ttfb_p90`` is of the streaming ones."""

    p50: float | None
    p90: float | None
    ttfb_p90: float | None


class SeriesStore(Protocol):
    """A name that is None in a dimension stands for all of them, whichever the others are. Raises ``StoreError``."""

    async def ask(self, asked: Asked) -> Rows:
        """At most 2 s."""

    def sql(self, asked: Asked) -> str:
        """The statement that answers it, with its values written in: it can be run as it is."""

    async def seen(self, dimension: Dimension) -> Seen | None:
        """None: no event of it has ever come. At most 2 s."""


class QuantileStore(Protocol):
    async def quantiles(self, *, since: datetime, until: datetime) -> Mapping[Dimension, Quantiles]:
        """Of every dimension with requests, and of each provider, each client and everything. ``since`` is on 5 min.

        Raises ``StoreError``.
        """
