"""The real program behind its sockets, and what became of it."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from tests.fuzz.control_socket import judge_control
from tests.fuzz.malformed import Malformed, judge_malformed
from tests.fuzz.oracle import NOTHING, Acknowledged, judge
from tests.fuzz.shot import Shot
from tests.fuzz.wire import answers, connect, connect_unix, exchange, rendered
from tests.program.facade_process import ClickHouseProcess
from tests.program.program import CLIENT, Program
from tests.wire_events import SECRET

_NEVER = re.compile(r"traceback|exception|error in asgi", re.IGNORECASE)


class Outside:
    """``o11y serve`` with everything embedded, for the length of a ``with`` block."""

    def __init__(self, folder: Path, *, server: str) -> None:
        self.server = server
        self._program = Program(
            folder / server, own_secrets=False, server=server, client_secrets=f'{{"{CLIENT}": ["{SECRET}"]}}'
        )

    def __enter__(self) -> "Outside":
        self._program.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._program.__exit__(None, None, None)

    @property
    def port(self) -> int:
        return urlsplit(self._program.url).port or 0

    def fire(self, shot: Shot) -> tuple[int, Acknowledged]:
        """The status, and what was acknowledged. ``AssertionError`` where a promise broke."""
        with connect(self.port) as connection:
            received = exchange(connection, rendered(shot, chunked=shot.parts > 1))
        found = answers(received, to_head=shot.method == "HEAD")
        if not received and shot.door == "bombs":
            return 0, NOTHING  # refused at its beginning; an answer may be lost to a sender that goes on for megabytes
        assert len(found) == 1, f"{len(found)} answers to one request: {received[:300]!r}"
        return found[0].status, judge(shot, found[0].status, found[0].headers, found[0].body)

    def fire_malformed(self, malformed: Malformed) -> tuple[int, Acknowledged]:
        with connect(self.port) as connection:
            received = exchange(connection, malformed.sent, half_close=True)
        status, count = judge_malformed(received)
        return status, Acknowledged(count, None)

    def fire_control(self, shot: Shot) -> tuple[int, Acknowledged]:
        with connect_unix(self._program.data_dir / "o11y.sock") as connection:
            found = answers(exchange(connection, rendered(shot)))
        assert len(found) == 1, f"{len(found)} answers to one command"
        judge_control(shot, found[0].status, found[0].body)
        return found[0].status, NOTHING

    def memory_mb(self) -> tuple[float, float]:
        """Resident now, and at its highest so far."""
        status = Path(f"/proc/{self._program.process.pid}/status").read_text()
        now, peak = (re.search(rf"{name}:\s+(\d+)", status) for name in ("VmRSS", "VmHWM"))
        assert now is not None
        assert peak is not None
        return int(now[1]) / 1024, int(peak[1]) / 1024

    def stored(self) -> Counter[str]:
        """What is in the table at the end (event id -> how often); the program has ended well and said nothing odd."""
        assert self._program.process.poll() is None, "the worker ended"
        self._program.until_shipped()
        assert self._program.sigterm() == 0
        odd = [line for line in self._program.stderr.splitlines() if _NEVER.search(line)]
        assert not odd, f"the log has {len(odd)} lines of a crash: {odd[0][:2_000]}"
        with ClickHouseProcess(self._program.data_dir / "clickhouse") as table:
            return Counter(row[0] for row in table.rows("SELECT event_id FROM api_events"))
