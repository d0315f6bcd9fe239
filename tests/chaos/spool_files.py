"""The spool's file damaged: bytes flipped, ends cut off, while events wait in it.

What damage destroys is gone; the promise is that the rest arrives once, and that the number of what is gone is told.
"""

import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from o11y.adapters.spool import SpoolUnusable, SqliteSpool
from tests.adapters.spool_damage import PARTS, cut, drained, filled, flip
from tests.chaos.ledger import audit_events
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.processes import workspace
from tests.program.facade_process import ClickHouseProcess
from tests.program.gateway import Gateway
from tests.program.program import Program
from tests.program.relay import Relay
from tests.slack_stand_in import SlackStandIn

BATCHES, COMMITS, EVENTS = 6, 3, 12
EVENTS_A_ROUND = 400


def any_byte_or_end(scale: Scale) -> Outcome:
    """Anywhere in a file or in its log; the spool alone, opened again after a crash."""
    dice = random.Random(scale.seed)
    times = scale.times(60, 3_000)
    in_all, saved, reported, repeated = 0, 0, 0, 0
    with _two_spools() as spools:
        for _ in range(times):
            with tempfile.TemporaryDirectory() as folder:
                path = _copied(dice.choice(spools), Path(folder))
                damaged = _damage(path, dice)
                came, lost = _reopened(path)
                assert came is not None or "spool.db" in damaged, "only the file says of which version it is"
            if came is None:
                continue
            in_all += BATCHES * COMMITS * EVENTS
            saved += len(came)
            reported += lost
            repeated += came.total() - len(came)
    return Outcome(
        "spool file flipped or cut anywhere",
        injected=times,
        acknowledged=in_all,
        lost=abs(in_all - saved - reported),
        duplicated=repeated,
        note=f"{saved / in_all:.1%} saved, the rest reported by number",
    )


@contextmanager
def _two_spools() -> Iterator[list[Path]]:
    """One with its rows in the file, one with them in the log."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / "file", Path(name) / "log"]
        for folder in folders:
            folder.mkdir()
            in_log = folder.name == "log"
            filled(folder / "spool.db", batches=BATCHES, commits=COMMITS, events=EVENTS, in_log=in_log)
        yield folders


def _copied(source: Path, folder: Path) -> Path:
    for part in PARTS:
        if (found := source / f"spool.db{part}").exists():
            shutil.copy(found, folder)
    return folder / "spool.db"


def _damage(path: Path, dice: random.Random) -> str:
    """One byte or one end, of the file or of its log, by their sizes; returns the name of which."""
    parts = [part for part in (path, Path(f"{path}-wal")) if part.exists()]
    (target,) = dice.choices(parts, [part.stat().st_size for part in parts])
    if dice.random() < 0.3:
        cut(target, dice.random())
    else:
        flip(target, dice.random(), dice.randrange(1, 256))
    return target.name


def _reopened(path: Path) -> tuple[Any, int]:
    """What comes out by number, and how many are reported lost; ``None`` for a file that says it is of a newer version,
    which is refused untouched."""
    try:
        spool = SqliteSpool.open(path)
    except SpoolUnusable as refused:
        if "run the newer one" not in str(refused):
            raise
        return None, 0
    with closing(spool):
        found = drained(spool)
        return found, sum(loss.events for loss in spool.losses())


def under_the_program(scale: Scale) -> Outcome:
    """ClickHouse is away so that events wait; the worker is killed, its spool damaged, and both come back."""
    dice = random.Random(scale.seed)
    times = scale.times(3, 40)
    acknowledged: set[str] = set()
    with (
        workspace() as folder,
        SlackStandIn() as slack,
        ClickHouseProcess(folder / "clickhouse-server") as clickhouse,
        Relay(clickhouse.url) as road,
    ):
        webhooks = dict.fromkeys(("slack_page_webhook_url", "slack_ticket_webhook_url"), slack.webhook_url)
        program = Program(folder / "data", clickhouse_url=road.url, log_level="error", **webhooks)
        with program:
            for number in range(times):
                program.until_shipped()
                road.close()
                with Gateway(lambda: program.url, seed=scale.seed * 1_000 + number) as gateway:
                    gateway.until_acknowledged(EVENTS_A_ROUND)
                acknowledged |= gateway.acknowledged
                program.kill9()
                _damage_rows(program.data_dir / "spool.sqlite", dice)
                road.open()
                program.start()
            program.until_shipped()
            told = json.loads(program.ask("spool", "list", "--json").stdout)["lost"]
            assert program.sigterm() == 0
        stored = {row[0] for row in clickhouse.rows("SELECT event_id FROM api_events")}
        events = audit_events(clickhouse.rows, stored)
        missing, reported = len(acknowledged - stored), sum(loss["events"] for loss in told)
        costly = sum(1 for loss in told if loss["events"])
        paged = sum("spool damaged" in json.dumps(message) for message in slack.messages)
    return Outcome(
        "spool damaged under the program, killed",
        injected=times,
        acknowledged=len(acknowledged),
        lost=max(0, missing - reported) + events.lost,
        duplicated=events.duplicated,
        notifications=costly,
        notifications_lost=max(0, costly - paged),
        notifications_duplicated=max(0, paged - costly),
        note=f"{missing} events gone with the damage, {reported} reported",
    )


def _damage_rows(path: Path, dice: random.Random) -> None:
    """Where the rows are, mostly the log: the file itself may be empty pages."""
    log = Path(f"{path}-wal")
    target = log if log.exists() and log.stat().st_size else path
    if dice.random() < 0.5:
        cut(target, dice.uniform(0.3, 1))
    else:
        flip(target, dice.random(), dice.randrange(1, 256))


SCENARIOS: list[Scenario] = [any_byte_or_end, under_the_program]
