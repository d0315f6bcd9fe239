"""The clocks of gateways: events whose own time is far from their arrival."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from o11y.metrics import Metrics
from o11y.slo.windows import Severity
from o11y.worker.client_clocks import FAR_OFF, ClientClocks, Seen
from o11y.worker.self_checks.trouble import Kind, Trouble

OVER_THE_LAST = timedelta(minutes=10)
MIN_EVENTS = 10
TOO_MANY = 0.1


class ClocksCheck:
    """A client is named when of at least 10 events that carried a time, 10 % were refused for it or far off."""

    kinds = frozenset({Kind.CLOCK_OFF})

    def __init__(self, clocks: ClientClocks, metrics: Metrics) -> None:
        self._clocks = clocks
        self._metrics = metrics
        self._recent: deque[tuple[datetime, dict[str, Seen]]] = deque(maxlen=64)
        self._off_since: dict[str, datetime] = {}

    async def look(self, now: datetime) -> Sequence[Trouble]:
        self._recent.append((now, self._clocks.take()))
        while not timedelta() <= now - self._recent[0][0] <= OVER_THE_LAST:
            self._recent.popleft()
        sums: dict[str, Seen] = {}
        for _, counts in self._recent:
            for client, seen in counts.items():
                sums.setdefault(client, Seen()).add(seen)
        for client, seen in sums.items():
            self._metrics.clock_off.labels(client).set(seen.off / seen.events)
        off = {client: seen for client, seen in sums.items() if _is_off(seen)}
        self._off_since = {client: self._off_since.get(client, now) for client in off}
        return [_off(client, seen, self._off_since[client]) for client, seen in off.items()]


def _is_off(seen: Seen) -> bool:
    return seen.events >= MIN_EVENTS and seen.off >= TOO_MANY * seen.events


def _off(client: str, seen: Seen, since: datetime) -> Trouble:
    minutes, far = OVER_THE_LAST // timedelta(minutes=1), FAR_OFF // timedelta(minutes=1)
    return Trouble(
        Kind.CLOCK_OFF,
        Severity.TICKET,
        f"The times of client {client}'s events are far off",
        f"Of about {seen.events:,} events of the last {minutes} min that carried a time, {seen.refused:,} were refused "
        f"for it (they are lost), {seen.ahead:,} were more than {far} min ahead of their arrival, and {seen.behind:,} "
        "more behind.\n"
        "What is counted in the wrong minute pages late, or not at all. Let the gateway keep its clock by NTP, send "
        "`timestamp` as the completion in milliseconds and its events soon after it, or leave `timestamp` out. "
        "Where every client is named, look at the clock of this machine.",
        since=since,
        of=client,
    )
