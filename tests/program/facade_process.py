"""The ClickHouse stand-in in a process of its own, since an engine folder belongs to one process.

Prints its URL, then obeys lines on stdin: the names of faults for the next inserts, each line answered by one; ends
with stdin.
"""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.clickhouse_facade import Facade, Fault

ROLLUPS = ("rollup_10s", "rollup_5m", "rollup_1h")
ROOT = Path(__file__).parent.parent.parent


class ClickHouseProcess:
    """A server over an engine folder, for a worker's inserts or for a look at what is stored."""

    def __init__(self, folder: Path, *, database: str = "o11y") -> None:
        self._folder = folder
        self._database = database
        self.url = ""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.program.facade_process", str(self._folder)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.url = self._line()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=30)

    @property
    def pid(self) -> int:
        return self._process.pid

    def fail(self, *faults: Fault) -> None:
        """What happens to the next inserts, one each."""
        self._say(" ".join(fault.name for fault in faults))

    def inserts(self) -> list[str]:
        """The deduplication tokens of every insert that arrived, repeats included."""
        return self._say("").split()

    def rows(self, sql: str) -> list[list[str]]:
        with urlopen(f"{self.url}/?{urlencode({'query': sql, 'database': self._database})}", timeout=30) as answer:
            return [line.split("\t") for line in answer.read().decode().splitlines()]

    def _say(self, words: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(words + "\n")
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def assert_exactly_once(stored: ClickHouseProcess, acknowledged: set[str]) -> None:
    """Every acknowledged event, none twice, and the same number in every rollup (others may be there: their answer
    was lost)."""
    ids = [row[0] for row in stored.rows("SELECT event_id FROM api_events")]
    assert len(ids) == len(set(ids)), "an event is stored twice"
    assert acknowledged <= set(ids), f"{len(acknowledged - set(ids))} acknowledged events are lost"
    sums = {rollup: int(stored.rows(f"SELECT sum(total) FROM {rollup}")[0][0]) for rollup in ROLLUPS}
    assert sums == dict.fromkeys(ROLLUPS, len(ids))


def main() -> None:
    commands, answers = _pipes_of_our_own()
    facade = Facade(Path(sys.argv[1]))
    print(facade.url, file=answers, flush=True)
    for line in commands:
        facade.fail(*(Fault[name] for name in line.split()))
        print(*facade.inserts, file=answers, flush=True)
    facade.stop()


def _pipes_of_our_own() -> tuple[TextIO, TextIO]:
    """The engine reads the rows of an insert without any from stdin, and may print: neither is for the commands."""
    commands, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return commands, answers


if __name__ == "__main__":
    main()
