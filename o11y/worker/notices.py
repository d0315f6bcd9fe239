"""What o11y says about itself, through the same receivers as any page.

A trouble is told when it begins, at most once an hour for as long as it lasts, and once more when it is over.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from o11y.alerting.notification import Notice
from o11y.alerting.quantities import moment
from o11y.slo.windows import Severity
from o11y.worker.delivery import Delivery
from o11y.worker.ports import Clock
from o11y.worker.self_checks.trouble import Kind, Trouble, lasting

log = logging.getLogger(__name__)

AT_MOST_EVERY = timedelta(hours=1)
#: it is over when it has not been seen for so long: one that comes and goes is told as one
OVER_AFTER = timedelta(minutes=5)

IsFirst = Callable[[str], Awaitable[bool]]


async def _alone(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Told:
    """What was last said of a trouble that began. ``over``: and its end."""

    at: datetime
    severity: Severity
    news: str | None
    over: bool = False


@dataclass(slots=True)
class _Standing:
    trouble: Trouble
    since: datetime
    seen_at: datetime
    told: bool = False  # since it began


class Notices:
    """``replica`` signs what is said. ``first``: of all replicas that ask with a name, whether this one is to tell it.

    What was told is remembered by the process: after a restart a trouble that lasts is told again, and the end of one
    that went meanwhile is not told.
    """

    def __init__(self, delivery: Delivery, *, clock: Clock, replica: str = "", first: IsFirst = _alone) -> None:
        self._delivery = delivery
        self._clock = clock
        self._replica = replica
        self._first = first
        self._standing: dict[str, _Standing] = {}
        self._told: dict[str, _Told] = {}

    async def tell(self, notice: Notice) -> None:
        """At once, each time: for what happened once. Raises when it is not even in the outbox."""
        unique = f"{notice.notice_id}-{notice.at:%Y%m%dT%H%M%S}-{self._replica}"
        text = f"{notice.text}\nSeen by {self._replica}." if self._replica else notice.text
        await self._delivery.send(replace(notice, notice_id=unique, text=text))

    async def stand(self, troubles: Iterable[Trouble], *, kinds: Collection[Kind]) -> None:
        """These are all the troubles of ``kinds`` that there are now."""
        now, seen = self._clock(), set()
        for trouble in troubles:
            seen.add(trouble.name)
            await self._see(trouble, now)
        for name, standing in list(self._standing.items()):
            if standing.trouble.kind in kinds and name not in seen and abs(now - standing.seen_at) >= OVER_AFTER:
                await self._end(standing, now)

    async def _see(self, trouble: Trouble, now: datetime) -> None:
        standing = self._standing.get(trouble.name)
        if standing is None:
            log.error("trouble", extra={"trouble": trouble.name, "title": trouble.title, "text": trouble.text})
            standing = self._standing[trouble.name] = _Standing(trouble, trouble.since, now)
            if trouble.said:
                self._note(standing, trouble, now)
        standing.trouble, standing.seen_at = trouble, now
        standing.since = min(standing.since, trouble.since)
        if trouble.severity is None or not self._due(trouble, now):
            return
        if not trouble.shared or await self._first(trouble.name):
            await self.tell(Notice(trouble.name, trouble.severity, trouble.title, trouble.text, now))
            self._note(standing, trouble, now)

    def _due(self, trouble: Trouble, now: datetime) -> bool:
        told = self._told.get(trouble.name)
        if told is None:
            return True
        if trouble.severity is Severity.PAGE and (told.over or told.severity is Severity.TICKET):
            return True  # who was told that it is over, or no page, must know
        if abs(now - told.at) < AT_MOST_EVERY:  # further ahead: the clock was stepped back
            return False
        return told.over or trouble.news is None or trouble.news != told.news

    def _note(self, standing: _Standing, trouble: Trouble, now: datetime) -> None:
        standing.told = True
        if trouble.severity is not None:
            self._told[trouble.name] = _Told(now, trouble.severity, trouble.news)

    async def _end(self, standing: _Standing, now: datetime) -> None:
        trouble, told = standing.trouble, self._told.get(standing.trouble.name)
        lasted = lasting(standing.seen_at - standing.since)
        if standing.told and told is not None:
            text = f"It is over: it lasted {lasted}, from {moment(standing.since)} to {moment(standing.seen_at)}."
            notice = Notice(f"{trouble.name}-over", told.severity, f"Over: {trouble.title}", text, now, over=True)
            await self.tell(notice)
            self._told[trouble.name] = replace(told, over=True)
        log.info("trouble over", extra={"trouble": trouble.name, "lasted": lasted})
        del self._standing[trouble.name]
