"""Every error budget, for people who look: kept while they do, and what incidents took from each."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from o11y.alerting.key import alert_key
from o11y.slo.budget import PERIOD_S
from o11y.slo.budget_report import WINDOWS_S, BudgetReport, Standing, slis_of
from o11y.slo.counts import Ratio
from o11y.slo.evaluation import Evaluator
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity
from o11y.worker.ports import Clock, CountStore, StoreError
from o11y.worker.ports.alert_log import Episode, SpendStore, Stretch
from o11y.worker.shared_answers import SharedAnswers
from o11y.worker.tick import window_end

log = logging.getLogger(__name__)

PERIOD = timedelta(seconds=PERIOD_S)
REFRESHED_EVERY = timedelta(minutes=5)
#: what is older is not shown: a page waits for a new one, as the first does
TOO_OLD = timedelta(minutes=15)
WAIT_AT_MOST_S = 5.0
SPENDERS_KEPT_S = 30.0
_MOST_SPENDERS = 32
#: incidents that are told of one budget, the newest
TOLD = 4
_MOST_EPISODES = 2_000
#: and of all budgets of one question together
_MOST_STRETCHES = 200
_GRAIN_S = 300


@dataclass(frozen=True, slots=True)
class Spender:
    """An incident that took from a budget. ``counted``: its bad and valid events; None: not known.

    It is counted from the beginning of the window that made the alert fire, on the 5 min grain, and within the period.
    """

    incident_id: str
    severity: Severity
    began_at: datetime
    ended_at: datetime | None
    counted: Ratio | None


@dataclass(frozen=True, slots=True)
class Spenders:
    """The newest ``TOLD`` first, and how many there are beside them."""

    told: tuple[Spender, ...] = ()
    more: int = 0


NOBODY = Spenders()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of a report. A name that some dimension has is meant exactly; other text is looked for inside."""

    client: str = ""
    provider: str = ""
    model: str = ""
    objective: str = ""


class Budgets:
    """One report, made in the background when somebody looks and it is older than five minutes; one at a time."""

    def __init__(
        self,
        *,
        objectives: Callable[[], Sequence[Objective]],
        counts: CountStore,
        spend: SpendStore,
        clock: Clock,
        monotonic: Callable[[], float],
        lag_s: int = 10,
        wait_s: float = WAIT_AT_MOST_S,
    ) -> None:
        self._objectives = objectives
        self._counts = counts
        self._spend = spend
        self._clock = clock
        self._lag_s = lag_s
        self._wait_s = wait_s
        self._in_force: Sequence[Objective] = ()
        self._evaluator = Evaluator(())
        self._report: BudgetReport | None = None
        self._made_of: Sequence[Objective] = ()
        self._making: asyncio.Task[None] | None = None
        self._began: datetime | None = None
        self._spenders = SharedAnswers(kept_s=SPENDERS_KEPT_S, most=_MOST_SPENDERS, monotonic=monotonic)

    async def look(self) -> BudgetReport | None:
        """The newest. None: the first is still being made after five seconds, or cannot be, as the log says."""
        now = self._clock()
        if self._is_due(now) and (self._making is None or self._making.done()):
            self._began = now
            self._making = asyncio.create_task(self._make(now))
        found = self._report
        if self._making is not None and (found is None or now - found.until > TOO_OLD or self._is_of_others()):
            await asyncio.wait({self._making}, timeout=self._wait_s)
        return self._report

    async def report(self, at: datetime) -> BudgetReport:
        """Of the 30 days before ``at``, made now. Raises ``StoreError``."""
        in_force = self._objectives()
        if in_force is not self._in_force:
            self._in_force, self._evaluator = in_force, Evaluator(in_force)
        until, evaluator = window_end(at, self._lag_s), self._evaluator
        counts = await self._counts.counts(slis_of(in_force), WINDOWS_S, until=until)
        return await asyncio.to_thread(BudgetReport, evaluator, counts, until=until)

    async def spenders(self, standings: Sequence[Standing], *, until: datetime) -> Mapping[str, Spenders]:
        """By alert key: the incidents of the 30 days before ``until`` that took from these budgets.

        Of two incidents of one alert that overlap the later one begins where the earlier one ends, so that nothing is
        counted twice. Raises ``StoreError``.
        """
        by_key = {key_of(standing): standing for standing in standings}
        return await self._spenders.to((tuple(by_key), until), lambda: self._who_spent(by_key, until))

    async def _who_spent(self, by_key: Mapping[str, Standing], until: datetime) -> Mapping[str, Spenders]:
        since = until - PERIOD
        found = await self._spend.episodes(by_key.keys(), since=since, until=until, most=_MOST_EPISODES)
        episodes: defaultdict[str, list[Episode]] = defaultdict(list)
        for episode in found:  # the newest first
            episodes[episode.key].append(episode)
        stretches = {
            (key, place): stretch
            for key, standing in by_key.items()
            for place, stretch in enumerate(_stretches(standing, episodes[key], since, until))
        }
        asked = dict(list(stretches.items())[:_MOST_STRETCHES])
        counted = await self._counted(list(asked.values()))
        of = dict(zip(asked, counted, strict=True))
        return {
            key: Spenders(
                tuple(_spender(episode, of.get((key, place))) for place, episode in enumerate(some[:TOLD])),
                max(0, len(some) - TOLD),
            )
            for key, some in episodes.items()
        }

    async def _counted(self, stretches: Sequence[Stretch]) -> Sequence[Ratio | None]:
        """Incidents are told without their numbers when these cannot be had in time."""
        try:
            return await self._spend.counted(stretches)
        except StoreError as error:
            log.warning("what incidents cost is not known", extra={"error": str(error), "stretches": len(stretches)})
            return [None] * len(stretches)

    def _is_due(self, now: datetime) -> bool:
        return self._began is None or not timedelta() <= now - self._began < REFRESHED_EVERY or self._is_of_others()

    def _is_of_others(self) -> bool:
        """Made of objectives that are not in force any more."""
        return self._report is not None and self._made_of is not self._objectives()

    async def _make(self, now: datetime) -> None:
        of = self._objectives()
        try:
            self._report, self._made_of = await self.report(now), of
        except StoreError as error:
            self._began = None
            log.warning("budgets are not refreshed", extra={"error": str(error)})
        except Exception:  # a task's edge
            self._began = None
            log.exception("budgets are not refreshed")


