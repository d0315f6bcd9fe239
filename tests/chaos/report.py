"""What a scenario that ran in a process of its own reports, and the row of the table that it becomes."""

import json
from dataclasses import asdict, dataclass
from typing import Self

from tests.chaos.outcome import Outcome

HEADER = (
    "fault",
    "times",
    "acknowledged",
    "lost",
    "duplicated",
    "notifications due",
    "lost",
    "duplicated",
    "marked repeats",
    "seconds",
    "note",
)


@dataclass(frozen=True, slots=True)
class Report:
    """``outcome`` is ``None`` where the scenario itself failed: ``reason`` says how, ``trace`` where."""

    name: str
    outcome: Outcome | None
    seconds: float
    reason: str = ""
    trace: str = ""

    @classmethod
    def of(cls, name: str, line: str, *, seconds: float) -> Self:
        """From the line that the process has printed."""
        outcome = Outcome(**json.loads(line))
        return cls(name, outcome, seconds, reason="" if outcome.kept else _why(outcome))

    @property
    def kept(self) -> bool:
        return self.outcome is not None and self.outcome.kept


def failed(name: str, reason: str, *, seconds: float, trace: str = "") -> Report:
    return Report(name, None, seconds, reason=reason, trace=trace)


def line_of(outcome: Outcome) -> str:
    """The counterpart of ``Report.of``."""
    return json.dumps(asdict(outcome))


def row(report: Report) -> tuple[str, ...]:
    found = report.outcome
    if found is None:
        return (report.name, *["-"] * (len(HEADER) - 3), f"{report.seconds:.1f}", f"FAILED: {report.reason[:100]}")
    counted = (
        found.injected,
        found.acknowledged,
        found.lost,
        found.duplicated,
        found.notifications,
        found.notifications_lost,
        found.notifications_duplicated,
        found.marked,
    )
    note = found.note if found.kept else f"BROKEN: {report.reason}"
    return (found.fault, *(f"{number:,}" for number in counted), f"{report.seconds:.1f}", note)


def _why(outcome: Outcome) -> str:
    if outcome.injected == 0:
        return "the fault never happened"
    broken = {
        "events lost": outcome.lost,
        "events duplicated": outcome.duplicated,
        "notifications lost": outcome.notifications_lost,
        "notifications duplicated": outcome.notifications_duplicated,
    }
    return ", ".join(f"{number:,} {what}" for what, number in broken.items() if number)
