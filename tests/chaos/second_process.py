"""A second process on the data folder of a running one: refused in words, and the first goes on undisturbed."""

import subprocess
import sys
from pathlib import Path

from tests.chaos.ledger import audit_events
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.processes import workspace
from tests.program.facade_process import ClickHouseProcess
from tests.program.gateway import Gateway
from tests.program.program import Program, o11y

#: takes what is inside the folder without asking for the folder, as a program that is not o11y's own command would
_SPOOL = "import sys; from o11y.adapters.spool import SqliteSpool; SqliteSpool.open(sys.argv[1] + '/spool.sqlite')"
_VALKEY = (
    "import sys; from pathlib import Path; from o11y.adapters.valkey import ValkeyServer; "
    "ValkeyServer(Path(sys.argv[1]) / 'valkey').start()"
)
_LOOK = (
    "import sqlite3, sys; db = sqlite3.connect(sys.argv[1] + '/spool.sqlite'); "
    "db.execute('SELECT count(*) FROM batches').fetchone(); db.close()"
)


def on_one_folder(scale: Scale) -> Outcome:
    """By its name, by a link and by a relative path; whole commands, and its parts one by one. Then a real takeover."""
    rounds = scale.times(1, 10)
    refused = 0
    with workspace() as folder:
        program = Program(folder / "data", log_level="error")
        (folder / "link").symlink_to(folder / "data")
        with program, Gateway(lambda: program.url, seed=scale.seed) as gateway:
            for _ in range(rounds):
                gateway.until_acknowledged(100)
                refused += _commands(program, folder) + _parts(program)
                _run(_LOOK, program)
                program.kill9()
                program.start()  # what a dead owner held is free at once
            gateway.until_acknowledged(100)
        acknowledged = gateway.acknowledged
        assert gateway.refusals == []
        program.start()
        program.until_shipped()
        assert program.sigterm() == 0
        with ClickHouseProcess(program.data_dir / "clickhouse") as stored:
            events = audit_events(stored.rows, acknowledged)
    return Outcome(
        "a second process on the data folder",
        injected=refused,
        acknowledged=len(acknowledged),
        lost=events.lost,
        duplicated=events.duplicated,
        note="each refused with the folder and its owner",
    )


def _commands(program: Program, folder: Path) -> int:
    named = (str(folder / "data"), str(folder / "link"), "data")
    for data_dir in named:
        for command in ("serve", "migrate"):
            done = o11y(command, cwd=folder, data_dir=data_dir, port=0)
            assert done.returncode == 2, f"{command} on {data_dir} ended with {done.returncode}: {done.stderr}"
            _names_owner(done.stderr, program, folder / "data")
    return len(named) * 2


def _parts(program: Program) -> int:
    for code, part in ((_SPOOL, "spool.sqlite"), (_VALKEY, "valkey")):
        done = _run(code, program)
        assert done.returncode == 1, f"{part} was taken: {done.stderr}"
        _names_owner(done.stderr, program, program.data_dir / part)
    return 2


def _run(code: str, program: Program) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", code, str(program.data_dir)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def _names_owner(words: str, program: Program, path: Path) -> None:
    for expected in (str(path), f"process {program.process.pid} (o11y serve) on ", ", started 20"):
        assert expected in words, f"{expected!r} is not in: {words}"


SCENARIOS: list[Scenario] = [on_one_folder]
