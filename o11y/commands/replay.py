"""``o11y replay``: a recorded day through the real worker, at the speed of the machine.

Events go through the door's validation into a spool, a ClickHouse and a Valkey of a scratch folder; a simulated clock
moves over them, and every minute it passes is evaluated as it would have been then.
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from o11y.app import Worker, assemble, objectives_of
from o11y.commands.replay_report import Report
from o11y.commands.trace import Line, TraceError, lines_of
from o11y.events import InvalidEvent, validate
from o11y.metrics import Metrics
from o11y.settings import Settings
from o11y.slo.windows import Severity
from o11y.stores import open_stores
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.event_row import stored
from o11y.worker.ports import StoredEvent
from o11y.worker.tick import whole_minute

MINUTE = timedelta(minutes=1)
#: inserts are dear and evaluations read nothing after their minute, so up to so much is stored before it is evaluated
STORED_AHEAD = timedelta(hours=1)
EVENTS_AHEAD = 10_000
#: a line further ahead than this is a mistake in the trace rather than a pause in it
LONGEST_PAUSE = timedelta(days=7)
LONGEST_LINE = 256 * 1024


@dataclass(slots=True)
class SimulatedClock:
    """The time of the worker: that of the first event at first, then the minute being evaluated."""

    now: datetime | None = None

    def __call__(self) -> datetime:
        assert self.now is not None, "the clock is read only once an event has set it"  # noqa: S101
        return self.now


def run(
    settings: Settings,
    files: Sequence[Path],
    *,
    client: str,
    as_json: bool,
    keep: Path | None = None,
) -> int:
    """Exit code 0 when the trace was replayed, whatever fired; a bad line is named on stderr and skipped."""
    scratch = keep or Path(tempfile.mkdtemp(prefix="o11y-replay-"))
    scratch_settings = settings.model_copy(
        update={
            "data_dir": scratch,
            "clickhouse_url": None,
            "redis_url": None,
            "recommended_models_url": None,
            "posthog_api_key": None,
        }
    )
    report = Report(as_json=as_json, public_url=settings.public_url)
    try:
        asyncio.run(_replay(scratch_settings, files, client=client, report=report))
    finally:
        if keep is None:
            shutil.rmtree(scratch, ignore_errors=True)
    report.summary()
    return 0


async def _replay(settings: Settings, files: Sequence[Path], *, client: str, report: Report) -> None:
    objectives = objectives_of(settings)
    clock = SimulatedClock()
    async with open_stores(settings, keep_forever=True) as stores:
        worker = assemble(
            settings,
            stores,
            objectives=objectives,
            notifiers={Severity.PAGE: report, Severity.TICKET: report},
            clock=clock,
            metrics=Metrics(),
            simulated=True,
        )
        replay = _Replay(worker, clock, client, report, DimensionLimit(settings.max_dimensions_per_client))
        with report.progress(files) as advance:
            for line in lines_of(files, longest=LONGEST_LINE):
                await replay.take(line)
                advance(line)
            await replay.end()


@dataclass(slots=True)
class _Replay:
    worker: Worker
    clock: SimulatedClock
    client: str
    report: Report
    limit: DimensionLimit
    arrived: datetime | None = None  # when the latest event did
    waiting: list[StoredEvent] = field(default_factory=list)  # of that minute
    ahead: int = 0  # events in the spool

    async def take(self, line: Line) -> None:
        """Let the time up to this event pass, then accept it as the door would at that time."""
        if isinstance(line.content, TraceError):
            self.report.rejected(line, str(line.content))
            return
        at = line.at or self.arrived
        if at is None:
            self.report.rejected(line, "timestamp: required in the first event of a trace")
            return
        if self.arrived is not None and at - self.arrived > LONGEST_PAUSE:
            self.report.rejected(line, f"timestamp: more than {LONGEST_PAUSE.days} days after the event before it")
            return
        now = max(at, self.arrived or at)
        try:
            event = validate(line.content, now=now)
        except InvalidEvent as error:
            issue = error.issues[0]
            self.report.rejected(line, f"{'.'.join(map(str, issue['path']))}: {issue['message']}")
            return
        await self._pass_time(now, event_time=event.event_time)
        self.waiting.append(stored(event, client=self.client, received_at=now, limit=self.limit))
        self.report.accepted += 1

    async def end(self) -> None:
        """Evaluate until every window has seen the last event."""
        if self.arrived is not None:
            lag = timedelta(seconds=self.worker.ticker.lag_s)
            self._spool()
            await self._evaluate(until=whole_minute(self.arrived + lag) + MINUTE * 2)

    async def _pass_time(self, now: datetime, *, event_time: datetime) -> None:
        """A late event is not seen by the minutes before its arrival, so those are evaluated first."""
        if self.arrived is None or self.clock.now is None:
            self.clock.now = self.arrived = now
            return
        late = event_time < whole_minute(now) and self.clock.now < whole_minute(now)
        if whole_minute(now) > whole_minute(self.arrived):
            self._spool()
        self.arrived = now
        if late or self.ahead >= EVENTS_AHEAD or now - self.clock.now >= STORED_AHEAD:
            self._spool()
            await self._evaluate(until=now)

    def _spool(self) -> None:
        if self.waiting and self.arrived is not None:
            new = self.worker.stores.spool.append(self.waiting, now=self.arrived)
            self.report.repeated += len(self.waiting) - new
            self.ahead += new
            self.waiting.clear()

    async def _evaluate(self, *, until: datetime) -> None:
        """Ship what is spooled, then every minute that has passed, each at its own time."""
        await self.worker.shipper.drain()
        self.ahead = 0
        for minute in _minutes(self.clock(), until):
            self.clock.now = minute
            await self.worker.ticker.tick(minute)
            if error := self.worker.ticker.health.last_error:
                raise RuntimeError(f"the evaluation of {minute:%Y-%m-%d %H:%M} failed: {error}")
            self.report.ticks += 1


def _minutes(after: datetime, until: datetime) -> Iterator[datetime]:
    """Whole minutes in (after, until]."""
    minute = whole_minute(after) + MINUTE
    while minute <= until:
        yield minute
        minute += MINUTE


def main_demo(settings: Settings, *, as_json: bool) -> int:
    """The trace that ships with the package."""
    trace = Path(__file__).parent.parent / "demo" / "outage.ndjson.gz"
    if not as_json:
        print(f"Replaying {trace.name}: see demo/README.md beside it for where it is from.\n", file=sys.stderr)
    return run(settings, [trace], client="demo-gateway", as_json=as_json)
