"""What this process told, or has in the outbox, and Redis does not know: it was away then, or was flushed since."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from o11y.alerting.claim import ClaimTerms, Subject
from o11y.slo.windows import Severity
from o11y.worker.ports import AlertMemory, ToldAlert

#: alerts remembered of each kind; beyond, the one longest untouched is forgotten
_MOST = 100_000

_Whose = tuple[str, Severity]


@dataclass(slots=True)
class Unshared:
    """Bookkeeping alone, until ``share`` is called."""

    _told: OrderedDict[_Whose, ToldAlert] = field(default_factory=OrderedDict)
    _waiting: OrderedDict[_Whose, tuple[Subject, str]] = field(default_factory=OrderedDict)  # with its token
    _waiting_known: bool = True  # by Redis, all of it

    def queued(self, subjects: Sequence[Subject], *, token: str, shared: bool) -> None:
        """They wait in the outbox, and Redis was told so if ``shared``."""
        for subject in subjects:
            self._waiting[subject.key, subject.severity] = subject, token
            self._waiting.move_to_end((subject.key, subject.severity))
        _bound(self._waiting)
        self._waiting_known &= shared

    def confirmed(self, subjects: Sequence[Subject], *, at: datetime, shared: bool) -> None:
        """They were told, and Redis knows if ``shared``."""
        for subject in subjects:
            whose = subject.key, subject.severity
            self._waiting.pop(whose, None)
            self._told.pop(whose, None)
            if not shared:
                self._told[whose] = ToldAlert(subject.key, subject.severity, at)
        _bound(self._told)

    def forgotten(self) -> None:
        """Redis was flushed. What was told is in the history, what waits is known here alone."""
        self._waiting_known = False

    async def share(self, memory: AlertMemory, terms: Callable[[Severity], ClaimTerms], *, now_ms: int | None) -> None:
        """Tell Redis. Raises ``MemoryLost``, and is to be called again then; not beside itself or a transition."""
        if self._told:
            await memory.restore(list(self._told.values()), terms)
            self._told.clear()
        if not self._waiting_known:
            groups: defaultdict[str, list[Subject]] = defaultdict(list)
            for subject, token in self._waiting.values():
                groups[token].append(subject)
            for token, subjects in groups.items():
                await memory.queue(subjects, token=token, now_ms=now_ms)
            self._waiting_known = True


def _bound(memory: OrderedDict[_Whose, ToldAlert] | OrderedDict[_Whose, tuple[Subject, str]]) -> None:
    while len(memory) > _MOST:
        memory.popitem(last=False)
