"""Whatever happens, in whatever order: what is promised of every incident of one dimension."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from o11y.alerting.incident import Change
from o11y.alerting.notification import Account, Notification
from o11y.slo.counts import Counts, Ratio
from o11y.slo.windows import Severity
from o11y.worker.tick import window_end
from tests.builders import ERROR_RATE, dimension, silence
from tests.worker_fakes import BURNING, QUIET, SMOULDERING, WINDOWS, FakeNotifier, Replica, World, counted

MINUTE = timedelta(minutes=1)
WELL: Counts = counted(0)
LINGERING: Counts = {
    dimension(): {ERROR_RATE: {**WELL[dimension()][ERROR_RATE], **SMOULDERING[dimension()][ERROR_RATE]}}
}
TOO_FEW: Counts = {dimension(): {ERROR_RATE: dict.fromkeys(WINDOWS, Ratio(1, 1))}}
TRAFFIC = {
    "burning": BURNING,
    "smouldering": SMOULDERING,
    "lingering": LINGERING,  # pages are well, the ticket's windows still hold it
    "well": WELL,
    "quiet": QUIET,
    "too few": TOO_FEW,
}
#: what fires as what, and what is well for it
FIRES = {Severity.PAGE: {"burning"}, Severity.TICKET: {"burning", "smouldering", "lingering"}}
IS_WELL = {Severity.PAGE: {"well", "lingering"}, Severity.TICKET: {"well"}}
NEVER = datetime.max.replace(tzinfo=UTC)
ENDS = {Change.RESOLVED, Change.EXPIRED}


@dataclass
class Life:
    """A world in which anything may happen, and what was so in each minute."""

    world: World
    who: Replica = field(init=False)
    was: dict[datetime, str] = field(default_factory=dict)  # the traffic of each minute
    traffic: str = "well"
    behind: bool = False
    silences: int = 0
    known_at: dict[datetime, datetime] = field(default_factory=dict)  # each minute: when it was first evaluated
    silenced_until: datetime | None = None
    told_silenced: list[Notification] = field(default_factory=list)
    replicas: int = 1

    def __post_init__(self) -> None:
        self.who = self.world.replica("r1")

    async def minute(self, *, evaluated: bool = True) -> None:
        world, now = self.world, self.world.clock.now
        self.was[now] = self.traffic
        world.counts.now = world.counts.at[window_end(now, 10)] = TRAFFIC[self.traffic]
        mark = now - 2 * MINUTE if self.behind else None
        if not world.memory.lost:
            await world.memory.publish("shipper", mark, ttl_s=90)
        told = len(world.slack.alerts)
        if evaluated:
            await world.tick(self.who)
        else:
            world.clock.advance(60)
        for until in world.counts.asked:
            self.known_at.setdefault(until, now)
        world.counts.asked.clear()
        if self.silenced_until is not None and now < self.silenced_until:
            self.told_silenced += [message for message in world.slack.alerts[told:] if not message.edit_only]

    async def happens(self, what: str, minutes: int) -> None:
        world = self.world
        if what in TRAFFIC:
            self.traffic = what
        elif what == "behind":
            self.behind = not self.behind
        elif what == "silence":
            now, self.silences = world.clock.now, self.silences + 1
            self.silenced_until = max(now + minutes * MINUTE, self.silenced_until or now)
            world.silences.kept.append(silence(starts_at=now, ends_at=now + minutes * MINUTE))
        elif what == "redis":
            world.lose_redis(not world.memory.lost)
        elif what == "flush" and not world.memory.lost:
            world.told.incidents = [i for i in world.incidents.incidents.values() if i.told is not None]
            world.flush_redis()
        elif what == "another" and not world.memory.lost:  # who starts without Redis knows nothing, and says so
            self.replicas += 1
            self.who = self.world.replica(f"r{self.replicas}")
        for _ in range(minutes):
            await self.minute(evaluated=what != "stopped")

    async def ends(self) -> None:
        """Redis is back, the events too, all is well, and that for long enough."""
        self.world.lose_redis(False)
        self.behind, self.traffic = False, "well"
        for _ in range(50):
            await self.minute()


events = st.tuples(
    st.sampled_from([*TRAFFIC, "burning", "well", "behind", "silence", "redis", "flush", "another", "stopped"]),
    st.integers(1, 18),
)


def lived(happening: list[tuple[str, int]], *, edits: bool) -> Life:
    life = Life(World(slack=FakeNotifier(threads=edits)))

    async def run() -> None:
        for what, minutes in happening:
            await life.happens(what, minutes)
        await life.ends()

    asyncio.run(run())
    return life


def stories(life: Life) -> list[tuple[Notification, Account]]:
    found = [(message, message.account) for message in life.world.slack.alerts]
    return [(message, account) for message, account in found if account is not None and not message.edit_only]


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(events, min_size=2, max_size=9), st.booleans())
def test_every_incident_keeps_its_promises(happening: list[tuple[str, int]], edits: bool) -> None:
    life = lived(happening, edits=edits)
    assert life.told_silenced == [], "a silenced alert was told"
    assert not [one for one in life.world.incidents.incidents.values() if one.is_open], "it never ends"
    assert life.world.outbox.entries == {}
    by_incident: defaultdict[str, list[tuple[Notification, Account]]] = defaultdict(list)
    for message, account in stories(life):
        by_incident[account.incident_id].append((message, account))
    for told in by_incident.values():
        changes = [account.change for _, account in told]
        assert changes.count(Change.FIRED) <= 1, "told as new twice"
        for _, after in pairwise(changes):
            assert after is not Change.FIRED
        if not life.silences:
            assert changes[-1] in ENDS, "told, and its end was not"
    if not life.silences:
        check_that_one_ends_before_the_next_begins(life)
    for message, account in stories(life):
        if account.change is Change.RESOLVED:
            check_that_it_was_well(life, message)
        if account.change is Change.REMINDED:
            check_that_it_fires(life, message)


def check_that_one_ends_before_the_next_begins(life: Life) -> None:
    """One dimension has one incident at a time: of its page, or of its ticket."""
    is_open = False
    for message, account in stories(life):
        if account.change is Change.FIRED:
            assert not is_open, f"{message.severity} told again at {message.fired_at}"
        is_open = account.change not in ENDS


def check_that_it_was_well(life: Life, message: Notification) -> None:
    """Since the last minute at which it fired five minutes have passed, with valid requests that were well."""
    known = {at for at in life.was if life.known_at.get(window_end(at, 10), NEVER) <= message.fired_at}
    seen = {at: traffic for at, traffic in life.was.items() if at in known}
    fired = max(at for at, traffic in seen.items() if traffic in FIRES[message.severity])
    well = [at for at, traffic in seen.items() if traffic in IS_WELL[message.severity] and at > fired]
    assert well, "resolved by silence"
    assert message.fired_at - fired >= 5 * MINUTE, "resolved too soon"


def check_that_it_fires(life: Life, message: Notification) -> None:
    assert life.was[message.fired_at] in FIRES[message.severity], "reminded of what does not fire"
