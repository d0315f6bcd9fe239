"""Three doors and three evaluators on one ClickHouse and one Redis, one of the six killed every minute."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.chaos.evaluator_process import Evaluator
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.stage import MINUTE, STORY, Outage, Stage, stage
from tests.program.gateway import Gateway
from tests.program.program import Program
from tests.program.waiting import until

REPLICAS = 3
#: minutes from the beginning of one outage to that of the next, and how many each lasts
EVERY, LASTS = 5, 3
#: minutes of good requests after each, and those at the end, in which nobody is killed and what was left behind is told
WELL, QUIET = 2, 4
#: minutes more, that pass at once: then the last outage is over for long enough
OVER_AFTER = 6


def one_killed_every_minute(scale: Scale) -> Outcome:
    """Each minute is evaluated to its end by one evaluator, and each outage is one page and its end.

    A minute in which a door holds events back is evaluated as incomplete, and once more when they are there.
    """
    minutes = scale.times(4, 120)
    with stage(scale.seed) as scene, _crew(scene) as crew:
        first = scene.clock() + MINUTE
        crew.pass_a_minute(-1, kill=False)
        with _load(scene, crew.doors):
            for number in range(minutes):
                crew.pass_a_minute(number, kill=True)
        for number in range(minutes, minutes + QUIET):
            crew.pass_a_minute(number, kill=False)
        for door in crew.doors:
            door.until_shipped()
        crew.catch_up(OVER_AFTER)
        assert not (left := scene.unfinished(first, scene.clock())), f"minutes that nobody has evaluated: {left}"
        passed = (scene.clock() - first) // MINUTE + 1
        assert crew.evaluations <= passed, f"{crew.evaluations} complete evaluations of {passed} minutes"
        note = f"{crew.late} minutes taken over or late, none evaluated twice"
        return scene.outcome("3 doors, 3 evaluators, one killed a minute", injected=crew.kills, note=note)


@dataclass(slots=True)
class Crew:
    scene: Stage
    doors: Sequence[Program]
    evaluators: Sequence[Evaluator]
    kills: int = 0
    evaluations: int = 0  # that were lived to tell
    late: int = 0
    posted: int = 0  # events of outages

    def pass_a_minute(self, number: int, *, kill: bool) -> None:
        """``kill``: a door right after it has acknowledged, or an evaluator somewhere in its evaluation."""
        minute = self.scene.clock()
        door = self.scene.dice.choice(self.doors)
        self._suffer(number, door, more=kill)
        killed_door = door.process.pid if kill and number % 2 == 0 else None
        if killed_door is not None:
            door.kill9()
            door.start()
            self.kills += 1
        self._until_stored()
        self.scene.end_lease(minute)
        self.scene.clock.set(minute + MINUTE)
        self._tick(victim=self.scene.dice.choice(self.evaluators) if kill and number % 2 == 1 else None)
        self.scene.clock.advance(seconds=5)
        for evaluator in self.evaluators:
            evaluator.ask("deliver")
        self.scene.clock.set(minute + MINUTE)
        if killed_door is not None:
            self.scene.forget_watermark(pid=killed_door)

    def catch_up(self, minutes: int) -> None:
        """So many have passed in which nobody looked; and one more, for what is seen in another order than it was."""
        until(self.scene.nothing_waits, "every door says that nothing is on its way")
        for passing in (minutes, 1):
            self.scene.end_lease(self.scene.clock())
            self.scene.clock.advance(seconds=60 * passing)
            self._tick(victim=None)
            for evaluator in self.evaluators:
                evaluator.ask("deliver")

    def _suffer(self, number: int, door: Program, *, more: bool) -> None:
        """This minute of every outage under way; ``more``: new ones may begin."""
        minute = self.scene.clock()
        begun = {which: which * EVERY for which in range(number // EVERY + 1)}
        for which, since in begun.items():
            model = f"vendor/outage-{which:03}"
            if since == number and more:
                self.scene.due[model] = STORY
            passed = number - since
            if passed < LASTS + WELL and model in self.scene.due:
                bad = passed < LASTS
                events = Outage(model, minute, minutes=int(bad), well=int(not bad)).events(self.scene.dice)
                self.scene.post(door, events)
                self.posted += len(events)

    def _tick(self, *, victim: Evaluator | None) -> None:
        for evaluator in sorted(self.evaluators, key=lambda evaluator: evaluator is not victim):
            evaluator.say("tick")  # the victim first: it is to be killed with the lease in its hands
        if victim is not None:
            time.sleep(self.scene.dice.uniform(0, 0.06))  # any moment will do
            victim.kill9()
            victim.launch()
            self.kills += 1
        for evaluator in self.evaluators:
            if evaluator is victim:
                evaluator.ready()
                continue
            found = evaluator.answer()
            assert found["error"] == "", found["error"]
            self.evaluations += sum(found["ticks"].get(outcome, 0) for outcome in ("done", "late"))
            self.late += found["ticks"].get("late", 0)

    def _until_stored(self) -> None:
        mine = "SELECT count() FROM api_events WHERE requested_model LIKE 'vendor/outage-%'"
        posted = self.posted
        until(lambda: self.scene.servers.clickhouse.rows(mine) == [[str(posted)]], "the outage is stored")


@contextmanager
def _crew(scene: Stage) -> Iterator[Crew]:
    with ExitStack() as stack:
        doors = [stack.enter_context(scene.door(f"door-{number}")) for number in range(REPLICAS)]
        evaluators = [scene.evaluator(f"evaluator-{number}") for number in range(REPLICAS)]
        for evaluator in evaluators:
            evaluator.launch()
            stack.push(evaluator)
        for evaluator in evaluators:
            evaluator.ready()
        yield Crew(scene, doors, evaluators)


@contextmanager
def _load(scene: Stage, doors: Sequence[Program]) -> Iterator[None]:
    """Other traffic at every door, later than any window of the evaluators' clock."""
    gateways = [Gateway(_address(door), seed=seed, threads=1, batch=5) for seed, door in enumerate(doors)]
    with ExitStack() as stack:
        for gateway in gateways:
            stack.enter_context(gateway)
        yield
    for gateway in gateways:
        assert gateway.refusals == []
        scene.acknowledged |= gateway.acknowledged


def _address(door: Program) -> Callable[[], str]:
    return lambda: door.url


SCENARIOS: list[Scenario] = [one_killed_every_minute]
