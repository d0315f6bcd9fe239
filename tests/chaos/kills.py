"""Kill -9 of the worker, at random moments under load and at those that hurt most.

A killed process loses what it had in memory and nothing that it had given to the kernel: what is tried here is the
order of its steps, not the disk under it.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.evaluator_process import Evaluator
from tests.chaos.ledger import Events, Rows, audit_events
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.processes import Servers, servers, workspace
from tests.chaos.stage import MINUTE, Outage, Stage, stage
from tests.clickhouse_facade import Fault
from tests.program.facade_process import ClickHouseProcess
from tests.program.gateway import Gateway
from tests.program.program import Program
from tests.program.waiting import until
from tests.slack_stand_in import SERVER_ERROR


@dataclass(frozen=True, slots=True)
class Victim:
    """The program under load; ``servers`` is ``None`` when its stores are embedded."""

    program: Program
    gateway: Gateway
    dice: random.Random
    servers: Servers | None

    @property
    def clickhouse(self) -> ClickHouseProcess:
        assert self.servers is not None
        return self.servers.clickhouse


#: returns at the moment of the kill; told how many there were before
Moment = Callable[[Victim, int], None]


def embedded_under_load(scale: Scale) -> Outcome:
    return _killed("kill -9 under load, embedded", _at_random, scale, times=scale.times(2, 100))


def server_mode_under_load(scale: Scale) -> Outcome:
    return _killed("kill -9 under load, servers", _at_random, scale, times=scale.times(2, 100), on_servers=True)


def mid_commit(scale: Scale) -> Outcome:
    return _killed("kill -9 in a commit of the spool", _in_a_commit, scale, times=scale.times(2, 50), on_servers=True)


def mid_insert_embedded(scale: Scale) -> Outcome:
    return _killed("kill -9 in an insert, embedded", _between_raw_and_rollups, scale, times=scale.times(2, 50))


def mid_insert_servers(scale: Scale) -> Outcome:
    what = "kill -9 in an insert, servers"
    return _killed(what, _insert_held, scale, times=scale.times(2, 50), on_servers=True)


def mid_send(scale: Scale) -> Outcome:
    """The receiver has the message, and the worker is killed before the answer; every other time it takes it."""
    times = scale.times(2, 50)
    with (
        stage(scale.seed, hours_ago=1 + times // 5) as scene,
        scene.door() as door,
        scene.evaluator("evaluator") as evaluator,
    ):
        start = scene.clock()
        outages = [Outage(f"vendor/outage-{number:03}", start + 10 * MINUTE * number) for number in range(times)]
        scene.happen(door, *outages)
        door.until_shipped()
        for number, outage in enumerate(outages):
            scene.clock.set(outage.start + MINUTE)
            _kill_while_sending(scene, evaluator, taken=number % 2 == 0)
            scene.clock.advance(seconds=31)  # the attempt's lease is over
            assert evaluator.ask("deliver")["delivered"] == 1
            scene.end_lease(outage.start + MINUTE)
            scene.clock.set(outage.over_at)
            assert evaluator.ask("tick")["error"] == ""
        return scene.outcome("kill -9 in a send", injected=times, note="every other message had been taken")


def _kill_while_sending(scene: Stage, evaluator: Evaluator, *, taken: bool) -> None:
    slack, before = scene.slack, len(scene.slack.messages)
    slack.failures = [] if taken else [SERVER_ERROR]
    slack.hold()
    evaluator.say("tick")
    assert slack.arrived.wait(30), "no page is sent"
    evaluator.kill9()
    slack.release()
    until(lambda: len(slack.messages) > before if taken else not slack.failures, "the receiver is done with it")
    evaluator.start()


SCENARIOS: list[Scenario] = [
    embedded_under_load,
    server_mode_under_load,
    mid_commit,
    mid_insert_embedded,
    mid_insert_servers,
    mid_send,
]


# ---------------------------------------------------------------- the moments


def _at_random(victim: Victim, number: int) -> None:
    victim.gateway.until_acknowledged(victim.dice.randrange(20, 1_500))


def _in_a_commit(victim: Victim, number: int) -> None:
    """The write-ahead log has just grown: its fsync is next, or under way, or just over."""
    victim.gateway.until_acknowledged(victim.dice.randrange(20, 500))
    log = victim.program.data_dir / "spool.sqlite-wal"
    _watch(lambda: log.stat().st_mtime_ns, "the spool is written")
    time.sleep(victim.dice.uniform(0, 0.002))  # somewhere in the commit: any of these moments must do


def _between_raw_and_rollups(victim: Victim, number: int) -> None:
    """The events are a part of the raw table; the views are still to be written."""
    victim.gateway.until_acknowledged(victim.dice.randrange(20, 500))
    table = victim.program.data_dir / "clickhouse" / "data" / "o11y" / "api_events"
    _watch(lambda: frozenset(part.name for part in table.iterdir()), "a part appears in the raw table")


def _insert_held(victim: Victim, number: int) -> None:
    """ClickHouse has the insert, and has not begun; every other time it has committed, and has not answered."""
    victim.gateway.until_acknowledged(100)
    committed = number % 2 == 1
    before = len(victim.clickhouse.inserts())
    victim.clickhouse.fail(Fault.HANG_AFTER_COMMIT if committed else Fault.HANG)
    until(lambda: len(victim.clickhouse.inserts()) > before, "an insert arrives")
    if committed:
        batch = victim.clickhouse.inserts()[before]
        stored = f"SELECT count() FROM api_events WHERE spool_batch = '{batch}'"
        until(lambda: victim.clickhouse.rows(stored) != [["0"]], "the insert is committed")


def _watch(state: Callable[[], object], what: str) -> None:
    """Return within a few microseconds of a change: a coarser look would come after the fact."""
    before, end = state(), time.monotonic() + 30
    while state() == before:
        assert time.monotonic() < end, f"not within 30 s: {what}"


# ---------------------------------------------------------------- kill, start, count


def _killed(what: str, moment: Moment, scale: Scale, *, times: int, on_servers: bool = False) -> Outcome:
    dice = random.Random(scale.seed)
    with workspace() as folder, _house(folder, on_servers=on_servers) as shared:
        program = Program(folder / "data", log_level="error", **(shared.settings if shared else {}))
        with program:
            gateway = Gateway(lambda: program.url, seed=scale.seed)
            victim = Victim(program, gateway, dice, shared)
            with gateway:
                for number in range(times):
                    moment(victim, number)
                    program.kill9()
                    program.start()
                gateway.until_acknowledged(100)
            program.until_shipped()
            assert program.sigterm() == 0
        assert gateway.refusals == []
        found = _count(program, shared, gateway.acknowledged)
    repeats = f"{gateway.lost_answers} answers lost and asked for again"
    return Outcome(what, times, len(gateway.acknowledged), found.lost, found.duplicated, note=repeats)


@contextmanager
def _house(folder: Path, *, on_servers: bool) -> Iterator[Servers | None]:
    if not on_servers:
        yield None
        return
    with servers(folder) as shared:
        yield shared


def _count(program: Program, shared: Servers | None, acknowledged: set[str]) -> Events:
    if shared is not None:
        return _audit(shared.clickhouse.rows, acknowledged)
    with ClickHouseProcess(program.data_dir / "clickhouse") as stored:
        return _audit(stored.rows, acknowledged)


def _audit(rows: Rows, acknowledged: set[str]) -> Events:
    assert len(acknowledged) > 0
    return audit_events(rows, acknowledged)
