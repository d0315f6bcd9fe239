"""Whatever several dimensions do at once: nobody's page is lost in a group, and every group ends."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from o11y.alerting.incident import Change
from o11y.alerting.notification import Account, Notification
from o11y.slo.counts import Counts
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.windows import Severity
from tests.builders import dimension, objective
from tests.worker_fakes import FakeNotifier, Replica, World, counted

MINUTE = timedelta(minutes=1)
FAR = Dimension("far", "far", "far")
PLACES = (dimension("a"), dimension("b"), dimension("c"), Dimension("gateway", "other", "a"), FAR)
#: who is never affected, so that not everything is one cause
CALM = [Dimension(f"calm-{n}", f"calm-{n}", f"calm-{n}") for n in range(4)]
STATES: Mapping[str, Mapping[str, Counts]] = {
    str(place): {
        "burning": counted(50, place),
        "smouldering": counted(50, place, windows=(1800, 21_600)),
        "well": counted(0, place),
        "quiet": {},
    }
    for place in PLACES
}
ENDS = {Change.RESOLVED, Change.EXPIRED}
#: who joins is told after ten minutes at the latest where nothing can be edited
NAMED_WITHIN = 13


@dataclass
class Life:
    """Five dimensions, their providers' sums, and what each dimension did in each minute."""

    world: World
    who: Replica = field(init=False)
    states: dict[Dimension, str] = field(default_factory=lambda: dict.fromkeys(PLACES, "well"))
    was: list[tuple[datetime, dict[Dimension, str]]] = field(default_factory=list)
    replicas: int = 1

    def __post_init__(self) -> None:
        self.who = self.world.replica("r1")

    async def minutes(self, number: int) -> None:
        for _ in range(number):
            self.was.append((self.world.clock.now, dict(self.states)))
            counts: Counts = counted(0, *CALM)
            for place, state in self.states.items():
                counts = {**counts, **STATES[str(place)][state]}
            self.world.counts.now = counts
            await self.world.tick(self.who)

    async def happens(self, places: set[int], what: str, minutes: int) -> None:
        if what == "another":
            self.replicas += 1
            self.who = self.world.replica(f"r{self.replicas}")
        else:
            self.states |= {PLACES[place]: what for place in places}
        await self.minutes(minutes)

    async def ends(self) -> None:
        self.states = dict.fromkeys(PLACES, "well")
        await self.minutes(50)

    def spans(self) -> Iterator[tuple[Dimension, datetime]]:
        """Who burns for so long that it has to be named by then, and when that is."""
        for place in PLACES:
            burnt = 0
            for at, states in self.was:
                burnt = burnt + 1 if states[place] == "burning" else 0
                if burnt == NAMED_WITHIN:
                    yield place, at


happenings = st.tuples(
    st.sets(st.integers(0, len(PLACES) - 1), min_size=1),
    st.sampled_from(["burning", "burning", "smouldering", "well", "quiet", "another"]),
    st.integers(1, 16),
)


def lived(happening: list[tuple[set[int], str, int]], *, edits: bool) -> Life:
    several = [objective(), objective(name="provider", family="provider", scope=Scope.PROVIDER)]
    life = Life(World(several, slack=FakeNotifier(threads=edits)))

    async def run() -> None:
        await life.minutes(1)
        for places, what, minutes in happening:
            await life.happens(places, what, minutes)
        await life.ends()

    asyncio.run(run())
    return life


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(happenings, min_size=1, max_size=7), st.booleans())
def test_every_group_keeps_its_promises(happening: list[tuple[set[int], str, int]], edits: bool) -> None:
    life = lived(happening, edits=edits)
    told = [(message, message.account) for message in life.world.slack.alerts if message.account is not None]
    check_that_each_begins_once_and_ends(told)
    check_that_who_burns_is_named(life, told)
    assert not [one for one in life.world.incidents.incidents.values() if one.is_open], "it never ends"
    assert life.world.outbox.entries == {}


def check_that_each_begins_once_and_ends(told: list[tuple[Notification, Account]]) -> None:
    changes: defaultdict[str, list[Change]] = defaultdict(list)
    for message, account in told:
        if not message.edit_only:
            changes[account.incident_id].append(account.change)
    for each in changes.values():
        assert each[0] is Change.FIRED
        assert each.count(Change.FIRED) == 1, "told as new twice"
        assert each[-1] in ENDS, "told, and its end was not"


def check_that_who_burns_is_named(life: Life, told: list[tuple[Notification, Account]]) -> None:
    """As a page, by its own name or its provider's."""
    named: defaultdict[Dimension, list[datetime]] = defaultdict(list)
    for message, account in told:
        if message.severity is Severity.PAGE and account.change not in ENDS:
            for place in {*(alert.dimension for alert in message.alerts), *account.joined}:
                named[place].append(message.fired_at)
    for place, at in life.spans():
        times = [*named[place], *named[place.within(Scope.PROVIDER)]]
        assert any(at - 30 * MINUTE <= when <= at for when in times), f"nobody was told of {place} by {at}"
