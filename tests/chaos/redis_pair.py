"""Two Redis servers that change sides, as a failover does it: one is the primary, the other its replica."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from tests.chaos.processes import redis_server, workspace
from tests.program.relay import Relay
from tests.program.waiting import until


@dataclass(frozen=True, slots=True)
class Pair:
    """``url`` is the server that o11y asks, whichever side it is on: ``own``, the primary at first."""

    url: str
    own: Redis
    others: Redis
    to_ours: Relay
    to_other: Relay

    def await_replica(self) -> None:
        """A change of sides that is planned waits for this, and loses nothing."""
        until(lambda: _heard(self.others) == _heard(self.own), "the replica has heard everything")

    def step_down(self) -> None:
        """Ours becomes the replica, and refuses every write."""
        self.await_replica()
        self.others.replicaof("NO", "ONE")
        _replicate(self.own, of=self.to_other)

    def step_up(self) -> None:
        """Ours is the primary again."""
        self.own.replicaof("NO", "ONE")
        _replicate(self.others, of=self.to_ours)

    def stop_listening(self) -> None:
        """The replica has heard all until now, and hears nothing from now on."""
        self.await_replica()
        self.to_ours.freeze()

    def lose_what_was_not_heard(self) -> None:
        """The other one is promoted, and is the source of all that ours knows when it is the primary again."""
        before = _heard(self.own)
        assert _heard(self.others) < before, "nothing to lose"
        self.others.replicaof("NO", "ONE")
        self.to_ours.thaw()
        _replicate(self.own, of=self.to_other)
        assert _heard(self.own) < before, "nothing was lost"
        self.step_up()


@contextmanager
def pair_of_servers() -> Iterator[tuple[Path, Pair]]:
    """And the folder that they are in."""
    with ExitStack() as stack:
        folder = stack.enter_context(workspace())
        ours, other = (stack.enter_context(redis_server(folder / name)) for name in ("redis", "other"))
        to_ours, to_other = (stack.enter_context(Relay(url)) for url in (ours, other))
        own, others = (stack.enter_context(Redis.from_url(url)) for url in (ours, other))
        _replicate(others, of=to_ours)
        yield folder, Pair(ours, own, others, to_ours, to_other)


def _replicate(server: Redis, *, of: Relay) -> None:
    """``server`` copies the one behind ``of``; returns when it has all that was there."""
    host, port = of.url.removeprefix("redis://").split(":")
    server.replicaof(host, port)
    until(lambda: server.info("replication").get("master_link_status") == "up", "the replica is up to date")


def _heard(server: Redis) -> int:
    """How much of the stream of writes."""
    return int(server.info("replication")["master_repl_offset"])
