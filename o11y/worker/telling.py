"""Telling a minute: each incident's step is kept with its message in one act, then sent, and written down.

    steps -> (cap) -> message -> keep -> history -> send

One incident's failure never stops another.
"""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from o11y.alerting.alert import Alert
from o11y.alerting.book import Book
from o11y.alerting.headline import title
from o11y.alerting.incident import LOUD, Change, Incident, Member, Mute
from o11y.alerting.lifecycle import Terms
from o11y.alerting.minute import Minute
from o11y.alerting.notification import Notification
from o11y.alerting.silence import Silences, labels_of_member
from o11y.alerting.step import Step, steps
from o11y.alerting.volume import Folded
from o11y.metrics import Metrics
from o11y.slo.windows import Severity
from o11y.worker.delivery import Delivery
from o11y.worker.history import History
from o11y.worker.incidents import Incidents
from o11y.worker.messages import Known, alerts_of, message_of
from o11y.worker.ports import Clock, ColourStore, Kept, MemoryLost, OutboxEntry
from o11y.worker.silences import Silencing
from o11y.worker.volumes import Volumes

log = logging.getLogger(__name__)

COLOUR_DEADLINE_S = 2
#: times that a minute is decided while others write the same incidents
_DECIDED_WITHIN = 5
_NAMESPACE = uuid.UUID("0f6a0c5e-3a58-4c52-9d2b-6f1f0a7d5b11")
_ENDS = frozenset({Change.RESOLVED, Change.EXPIRED})


@dataclass(frozen=True, slots=True)
class _Round:
    """What holds for every step of one minute."""

    minute: Minute
    until: datetime
    book: Book


