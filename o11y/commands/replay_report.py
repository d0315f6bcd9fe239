"""What a replay shows: each notification as the on-call would see it, bad lines by name, a summary."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from o11y.alerting.incident import Change, Thread
from o11y.alerting.notification import Notice, Notification
from o11y.alerting.plain_text import plain_text
from o11y.alerting.record import alert_record
from o11y.alerting.wording import place
from o11y.commands.trace import Line
from o11y.slo.dimension import Dimension
from o11y.slo.windows import Severity

NAMED_LINES = 20


@dataclass(slots=True)
class Report:
    """A Notifier that prints. With ``as_json`` stdout carries only one object an alert told; the rest is on stderr."""

    as_json: bool
    public_url: str | None = None
    threads: bool = False
    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    ticks: int = 0
    told: Counter[tuple[Dimension, str, Severity]] = field(default_factory=Counter)
    first: dict[tuple[Dimension, str, Severity], datetime] = field(default_factory=dict)

    async def notify(self, message: Notification | Notice, *, thread: Thread | None = None) -> Thread | None:
        if isinstance(message, Notification):
            self._count(message)
        if not self.as_json:
            print(plain_text(message, public_url=self.public_url), end="\n\n", flush=True)
        return None

    def _count(self, message: Notification) -> None:
        change = Change.FIRED if message.account is None else message.account.change
        for alert in message.alerts:
            key = (alert.dimension, alert.objective.name, alert.severity)
            self.told[key] += 1
            self.first.setdefault(key, message.fired_at)
            if self.as_json:
                record = alert_record(
                    alert,
                    transition=change.value,
                    notification_id=message.notification_id,
                    reason=alert.lowered_because or "",
                )
                print(json.dumps(record, ensure_ascii=False), flush=True)

    def rejected(self, line: Line, why: str) -> None:
        self.refused += 1
        if self.refused <= NAMED_LINES:
            print(f"{line.file}:{line.number}: {why}", file=sys.stderr)
        elif self.refused == NAMED_LINES + 1:
            print("further bad lines are counted only", file=sys.stderr)

    @contextmanager
    def progress(self, files: Sequence[Path]) -> Iterator[Callable[[Line], None]]:
        """A bar on stderr when that is a terminal, by bytes of the files read."""
        if not sys.stderr.isatty():
            yield lambda line: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.fields[at]}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("replay", total=sum(path.stat().st_size for path in files), at="starting")
            read: dict[Path, int] = {}

            def advance(line: Line) -> None:
                read[line.file] = line.read
                bar.update(task, completed=sum(read.values()), at=f"{line.at:%Y-%m-%d %H:%M}" if line.at else "")

            yield advance

    def summary(self) -> None:
        """To stdout, or to stderr when stdout carries JSON."""
        out = sys.stderr if self.as_json else sys.stdout
        events = self.accepted + self.refused
        print(
            f"{events:,} events: {self.accepted:,} accepted, {self.refused:,} rejected"
            + (f", {self.repeated:,} of them repeats" if self.repeated else "")
            + f"; {self.ticks:,} ticks",
            file=out,
        )
        if not self.told:
            print("no pages, no tickets", file=out)
            return
        from rich.console import Console
        from rich.table import Table

        table = Table("severity", "told", "first (UTC)", "objective", "dimension", box=None, pad_edge=False)
        for key in sorted(self.told, key=lambda key: (self.first[key], key[2].value, key[1], str(key[0]))):
            dimension, objective, severity = key
            table.add_row(
                severity.value, str(self.told[key]), f"{self.first[key]:%Y-%m-%d %H:%M}", objective, place(dimension)
            )
        Console(file=out, width=None if out.isatty() else 140, highlight=False, markup=False).print(table)
