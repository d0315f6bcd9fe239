"""Whole evaluators on the real schedule, one killed every few seconds while a page is due."""

import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from o11y.alerting.incident import Change
from tests.chaos.evaluator_process import OBJECTIVES
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.stage import MINUTE, Outage, Stage, stage
from tests.program.program import Program

REPLICAS = 3
EVERY_S = 3
MODEL = "vendor/outage"
#: a page whose sender is killed waits for the lease of that attempt, and one that was not claimed for the next minute
DEADLINE = timedelta(seconds=150)


def killed_every_few_seconds(scale: Scale) -> Outcome:
    """One page, whoever is killed when; the long form goes on through minutes in which it must not be repeated."""
    minutes = scale.times(0, 10)
    with stage(scale.seed) as scene, scene.door() as door, ExitStack() as stack:
        evaluators = [stack.enter_context(_evaluator(scene, number)) for number in range(REPLICAS)]
        outage = Lasting(scene, door, since=datetime.now(UTC) - 3 * MINUTE)
        started, kills = datetime.now(UTC), 0
        until = started + minutes * MINUTE
        while not scene.slack.messages or datetime.now(UTC) < until:
            assert minutes or datetime.now(UTC) < started + DEADLINE, "no page"
            outage.go_on()
            _kill_one(evaluators, scene.dice)
            kills += 1
            time.sleep(EVERY_S)  # the pace of the fault
        for _ in range(REPLICAS):  # and once more, whoever has sent it
            _kill_one(evaluators, scene.dice)
            kills += 1
        door.until_shipped()
        what = f"3 evaluators on the real schedule, one killed every {EVERY_S} s"
        return scene.outcome(what, injected=kills, note=f"in {(datetime.now(UTC) - started).total_seconds():.0f} s")


def _evaluator(scene: Stage, number: int) -> Program:
    url = scene.slack.webhook_url
    receivers = {"slack_page_webhook_url": url, "slack_ticket_webhook_url": url}
    folder = scene.folder / f"evaluator-{number}"
    settings = {**scene.servers.settings, **receivers, "objectives_file": OBJECTIVES, "log_level": "warning"}
    return Program(folder, "--role", "evaluate", **settings)


def _kill_one(evaluators: Sequence[Program], dice: random.Random) -> None:
    victim = dice.choice(evaluators)
    victim.kill9()
    victim.start(ready=False)


class Lasting:
    """An outage that goes on: its events are posted a little ahead of their time."""

    def __init__(self, scene: Stage, door: Program, *, since: datetime) -> None:
        self._scene = scene
        self._door = door
        self._posted_until = since
        self._scene.due[MODEL] = (Change.FIRED,)
        self.go_on()

    def go_on(self) -> None:
        while self._posted_until < datetime.now(UTC) + MINUTE:
            self._scene.post(self._door, Outage(MODEL, self._posted_until, 1, well=0).events(self._scene.dice))
            self._posted_until += MINUTE


SCENARIOS: list[Scenario] = [killed_every_few_seconds]