class Telling:
    """Owns what becomes of a minute's alerts."""

    def __init__(
        self,
        incidents: Incidents,
        *,
        delivery: Delivery,
        history: History,
        colour: ColourStore,
        silencing: Silencing,
        volumes: Volumes,
        terms: Terms,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._incidents = incidents
        self._delivery = delivery
        self._history = history
        self._colour = colour
        self._silencing = silencing
        self._volumes = volumes
        self._terms = terms
        self._clock = clock
        self._metrics = metrics
        self._colour_lost = False

    async def tell(self, minute: Minute, *, until: datetime) -> list[Exception]:
        """Every step of the minute, pages first; returns what went wrong. ``until`` is the end of its windows.

        What another evaluator was first with is decided once more, on what that one has made of it.
        """
        self._colour_lost = False
        for _ in range(_DECIDED_WITHIN):
            errors, overtaken = await self._tell_once(minute, until)
            if not overtaken:
                break
        else:
            errors.append(RuntimeError("other evaluators change the incidents faster than this one can decide"))
        await self._volumes.send_digests(self._delivery, at=minute.at)
        return errors

    async def _tell_once(self, minute: Minute, until: datetime) -> tuple[list[Exception], bool]:
        """What went wrong, and whether another evaluator was first with anything."""
        round_ = _Round(minute, until, await self._incidents.load())
        silences = await self._silencing.current()
        todo = await asyncio.to_thread(self._steps, round_, silences)
        errors: list[Exception] = []
        overtaken = False
        for step in todo:
            try:
                overtaken |= await self._take(step, round_) is Kept.STALE
            except Exception as error:  # one incident's failure must not silence the next
                log.exception("incident not told", extra={"incident": step.after.incident_id})
                self._metrics.notifications.labels(step.after.severity, "failed").inc()
                errors.append(error)
        return errors, overtaken

    def _steps(self, round_: _Round, silences: Silences) -> list[Step]:
        now = self._clock()

        def silenced(member: Member) -> Mute:
            objective = round_.minute.objective_of(member)
            if objective is None:
                return LOUD
            silence = silences.muting(labels_of_member(member, objective.sli.indicator), now)
            return LOUD if silence is None else Mute(f"silenced: {silence.reason}", silence.name)

        edits = {severity: self._delivery.edits(severity) for severity in Severity}
        return steps(
            round_.book,
            round_.minute,
            terms=self._terms,
            silenced=silenced,
            edits=edits,
            new_id=lambda alerts: _identity_of(alerts, at=round_.minute.at),
        )

    async def _take(self, step: Step, round_: _Round) -> Kept:
        alerts = alerts_of(step, round_.minute)
        if step.news is not None and not alerts:  # its objectives are gone: as they were when it was last told
            alerts = list(await self._incidents.alerts_told(step.after.incident_id))
        if step.news is None or not alerts:
            kept = await self._keep(step, None, round_, "")
        elif step.news.quiet or await self._admitted(step, alerts, round_):
            kept = await self._send(step, alerts, round_, edit_only=step.news.quiet)
        elif self._is_shown(step, round_):
            kept = await self._send(step, alerts, round_, edit_only=True)
        else:
            kept = await self._keep(step, None, round_, "")
        if kept is not Kept.STALE and not step.after.is_open:
            await self._end_silences(step.after)
        return kept

    def _is_shown(self, step: Step, round_: _Round) -> bool:
        """Whether a message of it is somewhere that can be edited: that its news is in a digest changes it all the
        same, or what is over would be red for ever.
        """
        threads = round_.book.delivery_of(step.after.incident_id).threads
        return any(self._delivery.edits(Severity(severity)) for severity in threads)

    async def _send(self, step: Step, alerts: Sequence[Alert], round_: _Round, *, edit_only: bool) -> Kept:
        notification_id = str(uuid.uuid4())
        message = message_of(
            step,
            round_.minute,
            alerts,
            notification_id=notification_id,
            known=await self._known(step, alerts[0], round_.until),
            delivered=round_.book.delivery_of(step.after.incident_id),
            without_memory=self._incidents.without_memory,
            edit_only=edit_only,
        )
        kept = await self._delivery.send(message, keep=lambda entry: self._keep(step, entry, round_, notification_id))
        if kept is not Kept.STALE:
            await self._bring_others_up_to_date(message, round_)
        return kept

    async def _bring_others_up_to_date(self, message: Notification, round_: _Round) -> None:
        """A ticket that became a page has a message with the tickets too, which is not to fire for ever."""
        assert message.account is not None  # noqa: S101
        for severity in map(Severity, round_.book.delivery_of(message.account.incident_id).threads):
            if severity is not message.severity and self._delivery.edits(severity):
                identity = f"{message.notification_id}-{severity}"
                await self._delivery.send(replace(message, notification_id=identity, to=severity, edit_only=True))

    async def _keep(self, step: Step, entry: OutboxEntry | None, round_: _Round, notification_id: str) -> Kept:
        kept = await self._incidents.commit(step.after, entry=entry)
        if kept is Kept.STALE:
            log.info("another evaluator was first", extra={"incident": step.after.incident_id})
            return kept
        for record in step.records:
            self._metrics.verdicts.labels(record.member.severity, record.word).inc()
        await self._history.changed(
            step.after,
            step.records_told,
            at=round_.minute.at,
            now=self._clock(),
            notification_id=notification_id,
        )
        return kept

    async def _admitted(self, step: Step, alerts: Sequence[Alert], round_: _Round) -> bool:
        """Whether the volume cap lets it pass; otherwise it is a line of the next digest."""
        assert step.news is not None  # noqa: S101
        severity, change, at = step.after.told_as, step.news.change, round_.minute.at
        if await self._volumes.admits(change, severity, at=at):
            return True
        bare = message_of(
            step, round_.minute, alerts, notification_id="-", known=Known(),
            delivered=round_.book.delivery_of(step.after.incident_id), without_memory=False,
        )  # fmt: skip
        await self._volumes.fold(severity, Folded(step.after.incident_id, change, at, title(bare)))
        self._metrics.notifications.labels(severity, "folded").inc()
        return False

    async def _known(self, step: Step, worst: Alert, until: datetime) -> Known:
        """Colour is optional: the message goes out without it. Once it fails, it is not asked again in this tick."""
        if self._colour_lost:
            return Known()
        assert step.news is not None  # noqa: S101
        try:
            async with asyncio.timeout(COLOUR_DEADLINE_S):
                facts = await self._colour.colour(worst, until=until)
                if step.news.change not in _ENDS:
                    return Known(facts)
                began = step.after.opened_at - timedelta(seconds=worst.pair.long_s)  # what made it fire is part of it
                return Known(facts, await self._colour.bad_between(worst, since=began, until=until))
        except Exception as error:  # of any kind
            self._colour_lost = True
            log.warning("no colour for an alert", extra={"error": str(error) or type(error).__name__})
            return Known()

    async def _end_silences(self, incident: Incident) -> None:
        try:
            await self._silencing.end_with(incident.incident_id)
        except MemoryLost:  # it ends by its own time
            log.warning("a silence outlives its incident", extra={"incident": incident.incident_id})


def _identity_of(alerts: Sequence[Alert], *, at: datetime) -> str:
    """Of the incident that they open: the same for every evaluator of the minute, so that one alone can open it."""
    return uuid.uuid5(_NAMESPACE, f"{at.isoformat()} {min(alert.key for alert in alerts)}").hex
