"""The disk under the data folder full, for real: a small file system of its own, or a file that may not grow.

The door answers 503 with Retry-After for what it cannot store, and goes on by itself when there is room.
"""

import http.client
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from tests.chaos.ledger import audit_events
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.processes import workspace
from tests.program.facade_process import ClickHouseProcess
from tests.program.gateway import Gateway
from tests.program.program import SECRET, Program
from tests.program.relay import Relay
from tests.program.waiting import until
from tests.wire_events import wire_json

DISK_BYTES = 64 * 1024**2
#: fills the disk of a running program for as long as the block lasts
Filler = Callable[[Program], AbstractContextManager[None]]
FULL_NAME, LIMIT_NAME = "disk full (ENOSPC)", "spool file may not grow (EFBIG)"


def no_space_left(scale: Scale) -> Outcome:
    """In a mount namespace of this scenario's own, which needs no rights where users may have namespaces."""
    inside = [sys.executable, "-m", "tests.chaos.disk_full", "long" if scale.long else "short", str(scale.seed)]
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        outcome = may_not_grow(scale)
        return Outcome(**{**asdict(outcome), "note": "no mount namespaces here: a limit on its files instead"})
    done = subprocess.run(["unshare", "-rm", *inside], stdout=subprocess.PIPE, text=True, check=True)
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def may_not_grow(scale: Scale) -> Outcome:
    """The same without any rights: a limit on the size of its files, set on the running process."""
    with workspace() as folder:
        return _filled(LIMIT_NAME, folder, folder / "data", _limited, scale)


@contextmanager
def _limited(program: Program) -> Iterator[None]:
    pid, hard = program.process.pid, resource.RLIM_INFINITY
    log = program.data_dir / "spool.sqlite-wal"
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (log.stat().st_size + 256 * 1024, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def _ballast(program: Program) -> Iterator[None]:
    """A file that takes all the room there is."""
    ballast = program.data_dir.parent / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(64 * 1024)):
                pass
        except OSError:
            yield
    ballast.unlink()


def _filled(fault: str, servers: Path, data_dir: Path, filled: Filler, scale: Scale) -> Outcome:
    times = scale.times(2, 20)
    posts = Posts()
    with (
        ClickHouseProcess(servers / "clickhouse-server") as clickhouse,
        Relay(clickhouse.url) as road,
        Program(data_dir, clickhouse_url=road.url) as program,
    ):
        with Gateway(lambda: program.url, seed=scale.seed) as gateway:
            for _ in range(times):
                gateway.until_acknowledged(200)
                road.close()  # so that the spool has to grow
                with filled(program):
                    until(lambda: posts.one(program) == 503, "the door refuses", within_s=60)
                until(lambda: posts.one(program) == 204, "the door takes events again by itself", within_s=60)
                road.open()
                gateway.until_acknowledged(200)
        assert "spool refused events" in program.stderr, "the log says it"
        until(lambda: program.get("/readyz")[0] == 200, "every part is well again", within_s=60)
        program.until_shipped()
        acknowledged = gateway.acknowledged | posts.acknowledged
        events = audit_events(clickhouse.rows, acknowledged)
        assert program.ask("spool", "list").stdout.count("damaged") == 0
    return Outcome(
        fault,
        injected=times,
        acknowledged=len(acknowledged),
        lost=events.lost,
        duplicated=events.duplicated,
        note="503 with Retry-After while full, and on by itself",
    )


@dataclass(slots=True)
class Posts:
    """Single events. Where a larger write was refused one of these may still have room, and is kept then."""

    acknowledged: set[str] = field(default_factory=set)

    def one(self, program: Program) -> int:
        """The status of the answer; a 503 says when to try again."""
        event_id = str(uuid4())
        connection = http.client.HTTPConnection(urlsplit(program.url).netloc, timeout=10)
        try:
            body = wire_json(clientSecret=SECRET, eventId=event_id)
            connection.request("POST", "/ingest/api-metrics", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
        finally:
            connection.close()
        if response.status == 503:
            assert response.headers.get("Retry-After", "").isdigit(), response.headers
        if response.status == 204:
            self.acknowledged.add(event_id)
        return response.status


def main(form: str, seed: str) -> None:
    """Inside the namespace: the mount is seen by this process and its children, and goes with them."""
    with workspace() as folder:
        disk = folder / "disk"
        disk.mkdir()
        options = f"size={DISK_BYTES},mode=0700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], check=True)
        outcome = _filled(FULL_NAME, folder, disk / "data", _ballast, Scale(long=form == "long", seed=int(seed)))
        subprocess.run(["umount", "-l", str(disk)], check=True)
    print(json.dumps(asdict(outcome)), file=sys.stdout)


SCENARIOS: list[Scenario] = [no_space_left, may_not_grow]

if __name__ == "__main__":
    main(*sys.argv[1:])
