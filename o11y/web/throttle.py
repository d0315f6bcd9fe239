"""How often somebody may guess a token: in memory, within a bound, and each replica for itself."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

FREE_FAILURES = 5
FREE_FAILURES_OF_ALL = 60
WINDOW_S = 60.0
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 15 * 60.0
#: addresses remembered; beyond, the one that failed longest ago is forgotten
MOST_PEERS = 10_000


@dataclass(slots=True)
class _Peer:
    """``failures``: when, the last few. ``paused_until``, and how long the next pause is."""

    failures: deque[float] = field(default_factory=lambda: deque(maxlen=FREE_FAILURES))
    paused_until: float = 0.0
    pause_s: float = FIRST_PAUSE_S


class Throttle:
    """Five failures a minute of one address are free; then it pauses for a minute, and twice as long after each failure
    that follows, up to 15 min. Its past is forgotten after as long a time again without one. Sixty failures a minute of
    all addresses together pause everybody.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """``monotonic``: seconds."""
        self._monotonic = monotonic
        self._peers: OrderedDict[str, _Peer] = OrderedDict()
        self._all: deque[float] = deque(maxlen=FREE_FAILURES_OF_ALL)

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try (again); 0: now."""
        now = self._monotonic()
        peer = self._peers.get(_network(address))
        own = 0.0 if peer is None else peer.paused_until - now
        full = len(self._all) == FREE_FAILURES_OF_ALL
        return max(0.0, own, self._all[0] + WINDOW_S - now if full else 0.0)

    def failed(self, address: str) -> None:
        now, network = self._monotonic(), _network(address)
        self._all.append(now)
        peer = self._peers.setdefault(network, _Peer())
        self._peers.move_to_end(network)
        if len(self._peers) > MOST_PEERS:
            self._peers.popitem(last=False)
        if peer.paused_until and now - peer.paused_until > LONGEST_PAUSE_S:
            peer.paused_until, peer.pause_s = 0.0, FIRST_PAUSE_S
            peer.failures.clear()
        peer.failures.append(now)
        often = len(peer.failures) == FREE_FAILURES and now - peer.failures[0] < WINDOW_S
        if often or peer.paused_until:
            peer.paused_until = now + peer.pause_s
            peer.pause_s = min(2 * peer.pause_s, LONGEST_PAUSE_S)

    def passed(self, address: str) -> None:
        """Who knows a token is no guesser."""
        self._peers.pop(_network(address), None)

    def __len__(self) -> int:
        """Addresses remembered."""
        return len(self._peers)


def _network(address: str) -> str:
    """An IPv6 subscriber has a /64, or more, to choose an address from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed.packed[:8] + bytes(8), 64)))
    return str(parsed)
