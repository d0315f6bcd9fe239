"""The limit of dimensions: models that count as ``other``."""

from collections.abc import Sequence
from datetime import datetime

from o11y.metrics import Metrics
from o11y.slo.windows import Severity
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.self_checks.trouble import Kind, Trouble


class DimensionsCheck:
    """Finds the clients that had events folded since the look before."""

    kinds = frozenset({Kind.DIMENSIONS_FOLDED})

    def __init__(self, limit: DimensionLimit, *, max_per_client: int, metrics: Metrics) -> None:
        self._limit = limit
        self._max = max_per_client
        self._metrics = metrics
        self._before: dict[str, int] = {}

    async def look(self, now: datetime) -> Sequence[Trouble]:
        folded = dict(self._limit.folded)
        more = {client: count - self._before.get(client, 0) for client, count in folded.items()}
        self._before = folded
        for client, count in more.items():
            self._metrics.events_folded.labels(client).inc(count)
        return [_folded(client, self._max, now) for client, count in more.items() if count]


def _folded(client: str, limit: int, now: datetime) -> Trouble:
    return Trouble(
        Kind.DIMENSIONS_FOLDED,
        Severity.TICKET,
        f"Too many models of client {client}",
        f"Client {client} has more than {limit:,} provider and model pairs; further models count as `other`, and page "
        "as one. Does the gateway send made-up names? Where they are real, raise O11Y_MAX_DIMENSIONS_PER_CLIENT.",
        since=now,
        of=client,
    )
