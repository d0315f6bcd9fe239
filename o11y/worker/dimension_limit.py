"""How many dimensions one client may open, so that a gateway's mistake cannot fill the rollups with names."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from o11y.slo.dimension import Dimension

#: provider and model: a dimension of a client that is known already
Names = tuple[str, str]

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
        self._seen: dict[str, dict[Names, datetime]] = {}
        self._providers: dict[str, set[str]] = {}  # of what is seen: a flood asks for them at every event
        self._swept: dict[str, datetime] = {}
        self.folded: dict[str, int] = {}

    @property
    def open(self) -> int:
        """Dimensions, of all clients."""
        return sum(map(len, self._seen.values()))

    def seed(self, dimensions: Iterable[Dimension], *, now: datetime) -> None:
        """Dimensions that were open before a restart, as many as there is room for."""
        for dimension in dimensions:
            seen = self._seen.setdefault(dimension.client or "", {})
            if len(seen) < self._max:
                seen.setdefault((dimension.provider or "", dimension.model or ""), now)
                self._providers.setdefault(dimension.client or "", set()).add(dimension.provider or "")

    def admit(self, client: str, names: Names, *, now: datetime) -> Names:
        """The very names given, or those of the dimension that this one is folded into."""
        seen = self._seen.get(client)
        if seen is None:
            seen = self._seen[client] = {}
        if names in seen:
            seen[names] = now
            return names
        if len(seen) < self._max or self._sweep(client, now):
            seen[names] = now
            self._providers.setdefault(client, set()).add(names[0])
            return names
        return self._fold(client, names[0])

    def _fold(self, client: str, provider: str) -> Names:
        """A provider that has a dimension keeps its name; a flood of new providers is folded as well."""
        self.folded[client] = self.folded.get(client, 0) + 1
        return (provider if provider in self._providers[client] else OTHER, OTHER)

    def _sweep(self, client: str, now: datetime) -> bool:
        """Forget what was not seen for long, at most once a minute; True when there is room."""
        if now - self._swept.get(client, datetime.min.replace(tzinfo=now.tzinfo)) < _SWEEP_EVERY:
            return False
        self._swept[client] = now
        seen = self._seen[client]
        for names in [names for names, last in seen.items() if now - last >= self._forget_after]:
            del seen[names]
        self._providers[client] = {provider for provider, _ in seen}
        return len(seen) < self._max
