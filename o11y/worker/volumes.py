"""The volume cap at work: its state in Redis, where the next minute's evaluator finds it, and the digests."""

import logging
from contextlib import suppress
from datetime import datetime

from o11y.alerting.incident import Change
from o11y.alerting.notification import Notice
from o11y.alerting.volume import Cap, Folded, Volume, digest_text, only_ends
from o11y.slo.windows import Severity
from o11y.worker.delivery import Delivery
from o11y.worker.ports import MemoryLost, VolumeStore

log = logging.getLogger(__name__)


class Volumes:
    """With Redis away each process counts by itself."""

    def __init__(self, store: VolumeStore, *, cap: Cap) -> None:
        self._store = store
        self._cap = cap
        self._local: dict[Severity, Volume] = {}

    async def admits(self, change: Change, severity: Severity, *, at: datetime) -> bool:
        """Whether one more message may go to this receiver; counted if so."""
        volume = await self._load(severity)
        if not volume.admits(change, severity, at=at, cap=self._cap):
            return False
        await self._keep(severity, volume.with_sent(at))
        return True

    async def fold(self, severity: Severity, folded: Folded) -> None:
        """Into the digest. Kept before its incident is, so that a crash in between does not lose it."""
        await self._keep(severity, (await self._load(severity)).with_folded(folded))

    async def send_digests(self, delivery: Delivery, *, at: datetime) -> None:
        """What was folded, one message a receiver, when it is time. Its id says what it holds, so that whoever finds it
        again, after its sender has died, does not send the same once more.
        """
        for severity in Severity:
            volume = await self._load(severity)
            if not volume.digest_due(at):
                continue
            first, number = volume.folded[0], len(volume.folded) + volume.more
            notice = Notice(
                notice_id=f"digest-{severity}-{first.incident_id}-{first.change}-{first.at:%Y%m%dT%H%M}-{number}",
                severity=severity,
                title="1 more message" if number == 1 else f"{number:,} more messages, in one",
                text=digest_text(volume),
                at=at,
                over=only_ends(volume),
            )
            await delivery.send(notice)
            await self._keep(severity, volume.with_digest(at))

    async def _load(self, severity: Severity) -> Volume:
        with suppress(MemoryLost):
            self._local[severity] = await self._store.volume(severity) or Volume()
        return self._local.get(severity, Volume())

    async def _keep(self, severity: Severity, volume: Volume) -> None:
        self._local[severity] = volume
        try:
            await self._store.keep_volume(severity, volume)
        except MemoryLost:
            log.warning("message volume counted here alone", extra={"severity": severity})
