"""The alert history for people: pages of incidents with what happened to each, and what a month was like."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from o11y.alerting.on_call import Call, OnCall, on_call
from o11y.worker.ports.alert_log import After, AlertLogStore, LoggedIncident, LogQuestion, Step, Transition
from o11y.worker.shared_answers import SharedAnswers

INCIDENTS_A_PAGE = 25
#: of what happened to one incident, the last are shown
MOST_STEPS = 100
#: incidents that a summary is made of; of more, the newest
MOST_SUMMED = 5_000
#: a page follows what happens within so many seconds
KEPT_S = 5.0
_MOST_KEPT = 32


@dataclass(frozen=True, slots=True)
class LogPage:
    """``after``: what the next page begins behind; None: this is the last one."""

    incidents: tuple[LoggedIncident, ...]
    steps: Mapping[str, Sequence[Step]]
    after: tuple[datetime, str] | None


class AlertLog:
    """Every method raises ``StoreError``. ``monotonic``: seconds."""

    def __init__(self, store: AlertLogStore, *, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._answers = SharedAnswers(kept_s=KEPT_S, most=_MOST_KEPT, monotonic=monotonic)

    async def page(self, asked: LogQuestion, *, after: tuple[datetime, str] | None = None) -> LogPage:
        """The newest incidents, or those behind ``after``."""
        return await self._answers.to((asked, after), lambda: self._page(asked, after))

    async def _page(self, asked: LogQuestion, after: tuple[datetime, str] | None) -> LogPage:
        found = list(await self._store.incidents(asked, after=after, most=INCIDENTS_A_PAGE + 1))
        shown, rest = found[:INCIDENTS_A_PAGE], found[INCIDENTS_A_PAGE:]
        steps: defaultdict[str, list[Step]] = defaultdict(list)
        for step in await self._store.steps(shown, most_of_each=MOST_STEPS):
            steps[step.incident_id].append(step)
        last = (shown[-1].opened_at, shown[-1].incident_id) if rest else None
        return LogPage(tuple(shown), steps, last)

    async def transitions(
        self, asked: LogQuestion, *, after: After | None = None, most: int
    ) -> tuple[Sequence[Transition], After | None]:
        """Rows, the newest first, and what the next ones are behind; None: there are no more."""
        found = list(await self._store.transitions(asked, after=after, most=most + 1))
        return found[:most], _after(found[most - 1]) if len(found) > most else None

    async def on_call(self, asked: LogQuestion, *, now: datetime) -> OnCall:
        """Of the time that is asked for, as far as it has passed; severity, transition and incident are not asked."""
        about = replace(asked, severity="", transition="", incident="")
        found = await self._answers.to(
            ("summed", about), lambda: self._store.incidents(about, after=None, most=MOST_SUMMED)
        )
        until = max(asked.since, min(asked.until, now))
        return on_call(map(_call, found), since=asked.since, until=until)


def _call(incident: LoggedIncident) -> Call:
    return Call(
        incident.paging,
        opened_at=incident.opened_at,
        ended_at=incident.ended_at,
        paged_at=incident.paged_at,
        acknowledged_at=incident.acknowledged_at,
    )


def _after(row: Transition) -> After:
    return After(row.at, row.key, row.recorded_at, row.transition, row.severity, row.notification_id)
