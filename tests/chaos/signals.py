"""Signals: the orderly end under load, and a process that stands still for a while and then goes on."""

import time

from tests.chaos.evaluator_process import Evaluator
from tests.chaos.ledger import audit_events
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.processes import servers, workspace
from tests.chaos.stage import MINUTE, Outage, Stage, stage
from tests.program.facade_process import ClickHouseProcess
from tests.program.gateway import Gateway
from tests.program.program import Program

#: a gateway's patience in the short form, so that it loses its answers there as it does in the long one
PATIENCE_S = 1.0
SHORT_STOP_S, LONG_STOP_S = 2, 90


def sigterm(scale: Scale) -> Outcome:
    """Exit code 0 within ten seconds, under load, and what was acknowledged is stored once."""
    times = scale.times(1, 30)
    with workspace() as folder:
        program = Program(folder / "data", log_level="error")
        with program:
            with Gateway(lambda: program.url, seed=scale.seed) as gateway:
                for _ in range(times):
                    gateway.until_acknowledged(300)
                    _end(program)
                    program.start()
                gateway.until_acknowledged(50)
            program.until_shipped()
            _end(program)
        with ClickHouseProcess(program.data_dir / "clickhouse") as stored:
            found = audit_events(stored.rows, gateway.acknowledged)
    assert gateway.refusals == []
    note = f"{gateway.lost_answers} answers lost and asked for again"
    return Outcome("SIGTERM under load", times, len(gateway.acknowledged), found.lost, found.duplicated, note=note)


def _end(program: Program) -> None:
    code = program.sigterm()
    assert code == 0, f"exit code {code}:\n{program.stderr}"
    assert "Traceback" not in program.stderr, program.stderr


def sigstop_of_a_door(scale: Scale) -> Outcome:
    """Gateways give up on a door that stands still and repeat themselves; awake, it answers what it had taken."""
    times = scale.times(1, 5)
    patience_s = 10 if scale.long else PATIENCE_S
    with workspace() as folder, servers(folder) as shared:
        door = Program(folder / "door", "--role", "ingest", log_level="error", **shared.settings)
        with door:
            with Gateway(lambda: door.url, seed=scale.seed, patience_s=patience_s) as gateway:
                for _ in range(times):
                    gateway.until_acknowledged(200)
                    door.stop()
                    time.sleep(LONG_STOP_S if scale.long else SHORT_STOP_S)  # the fault itself
                    door.cont()
                gateway.until_acknowledged(200)
            door.until_shipped()
            assert door.sigterm() == 0
        found = audit_events(shared.clickhouse.rows, gateway.acknowledged)
    assert gateway.refusals == []
    assert gateway.lost_answers > 0
    note = f"{gateway.lost_answers} answers lost and asked for again"
    stopped = f"SIGSTOP of a door, {LONG_STOP_S if scale.long else SHORT_STOP_S} s"
    return Outcome(stopped, times, len(gateway.acknowledged), found.lost, found.duplicated, note=note)


def sigstop_of_an_evaluator(scale: Scale) -> Outcome:
    """90 s by its clock. Another takes over; the one that wakes up does not page again unmarked.

    Every other time it is stopped while the receiver has its message, else somewhere in its evaluation.
    """
    times = scale.times(2, 40)
    with (
        stage(scale.seed, hours_ago=1 + times // 4) as scene,
        scene.door() as door,
        scene.evaluator("sleeper") as sleeper,
        scene.evaluator("other") as other,
    ):
        start = scene.clock()
        outages = [Outage(f"vendor/outage-{number:03}", start + 12 * MINUTE * number, 3) for number in range(times)]
        scene.happen(door, *outages)
        door.until_shipped()
        for number, outage in enumerate(outages):
            scene.clock.set(outage.start + MINUTE)
            _stop(scene, sleeper, sending=number % 2 == 0)
            if scale.long and number < 2:
                time.sleep(LONG_STOP_S)  # its timers run out as well
            _take_over(scene, other, outage)
            scene.slack.release()
            sleeper.cont()
            sleeper.answer()
            _go_on(scene, outage, sleeper, other)
        return scene.outcome("SIGSTOP of an evaluator, 90 s", injected=times, note="half of them in a send")


def _stop(scene: Stage, sleeper: Evaluator, *, sending: bool) -> None:
    if sending:
        scene.slack.hold()
    sleeper.say("tick")
    if sending:
        assert scene.slack.arrived.wait(30), "no page is sent"
    else:
        time.sleep(scene.dice.uniform(0, 0.05))  # any moment will do
    sleeper.stop()
    scene.slack.hanging = False  # for the other one; what was held stays held


def _take_over(scene: Stage, other: Evaluator, outage: Outage) -> None:
    scene.clock.set(outage.start + MINUTE)
    scene.clock.advance(seconds=90)
    scene.end_lease(outage.start + MINUTE)
    other.ask("deliver")
    assert other.ask("tick")["error"] == ""
    told = any(outage.model in str(message) for message in scene.slack.messages)
    assert told, "the page waits for the one that sleeps"


def _go_on(scene: Stage, outage: Outage, *evaluators: Evaluator) -> None:
    """The next two minutes, as if nothing had been; and the one in which it is over."""
    for minute in (3 * MINUTE, 4 * MINUTE, outage.over_at - outage.start):
        scene.clock.set(outage.start + minute)
        for evaluator in evaluators:
            evaluator.ask("deliver")
            assert evaluator.ask("tick")["error"] == ""


SCENARIOS: list[Scenario] = [sigterm, sigstop_of_a_door, sigstop_of_an_evaluator]
