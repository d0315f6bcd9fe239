"""An evaluator in a process of its own, on servers that replicas share, at the time of a clock that the parent holds.

It is put together as ``o11y serve --role evaluate`` does it, but ticks and empties its outbox on command: a word a line
on stdin, answered by a line of JSON. Real time is too slow for cooldowns, and cannot be stepped back. It may be told at
which step it is to die.
"""

import asyncio
import json
import os
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from o11y.adapters.clickhouse.migrations import migrate
from o11y.app import Worker, assemble, objectives_of
from o11y.logs import start_logging
from o11y.metrics import Metrics
from o11y.receivers import notifiers_of
from o11y.settings import load_settings
from o11y.stores import open_stores
from tests.chaos.fate import Fate
from tests.program.program import environment
from tests.program.waiting import until

ROOT = Path(__file__).parent.parent.parent
OBJECTIVES = Path(__file__).with_name("objectives.yaml")
_EPOCH_MICROSECONDS = struct.Struct("<q")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SharedClock:
    """One time for several processes, in a file; also for one that is stopped, as a wall clock is."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def __call__(self) -> datetime:
        (microseconds,) = _EPOCH_MICROSECONDS.unpack(os.pread(self._file, _EPOCH_MICROSECONDS.size, 0))
        return _EPOCH + timedelta(microseconds=microseconds)

    def set(self, now: datetime) -> None:
        os.pwrite(self._file, _EPOCH_MICROSECONDS.pack((now - _EPOCH) // timedelta(microseconds=1)), 0)

    def advance(self, *, seconds: float) -> datetime:
        self.set(self() + timedelta(seconds=seconds))
        return self()

    def close(self) -> None:
        os.close(self._file)


class Evaluator:
    """The parent's side. ``say`` does not wait for the answer; ``ask`` does."""

    def __init__(self, folder: Path, *, clock: Path, **settings: str) -> None:
        self._folder = folder
        self._clock = clock
        self._settings = {"objectives_file": str(OBJECTIVES), **settings}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.cont()
            self.kill9()

    @property
    def process(self) -> "subprocess.Popen[str]":
        assert self._process is not None, "not started"
        return self._process

    @property
    def stderr(self) -> str:
        return self._folder.with_suffix(".stderr").read_text(encoding="utf-8")

    def start(self) -> None:
        self.launch()
        self.ready()

    def launch(self) -> None:
        """Several can get ready at the same time."""
        command = [sys.executable, "-m", "tests.chaos.evaluator_process", str(self._folder), str(self._clock)]
        with self._folder.with_suffix(".stderr").open("a", encoding="utf-8") as err:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(**self._settings),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
                bufsize=1,
            )

    def ready(self) -> None:
        assert self.answer() == {"ready": True}

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the evaluator ended with {self.process.wait(10)}:\n{self.stderr}"
        found: dict[str, Any] = json.loads(line)
        return found

    def ask(self, word: str) -> dict[str, Any]:
        self.say(word)
        return self.answer()

    def try_to(self, word: str) -> dict[str, Any] | None:
        """``None`` when it dies of it, or halts."""
        self.say(word)
        return self.settled()

    def settled(self) -> dict[str, Any] | None:
        """Its answer to what was said; ``None`` when it has died of it, or has halted."""
        assert self.process.stdout is not None
        while not select.select([self.process.stdout], [], [], 0.005)[0]:
            if self.is_halted:
                return None
        line = self.process.stdout.readline()
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        assert self.process.wait(10) == -signal.SIGKILL, self.stderr
        return None

    @property
    def is_halted(self) -> bool:
        status = Path(f"/proc/{self.process.pid}/status")
        try:
            return "State:\tT" in status.read_text(encoding="ascii")
        except OSError:
            return False

    def kill9(self) -> None:
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        """Like a machine that is suspended: it does nothing, and its connections stay open."""
        self.process.send_signal(signal.SIGSTOP)
        until(lambda: self.is_halted, "the evaluator is stopped")

    def cont(self) -> None:
        self.process.send_signal(signal.SIGCONT)


async def obey(worker: Worker, fate: Fate, word: str, *, now: datetime) -> Mapping[str, Any]:
    match word.split()[0]:
        case "tick":
            before = _ticks(worker.metrics)
            await worker.ticker.tick(now)
            after = _ticks(worker.metrics)
            counted = {outcome: int(n - before.get(outcome, 0)) for outcome, n in after.items()}
            return {
                "ticks": {outcome: n for outcome, n in counted.items() if n},
                "error": worker.ticker.health.last_error,
                "refused": fate.refused(),
            }
        case "deliver":
            return {"delivered": await worker.delivery.retry_due()}
        case "ship":
            await worker.shipper.drain()
            return {"waiting": worker.stores.spool.depth().bytes}
        case "die" | "halt" | "live":
            fate.meet(word)
            return {}
    raise ValueError(f"{word!r}: tick, deliver, ship, or die, halt or live is accepted")


def _ticks(metrics: Metrics) -> dict[str, float]:
    samples = (sample for family in metrics.ticks.collect() for sample in family.samples)
    return {sample.labels["outcome"]: sample.value for sample in samples}


async def serve(folder: Path, clock: SharedClock) -> None:
    settings = load_settings(data_dir=folder)
    async with open_stores(settings) as stores:
        await migrate(stores.clickhouse)
        notifiers, fate = notifiers_of(settings), Fate()
        fate.rules(stores, notifiers)
        worker = assemble(
            settings,
            stores,
            objectives=objectives_of(settings),
            notifiers=notifiers,
            clock=clock,
            metrics=Metrics(),
            simulated=True,
        )
        print(json.dumps({"ready": True}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await obey(worker, fate, line.strip(), now=clock())), flush=True)


if __name__ == "__main__":
    start_logging("warning")
    asyncio.run(serve(Path(sys.argv[1]), SharedClock(Path(sys.argv[2]))))
