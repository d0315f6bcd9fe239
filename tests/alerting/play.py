"""A book that is played through minute by minute, and the alerts of its minutes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from o11y.alerting.alert import Alert
from o11y.alerting.book import Book
from o11y.alerting.incident import LOUD, Change, Delivered, Incident, Member, Mute
from o11y.alerting.lifecycle import Muting, Terms
from o11y.alerting.minute import Minute
from o11y.alerting.step import Step, steps
from o11y.slo.counts import Counts
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity
from tests.builders import NOW, PAGE_5M, TICKET_6H, alert, dimension, latency, objective
from tests.worker_fakes import counted

MINUTE = timedelta(minutes=1)
A, B, C, D = map(dimension, "abcd")
FAR = Dimension("far", "far", "far")
PROVIDER = Dimension(None, "vendor", None)
OBJECTIVES: Sequence[Objective] = (
    objective(),
    objective(name="provider", family="p", scope=Scope.PROVIDER),
    objective(name="latency", family="l", sli=latency()),
)
#: traffic that is well, so that who fires alone is alone
HEALTHY = counted(0, *(Dimension(f"c{n}", f"p{n}", f"m{n}") for n in range(40)))


class Play:
    """A book and its minutes. Everything that is told is delivered in its minute."""

    def __init__(self, *, edits: bool = False, muted: Muting = lambda _: LOUD) -> None:
        self.book = Book()
        self.edits, self.muted = edits, muted
        self.at = NOW
        self._ids = count(1)

    def minute(
        self, *alerts: Alert, well: Sequence[Dimension] = (), at: datetime | None = None, **changes: Any
    ) -> list[Step]:
        """These fire, at 50 % bad; others have traffic and are well. The next minute follows."""
        when = self.at if at is None else at
        counts: Counts = {**HEALTHY, **counted(0, *well)} if well else dict(HEALTHY)
        for each in alerts:
            if each.dimension.scope is Scope.MODEL:
                sli = each.objective.sli
                counts[each.dimension] = {
                    **counts.get(each.dimension, {}),
                    **counted(50, each.dimension, sli=sli)[each.dimension],
                }
        told = tuple(replace(each, at=when) for each in alerts)
        done = steps(
            self.book,
            Minute(when, told, counts, {one.name: one for one in OBJECTIVES}, **changes),
            terms=Terms(),
            silenced=self.muted,
            edits=dict.fromkeys(Severity, self.edits),
            new_id=lambda _: f"i{next(self._ids)}",
        )
        self._keep(done, when)
        self.at = max(self.at, when + MINUTE)
        return done

    def quiet(self, minutes: int, *well: Dimension) -> list[Step]:
        """All that happens in so many minutes in which nothing fires."""
        return [step for _ in range(minutes) for step in self.minute(well=well)]

    def _keep(self, done: Sequence[Step], at: datetime) -> None:
        incidents = {**self.book.incidents, **{s.after.incident_id: s.after for s in done}}
        delivered = dict(self.book.delivered)
        for step in done:
            if step.news is not None and not step.news.quiet:
                was = delivered.get(step.after.incident_id, Delivered())
                paged = at if step.after.told_as is Severity.PAGE else was.paged_at
                delivered[step.after.incident_id] = replace(was, told_at=at, paged_at=paged)
        self.book = Book(incidents, delivered)

    @property
    def open(self) -> list[Incident]:
        return list(self.book.open())


def changes(done: Sequence[Step]) -> list[Change]:
    return [step.news.change for step in done if step.news is not None]


def words(done: Sequence[Step]) -> list[tuple[str, str]]:
    return [(record.word, str(record.member.dimension.model)) for step in done for record in step.records_told]


def page(where: Dimension = A, **named: Any) -> Alert:
    return alert(dimension=where, pair=PAGE_5M, **named)


def ticket(where: Dimension = A, **named: Any) -> Alert:
    return alert(dimension=where, pair=TICKET_6H, **named)


def provider(**named: Any) -> Alert:
    return alert(objective=OBJECTIVES[1], dimension=PROVIDER, **named)


def muting(*models: str) -> Muting:
    def muted(member: Member) -> Mute:
        return Mute("silenced: x", "x") if member.dimension.model in models else LOUD

    return muted
