"""What this process told, or has in the outbox, and Redis does not know: it was away then, or has forgotten it since.

It forgets everything when it is flushed, and its last writes when a replica takes its place: replication is
asynchronous. What was told is therefore kept here for as long as a cooldown may need it, also when Redis knows.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from o11y.alerting.claim import TICKET_COOLDOWN_MS, ClaimTerms, Subject
from o11y.slo.windows import Severity
from o11y.worker.ports import AlertMemory, ToldAlert

#: alerts remembered of each kind; beyond, the one longest untouched is forgotten
_MOST = 100_000
#: after this what was told keeps nobody from telling it again
_COOLED_DOWN = timedelta(milliseconds=TICKET_COOLDOWN_MS)

_Whose = tuple[str, Severity]


@dataclass(slots=True)
class Unshared:
    """Bookkeeping alone, until ``share`` is called."""

    _told: OrderedDict[_Whose, ToldAlert] = field(default_factory=OrderedDict)
    _told_known: OrderedDict[_Whose, ToldAlert] = field(default_factory=OrderedDict)  # by Redis, unless it forgets
    _waiting: OrderedDict[_Whose, tuple[Subject, int]] = field(default_factory=OrderedDict)  # since (ms)
    _waiting_known: bool = True  # by Redis, all of it

    def queued(self, subjects: Sequence[Subject], *, at_ms: int, shared: bool) -> None:
        """They wait in the outbox, and Redis was told so if ``shared``. Another process may deliver them."""
        for subject in subjects:
            self._waiting[subject.key, subject.severity] = subject, at_ms
            self._waiting.move_to_end((subject.key, subject.severity))
        _bound(self._waiting)
        self._waiting_known &= shared

    def confirmed(self, subjects: Sequence[Subject], *, at: datetime, shared: bool) -> None:
        """They were told, and Redis knows if ``shared``."""
        for subject in subjects:
            whose = subject.key, subject.severity
            self._waiting.pop(whose, None)
            self._told.pop(whose, None)
            self._told_known.pop(whose, None)
            (self._told_known if shared else self._told)[whose] = ToldAlert(subject.key, subject.severity, at)
        while self._told_known and at - next(iter(self._told_known.values())).told_at >= _COOLED_DOWN:
            self._told_known.popitem(last=False)
        _bound(self._told)
        _bound(self._told_known)

    def told_before(self, subjects: Sequence[Subject], *, at: datetime) -> None:
        """They were told then, and Redis has forgotten it. What was told since, or waits since, stays."""
        for subject in subjects:
            whose = subject.key, subject.severity
            latest = self._told.pop(whose, None) or self._told_known.pop(whose, None)
            if latest is None or latest.told_at < at:
                latest = ToldAlert(subject.key, subject.severity, at)
            self._told[whose] = latest
        _bound(self._told)

    def forgotten(self) -> None:
        """Redis was flushed, or its last writes may be lost."""
        self._waiting_known = False
        self._told = self._told_known | self._told
        self._told_known = OrderedDict()
        _bound(self._told)

    async def share(self, memory: AlertMemory, terms: Callable[[Severity], ClaimTerms]) -> None:
        """Tell Redis. Raises ``MemoryLost``, and is to be called again then; not beside itself or a transition."""
        if self._told:
            await memory.restore(list(self._told.values()), terms)
            self._told_known |= self._told
            self._told.clear()
            _bound(self._told_known)
        if not self._waiting_known:
            groups: defaultdict[int, list[Subject]] = defaultdict(list)
            for subject, at_ms in self._waiting.values():
                groups[at_ms].append(subject)
            for at_ms, subjects in groups.items():
                await memory.restore_queued(subjects, queued_at_ms=at_ms)
            self._waiting_known = True


def _bound(memory: OrderedDict[_Whose, ToldAlert] | OrderedDict[_Whose, tuple[Subject, int]]) -> None:
    while len(memory) > _MOST:
        memory.popitem(last=False)
