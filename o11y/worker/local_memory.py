"""Claims in this process alone: what remains when Redis does not answer."""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime

from o11y.alerting import claim as machine
from o11y.alerting.claim import NEW, ClaimTerms, State, Subject, Verdict
from o11y.slo.windows import Severity
from o11y.worker.ports import Clock, ToldAlert


class LocalMemory:
    """An ``AlertMemory`` that forgets at a restart; beyond ``max_keys`` it forgets the key longest untouched."""

    def __init__(self, clock: Clock, *, max_keys: int = 100_000) -> None:
        self._clock = clock
        self._max_keys = max_keys
        self._states: OrderedDict[str, State] = OrderedDict()
        self._generation: str | None = None

    async def claim(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> Sequence[Verdict]:
        now_ms = self._now(now_ms)
        return [self._claim(subject, token, now_ms) for subject in subjects]

    async def queue(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> None:
        now_ms = self._now(now_ms)
        for key, severity, terms in map(_parts, subjects):
            self._keep(key, machine.queue(self._state(key), severity, terms, token=token, now_ms=now_ms))

    async def confirm(self, subjects: Sequence[Subject], *, token: str, now_ms: int | None) -> None:
        now_ms = self._now(now_ms)
        for key, severity, _ in map(_parts, subjects):
            self._keep(key, machine.confirm(self._state(key), severity, token=token, now_ms=now_ms))

    async def restore(self, told: Sequence[ToldAlert], terms: Callable[[Severity], ClaimTerms]) -> None:
        for alert in told:
            told_at_ms = epoch_ms(alert.told_at)
            state = machine.restore(
                self._state(alert.key), alert.severity, terms(alert.severity), told_at_ms=told_at_ms
            )
            self._keep(alert.key, state)

    async def restore_queued(self, subjects: Sequence[Subject], *, queued_at_ms: int) -> None:
        for key, severity, terms in map(_parts, subjects):
            state = machine.restore_queued(self._state(key), severity, terms, queued_at_ms=queued_at_ms)
            self._keep(key, state)

    async def generation(self) -> str | None:
        return self._generation

    async def mark_generation(self) -> str:
        self._generation = self._generation or secrets.token_hex(8)
        return self._generation

    def _claim(self, subject: Subject, token: str, now_ms: int) -> Verdict:
        key, severity, terms = _parts(subject)
        verdict, state = machine.claim(self._state(key), severity, terms, token=token, now_ms=now_ms)
        self._keep(key, state)
        return verdict

    def _now(self, now_ms: int | None) -> int:
        return epoch_ms(self._clock()) if now_ms is None else now_ms

    def _state(self, key: str) -> State:
        return self._states.get(key, NEW)

    def _keep(self, key: str, state: State) -> None:
        self._states[key] = state
        self._states.move_to_end(key)
        if len(self._states) > self._max_keys:
            self._states.popitem(last=False)


def _parts(subject: Subject) -> tuple[str, Severity, ClaimTerms]:
    return subject.key, subject.severity, subject.terms


def epoch_ms(moment: datetime) -> int:
    """Whole milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)