def key_of(standing: Standing) -> str:
    return alert_key(standing.objective.name, standing.dimension)


def rows_of(report: BudgetReport, wanted: Wanted) -> list[int]:
    """The rows that are wanted, in the order of trouble."""
    rows: Sequence[int] = report.order
    if wanted.objective:
        rows = [row for row in rows if report.objective(row).name == wanted.objective]
    for kind, names in report.names.items():
        if text := getattr(wanted, kind):
            meant = _meant(text, {name for name in names if name is not None})
            rows = [row for row in rows if names[row] in meant]
    return list(rows)


def _meant(text: str, names: Collection[str]) -> Collection[str]:
    wanted = text.casefold()
    return {text} if text in names else {name for name in names if wanted in name.casefold()}


def _stretches(standing: Standing, episodes: Sequence[Episode], since: datetime, until: datetime) -> Iterator[Stretch]:
    """Of the newest episodes, each from where the one before it ended; in the order of ``episodes``."""
    for place, episode in enumerate(episodes[:TOLD]):
        ended_before = max((_ended(older, until) for older in episodes[place + 1 :]), default=since)
        begin = max(_down(max(episode.began_at, since)), _up(ended_before) if ended_before > since else since)
        end = max(begin, min(_up(_ended(episode, until)), _up(until)))
        yield Stretch(standing.objective.sli, standing.dimension, begin, end)


def _ended(episode: Episode, until: datetime) -> datetime:
    return until if episode.ended_at is None else min(episode.ended_at, until)


def _down(at: datetime) -> datetime:
    return datetime.fromtimestamp(int(at.timestamp()) // _GRAIN_S * _GRAIN_S, UTC)


def _up(at: datetime) -> datetime:
    return datetime.fromtimestamp(-(-int(at.timestamp()) // _GRAIN_S) * _GRAIN_S, UTC)


def _spender(episode: Episode, counted: Ratio | None) -> Spender:
    return Spender(episode.incident_id, episode.severity, episode.began_at, episode.ended_at, counted)
