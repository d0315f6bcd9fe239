"""Which open incidents may speak for a new alert, without asking a thousand of them about each."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from o11y.alerting.alert import Alert
from o11y.alerting.book import Book
from o11y.alerting.incident import Incident
from o11y.alerting.minute import Minute
from o11y.slo.dimension import Dimension, Scope

_EVERYTHING = Dimension(None, None, None)


class Hosts:
    """One that knows a newer minute takes nobody in. One that is muted takes only sums: a part would not be heard."""

    def __init__(self, book: Book, minute: Minute) -> None:
        self._open = [incident for incident in book.open() if incident.evaluated_at < minute.at]
        heard = [incident for incident in self._open if incident.loud]
        self._wide = [incident for incident in heard if not incident.cause.is_single]
        self._single: defaultdict[Dimension, list[Incident]] = defaultdict(list)
        for incident in heard:
            if incident.cause.is_single:
                self._single[incident.cause.shared].append(incident)
        self._seen = minute.counts.keys()
        self._by_sum: dict[Dimension, list[Incident]] | None = None
        self._named: dict[str, frozenset[Dimension]] = {}

    def of(self, alert: Alert) -> Iterator[Incident]:
        """In the order of the book."""
        scope = alert.dimension.scope
        if scope is Scope.MODEL:
            yield from self._wide
            yield from self._single[alert.dimension]
        elif scope is Scope.ALL:
            yield from self._open
        else:
            yield from self._of_sum(alert.dimension)

    def named(self, incident: Incident) -> frozenset[Dimension]:
        """What its messages have named."""
        named = self._named.get(incident.incident_id)
        if named is None:
            named = frozenset(member.dimension for member in incident.members if member.told is not None)
            self._named[incident.incident_id] = named
        return named

    def _of_sum(self, dimension: Dimension) -> Iterable[Incident]:
        """Those of which any member counts in the sum."""
        if self._by_sum is None:
            self._by_sum = _by_sum(self._open, self._seen)
        return self._by_sum.get(dimension, self._by_sum[_EVERYTHING])


def _by_sum(incidents: Iterable[Incident], seen: Collection[Dimension]) -> dict[Dimension, list[Incident]]:
    """For each provider and client the incidents that have to do with it; under everything those with all of them."""
    meets: defaultdict[Dimension, set[Dimension]] = defaultdict(set)  # what a sum shares traffic with
    for part in seen:
        provider, client = part.within(Scope.PROVIDER), part.within(Scope.CLIENT)
        meets[provider].add(client)
        meets[client].add(provider)
    sums = {incident.incident_id: _sums(incident, meets) for incident in incidents}
    found: dict[Dimension, list[Incident]] = {_EVERYTHING: []}
    for each in {one for several in sums.values() for one in several}:
        found[each] = []
    for incident in incidents:
        own = sums[incident.incident_id]
        for each in found if _EVERYTHING in own else own:
            found[each].append(incident)
    return found


def _sums(incident: Incident, meets: defaultdict[Dimension, set[Dimension]]) -> set[Dimension]:
    found = {incident.cause.shared} if incident.cause.shared == _EVERYTHING else set()
    for member in incident.members:
        if member.dimension.scope is Scope.MODEL:
            found |= {member.dimension.within(Scope.PROVIDER), member.dimension.within(Scope.CLIENT)}
        else:
            found |= {member.dimension, *meets.get(member.dimension, ())}
    return found
