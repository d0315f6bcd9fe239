"""How many dimensions one client may open, so that a gateway's mistake cannot fill the rollups with names."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from o11y.slo.dimension import Dimension

#: the model, and at need the provider, of what is beyond the limit
OTHER = "other"
_SWEEP_EVERY = timedelta(minutes=1)


class DimensionLimit:
    """At most ``max_per_client`` dimensions a client; one unseen for ``forget_after`` frees its place.

    Used on the event loop alone. ``folded`` counts the events of each client that went to ``other``.
    """

    def __init__(self, max_per_client: int = 2000, *, forget_after: timedelta = timedelta(hours=24)) -> None:
        self._max = max_per_client
        self._forget_after = forget_after
        self._seen: dict[str | None, dict[Dimension, datetime]] = {}
        self._swept: dict[str | None, datetime] = {}
        self.folded: dict[str, int] = {}

    def seed(self, dimensions: Iterable[Dimension], *, now: datetime) -> None:
        """Dimensions that were open before a restart, as many as there is room for."""
        for dimension in dimensions:
            seen = self._seen.setdefault(dimension.client, {})
            if len(seen) < self._max:
                seen.setdefault(dimension, now)

    def admit(self, dimension: Dimension, *, now: datetime) -> Dimension:
        """The dimension itself, or the one that it is folded into."""
        seen = self._seen.setdefault(dimension.client, {})
        if dimension in seen or len(seen) < self._max or self._sweep(dimension.client, now):
            seen[dimension] = now
            return dimension
        return self._fold(dimension, seen)

    def _fold(self, dimension: Dimension, seen: dict[Dimension, datetime]) -> Dimension:
        """A provider that has a dimension keeps its name; a flood of new providers is folded as well."""
        client = dimension.client or ""
        self.folded[client] = self.folded.get(client, 0) + 1
        known = any(other.provider == dimension.provider for other in seen)
        return Dimension(dimension.client, dimension.provider if known else OTHER, OTHER)

    def _sweep(self, client: str | None, now: datetime) -> bool:
        """Forget what was not seen for long, at most once a minute; True when there is room."""
        if now - self._swept.get(client, datetime.min.replace(tzinfo=now.tzinfo)) < _SWEEP_EVERY:
            return False
        self._swept[client] = now
        seen = self._seen[client]
        for dimension in [d for d, last in seen.items() if now - last >= self._forget_after]:
            del seen[dimension]
        return len(seen) < self._max
