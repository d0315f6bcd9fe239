"""The clock stepping forward and back by an hour: for what is on its way to ClickHouse, and for evaluators."""

import asyncio
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from o11y.alerting.incident import Change
from tests.chaos.evaluator_process import Evaluator
from tests.chaos.ledger import audit_events
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.pipe import Pipe, pipe
from tests.chaos.processes import workspace
from tests.chaos.stage import MINUTE, Outage, Stage, stage
from tests.fakes import SteppingClock
from tests.program.facade_process import ClickHouseProcess
from tests.slack_stand_in import SERVER_ERROR

HOUR_S = 3_600
STEPS = (HOUR_S, -HOUR_S, -HOUR_S, HOUR_S)
ROUND = timedelta(hours=3)
#: the outages of a round, and when each begins on the clock, whose minutes between 4 and 62 are stepped over
BEGINS = (
    ("before", 0 * MINUTE),
    ("ahead", 62 * MINUTE),
    ("again", 4 * MINUTE),
    ("held", 6 * MINUTE),
    ("after", 9 * MINUTE),
)


def stepped_while_shipping(scale: Scale) -> Outcome:
    """What is acknowledged around a step is shipped at once, and once; a repeat after it is still a repeat."""
    rounds = scale.times(1, 25)
    clock, dice = SteppingClock(datetime.now(UTC) - timedelta(hours=3)), random.Random(scale.seed)
    with workspace() as folder, ClickHouseProcess(folder / "clickhouse") as server:

        async def scenario() -> set[str]:
            async with pipe(folder, server.url, clock=clock, dice=dice) as through:
                for _ in range(rounds):
                    await _step_and_ship(through, clock)
                return through.acknowledged

        acknowledged = asyncio.run(scenario())
        found = audit_events(server.rows, acknowledged)
    steps = len(STEPS) * rounds
    what = "clock steps by an hour, shipping"
    return Outcome(what, steps, len(acknowledged), found.lost, found.duplicated, note="forward, back, back, forward")


async def _step_and_ship(through: Pipe, clock: SteppingClock) -> None:
    for seconds in STEPS:
        events = through.events(50)
        await through.accept(events)
        clock.advance(seconds)
        await through.accept([*through.events(5), *events])  # the gateway has lost the answer, and asks again
        await through.until_shipped()


def stepped_between_ticks(scale: Scale) -> Outcome:
    """Two evaluators. Each outage is one page, soon, on whichever side of a step it is found or delivered."""
    rounds = scale.times(1, 10)
    with (
        stage(scale.seed, hours_ago=4 + 3 * rounds) as scene,
        scene.door() as door,
        scene.evaluator("one") as one,
        scene.evaluator("two") as two,
    ):
        start = scene.clock()
        starts = [start + number * ROUND for number in range(rounds)]
        plan = {f"vendor/{name}-{number:03}": at + after for number, at in enumerate(starts) for name, after in BEGINS}
        scene.happen(door, *(Outage(model, at, 1, well=0) for model, at in plan.items()))
        scene.due = dict.fromkeys(plan, (Change.FIRED,))
        scene.may = (Change.NO_DATA, Change.EXPIRED)  # what is stepped over is no traffic; in long form for over a day
        door.until_shipped()
        watch = Watch(scene, (one, two), plan)
        for number, at in enumerate(starts):
            scene.clock.set(at)
            _round(watch, f"{number:03}")
        return scene.outcome("clock steps by an hour, evaluating", injected=4 * rounds, note="two evaluators")


def _round(watch: "Watch", number: str) -> None:
    watch.suffer(f"vendor/before-{number}")
    watch.step(HOUR_S)
    watch.suffer(f"vendor/ahead-{number}")
    watch.step(-HOUR_S)
    watch.suffer(f"vendor/again-{number}")
    watch.suffer(held := f"vendor/held-{number}", slack_refuses=True)
    watch.step(-HOUR_S)  # its next attempt is due in an hour and a second, if one asks the clock alone
    for _ in range(6):
        watch.deliver(after_s=10)
    watch.told(held)
    watch.step(HOUR_S)
    watch.suffer(f"vendor/after-{number}")


class Watch:
    """Minutes pass as the clock says, and every evaluator ticks in each."""

    def __init__(self, scene: Stage, evaluators: tuple[Evaluator, ...], plan: Mapping[str, datetime]) -> None:
        self._scene = scene
        self._evaluators = evaluators
        self._plan = plan

    def suffer(self, model: str, *, slack_refuses: bool = False) -> None:
        """An outage of a minute, told at its end; then a healthy one."""
        assert self._scene.clock() == self._plan[model], f"{model} is planned for another time"
        if slack_refuses:
            self._scene.slack.failures = [SERVER_ERROR]
        self._pass_a_minute()
        if slack_refuses:
            assert not self._scene.slack.failures, "it was not tried"
        else:
            self.deliver(after_s=5)
            self.told(model)
        self._pass_a_minute()

    def step(self, seconds: float) -> None:
        self._scene.clock.advance(seconds=seconds)

    def deliver(self, *, after_s: float) -> None:
        self._scene.clock.advance(seconds=after_s)
        for evaluator in self._evaluators:
            evaluator.ask("deliver")

    def told(self, model: str) -> None:
        messages = self._scene.slack.messages
        assert any(model in str(message) for message in messages), f"nobody was told of {model} in time"

    def _pass_a_minute(self) -> None:
        minute = self._scene.clock().replace(second=0)
        self._scene.clock.set(minute + MINUTE)
        for evaluator in self._evaluators:
            assert (found := evaluator.ask("tick"))["error"] == "", found["error"]


SCENARIOS: list[Scenario] = [stepped_while_shipping, stepped_between_ticks]
