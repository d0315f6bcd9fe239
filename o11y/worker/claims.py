"""Claims with a memory of last resort: Redis while it answers, this process's own when it does not."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from o11y.alerting.alert import Alert
from o11y.alerting.claim import PAGE_COOLDOWN_MS, TICKET_COOLDOWN_MS, ClaimTerms, Verdict
from o11y.metrics import Metrics
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity
from o11y.worker.local_memory import epoch_ms
from o11y.worker.ports import AlertMemory, MemoryLost, ToldAlert

log = logging.getLogger(__name__)

#: an incident is over when it has been quiet this long, or for its short window if that is longer
QUIET_MS = 5 * 60_000
#: how long after it a page holds its ticket where the objective is not known: the short window of the shipped tickets
TICKET_AFTER_MS = 30 * 60_000
#: alert keys remembered here, for Redis and for late evaluations; beyond, the one longest untouched is forgotten
_REMEMBERED = 100_000

#: an evaluation this long after its minute is a late one
_LATE = timedelta(seconds=60)

_Whose = tuple[str, Severity]
_T = TypeVar("_T")


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
        self._unshared: OrderedDict[_Whose, ToldAlert] = OrderedDict()

    async def claim(self, alert: Alert, *, token: str, now: datetime) -> Answer:
        """May this be sent now? A minute evaluated (again) after its alert was told here has no news of it."""
        taken_at, why = self._in_hand.get(_whose(alert), (None, Verdict.COOLDOWN))
        if taken_at is not None and alert.at <= taken_at and now - alert.at >= _LATE:
            answer = Answer(why, without_memory=False)
        else:
            answer = await self._claim(alert, token=token, now=now)
        self._metrics.verdicts.labels(alert.severity, answer.verdict).inc()
        return answer

    async def _claim(self, alert: Alert, *, token: str, now: datetime) -> Answer:
        key, terms, now_ms = alert.key, terms_of(alert.severity, alert.objective), epoch_ms(now)
        try:
            await self._share_what_was_told()
            verdict = await self._shared.claim(key, alert.severity, terms, token=token, now_ms=self._shared_ms(now_ms))
            return Answer(verdict, without_memory=False)
        except MemoryLost:
            self._metrics.memory_lost.inc()
            verdict = await self._local.claim(key, alert.severity, terms, token=token, now_ms=now_ms)
            return Answer(verdict, without_memory=True)

    async def queue(self, alert: Alert, *, token: str, now: datetime) -> None:
        """It is in the outbox, and will be delivered."""
        key, terms, now_ms = alert.key, terms_of(alert.severity, alert.objective), epoch_ms(now)
        _remember(self._in_hand, _whose(alert), (now, Verdict.QUEUED))
        await self._local.queue(key, alert.severity, terms, token=token, now_ms=now_ms)
        await self._tolerating(
            lambda: self._shared.queue(key, alert.severity, terms, token=token, now_ms=self._shared_ms(now_ms))
        )

    async def confirm(self, alert: Alert, *, token: str, now: datetime) -> None:
        """It was delivered."""
        key, terms, now_ms = alert.key, terms_of(alert.severity, alert.objective), epoch_ms(now)
        _remember(self._in_hand, _whose(alert), (now, Verdict.COOLDOWN))
        await self._local.confirm(key, alert.severity, terms, token=token, now_ms=now_ms)
        shared = await self._tolerating(
            lambda: self._shared.confirm(key, alert.severity, terms, token=token, now_ms=self._shared_ms(now_ms))
        )
        if not shared:
            _remember(self._unshared, _whose(alert), ToldAlert(key, alert.severity, now))

    async def restore_after_flush(self, told_since: Callable[[], Awaitable[Sequence[ToldAlert]]]) -> None:
        """When Redis is new or was flushed: write back what the history says was told, before anything is sent.

        The marker is set last: a history that cannot be read now is read at the next tick.
        """
        try:
            if await self._shared.has_generation():
                return
            told = await told_since()
            await self._shared.restore(told, terms_of)
            await self._shared.mark_generation()
            log.info("alert memory was empty; restored from the history", extra={"alerts": len(told)})
        except MemoryLost:
            self._metrics.memory_lost.inc()

    async def _share_what_was_told(self) -> None:
        if self._unshared:
            told = dict(self._unshared)
            await self._shared.restore(list(told.values()), terms_of)
            for whose, alert in told.items():
                if self._unshared.get(whose) is alert:  # not told again meanwhile
                    del self._unshared[whose]

    async def _tolerating(self, act: Callable[[], Awaitable[None]]) -> bool:
        try:
            await act()
        except MemoryLost:
            self._metrics.memory_lost.inc()
            return False
        return True

    def _shared_ms(self, now_ms: int) -> int | None:
        return now_ms if self._simulated else None


def _whose(alert: Alert) -> _Whose:
    return alert.key, alert.severity


def _remember(memory: OrderedDict[_Whose, _T], whose: _Whose, value: _T) -> None:
    memory[whose] = value
    memory.move_to_end(whose)
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)
