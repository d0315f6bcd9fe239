"""Claims with a memory of last resort: Redis while it answers, this process's own when it does not."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from o11y.alerting.alert import Alert
from o11y.alerting.claim import PAGE_COOLDOWN_MS, TICKET_COOLDOWN_MS, ClaimTerms, Subject, Verdict
from o11y.metrics import Metrics
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity
from o11y.worker.local_memory import epoch_ms
from o11y.worker.ports import AlertMemory, MemoryLost, ToldAlert
from o11y.worker.unshared import Unshared

log = logging.getLogger(__name__)

#: an incident is over when it has been quiet this long, or for its short window if that is longer
QUIET_MS = 5 * 60_000
#: how long after it a page holds its ticket where the objective is not known: the short window of the shipped tickets
TICKET_AFTER_MS = 30 * 60_000
#: alert keys remembered here, for late evaluations; beyond, the one longest untouched is forgotten
_REMEMBERED = 100_000

#: an evaluation this long after its minute is a late one
_LATE = timedelta(seconds=60)

_Whose = tuple[str, Severity]


def terms_of(severity: Severity, objective: Objective | None = None) -> ClaimTerms:
    """How long a claim of this severity holds.

    A page holds its ticket until it is over, plus the ticket's short window.
    """
    if severity is Severity.TICKET:
        return ClaimTerms(cooldown_ms=TICKET_COOLDOWN_MS)
    if objective is None:
        return ClaimTerms(cooldown_ms=PAGE_COOLDOWN_MS, hold_ms=QUIET_MS + TICKET_AFTER_MS)
    quiet = max([QUIET_MS, *(pair.short_s * 1000 for pair in objective.pairs_of(Severity.PAGE))])
    after = max([0, *(pair.short_s * 1000 for pair in objective.pairs_of(Severity.TICKET))])
    return ClaimTerms(cooldown_ms=PAGE_COOLDOWN_MS, hold_ms=quiet + after)


@dataclass(frozen=True, slots=True)
class Answer:
    verdict: Verdict
    without_memory: bool


class Claims:
    """Every transition goes to both memories, so that the local one knows what was told when Redis goes away."""

    def __init__(self, shared: AlertMemory, local: AlertMemory, *, metrics: Metrics, simulated: bool = False) -> None:
        self._shared = shared
        self._local = local
        self._metrics = metrics
        self._simulated = simulated  # replay and tests: time is what they say, not what Redis says
        self._in_hand: OrderedDict[_Whose, tuple[datetime, Verdict]] = OrderedDict()
        self._unshared = Unshared()
        self._in_order = asyncio.Lock()  # Redis hears of a delivery after it heard that it waits, never before
        self._generation: str | None = None

    async def claim(self, alerts: Sequence[Alert], *, token: str, now: datetime) -> list[Answer]:
        """May these be sent now? In their order, and all of them in a few round trips."""
        known = [self._known(alert, now) for alert in alerts]
        unknown = [alert for alert, verdict in zip(alerts, known, strict=True) if verdict is None]
        asked = iter(await self._claim(unknown, token=token, now=now) if unknown else ())
        answers = [next(asked) if verdict is None else Answer(verdict, without_memory=False) for verdict in known]
        for alert, answer in zip(alerts, answers, strict=True):
            self._metrics.verdicts.labels(alert.severity, answer.verdict).inc()
        return answers

    def _known(self, alert: Alert, now: datetime) -> Verdict | None:
        """A minute evaluated (again) after its alert was told here has no news of it."""
        taken_at, why = self._in_hand.get(_whose(alert), (None, Verdict.COOLDOWN))
        return why if taken_at is not None and alert.at <= taken_at and now - alert.at >= _LATE else None

    async def _claim(self, alerts: Sequence[Alert], *, token: str, now: datetime) -> list[Answer]:
        subjects, now_ms = _subjects(alerts), epoch_ms(now)
        try:
            await self._share()
            verdicts = await self._shared.claim(subjects, token=token, now_ms=self._shared_ms(now_ms))
            return [Answer(verdict, without_memory=False) for verdict in verdicts]
        except MemoryLost:
            self._metrics.memory_lost.inc()
            verdicts = await self._local.claim(subjects, token=token, now_ms=now_ms)
            return [Answer(verdict, without_memory=True) for verdict in verdicts]

    async def queue(self, alerts: Sequence[Alert], *, token: str, now: datetime) -> None:
        """They are in the outbox, and will be delivered."""
        if not alerts:
            return
        subjects, now_ms = _subjects(alerts), epoch_ms(now)
        self._take_in_hand(alerts, now, Verdict.QUEUED)
        await self._local.queue(subjects, token=token, now_ms=now_ms)
        async with self._in_order:
            shared = await self._tolerating(
                lambda: self._shared.queue(subjects, token=token, now_ms=self._shared_ms(now_ms))
            )
            self._unshared.queued(subjects, at_ms=now_ms, shared=shared)

    async def confirm(self, alerts: Sequence[Alert], *, token: str, now: datetime) -> None:
        """They were delivered."""
        if not alerts:
            return
        subjects, now_ms = _subjects(alerts), epoch_ms(now)
        self._take_in_hand(alerts, now, Verdict.COOLDOWN)
        await self._local.confirm(subjects, token=token, now_ms=now_ms)
        async with self._in_order:
            shared = await self._tolerating(
                lambda: self._shared.confirm(subjects, token=token, now_ms=self._shared_ms(now_ms))
            )
            self._unshared.confirmed(subjects, at=now, shared=shared)

    async def told_before(self, alerts: Sequence[Alert], *, at: datetime) -> None:
        """They were delivered then, and Redis has forgotten it."""
        if not alerts:
            return
        async with self._in_order:
            self._unshared.told_before(_subjects(alerts), at=at)
        await self._tolerating(self._share)

    async def restore_after_flush(self, told_since: Callable[[], Awaitable[Sequence[ToldAlert]]]) -> None:
        """Before anything is sent: what this process told while Redis was away; when a replica has taken the server's
        place, all that this process told or has in the outbox; and when Redis is new or was flushed, also what the
        history says was told.

        The marker is set last: a history that cannot be read now is read at the next tick. Each flush and each
        promotion gets a marker of its own, so that every replica notices.
        """
        try:
            generation = await self._shared.generation()
            if generation is None or generation != self._generation:
                self._unshared.forgotten()
            await self._share()
            if generation is None:
                told = await told_since()
                await self._shared.restore(told, terms_of)
                log.info("alert memory was empty; restored from the history", extra={"alerts": len(told)})
            self._generation = generation or await self._shared.mark_generation()
        except MemoryLost:
            self._metrics.memory_lost.inc()

    async def _share(self) -> None:
        async with self._in_order:
            await self._unshared.share(self._shared, terms_of)

    def _take_in_hand(self, alerts: Sequence[Alert], now: datetime, why: Verdict) -> None:
        for alert in alerts:
            self._in_hand[_whose(alert)] = now, why
            self._in_hand.move_to_end(_whose(alert))
        while len(self._in_hand) > _REMEMBERED:
            self._in_hand.popitem(last=False)

    async def _tolerating(self, act: Callable[[], Awaitable[None]]) -> bool:
        try:
            await act()
        except MemoryLost:
            self._metrics.memory_lost.inc()
            return False
        return True

    def _shared_ms(self, now_ms: int) -> int | None:
        return now_ms if self._simulated else None


def _subjects(alerts: Sequence[Alert]) -> list[Subject]:
    return [Subject(alert.key, alert.severity, terms_of(alert.severity, alert.objective)) for alert in alerts]


def _whose(alert: Alert) -> _Whose:
    return alert.key, alert.severity
