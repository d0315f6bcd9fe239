"""Telling: a minute's alerts to whoever must know, each claimed right before its send.

    claim -> colour -> history -> send -> confirm

A failure in one group of alerts never stops another.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from o11y.alerting.alert import Alert
from o11y.alerting.claim import Verdict
from o11y.alerting.notification import NO_FACTS, Facts, Notification
from o11y.alerting.triage import groups
from o11y.metrics import Metrics
from o11y.worker.claims import Claims
from o11y.worker.delivery import Delivery
from o11y.worker.history import History
from o11y.worker.ports import Clock, ColourStore

log = logging.getLogger(__name__)

COLOUR_DEADLINE_S = 2

Sleep = Callable[[float], Awaitable[None]]


class Telling:
    """``sleep`` is between two looks at an alert that another evaluator is sending."""

    def __init__(
        self,
        claims: Claims,
        *,
        delivery: Delivery,
        history: History,
        colour: ColourStore,
        clock: Clock,
        metrics: Metrics,
        sleep: Sleep,
    ) -> None:
        self._claims = claims
        self._delivery = delivery
        self._history = history
        self._colour = colour
        self._clock = clock
        self._metrics = metrics
        self._sleep = sleep
        self._colour_lost = False

    async def tell(self, alerts: Sequence[Alert], *, until: datetime, late: bool) -> list[Exception]:
        """Every group of one minute's alerts, pages first; returns what went wrong.

        Waits until whoever is sending one has confirmed, or its lease is over and it is ours to send.
        """
        self._colour_lost = False
        contested, errors = await self._tell_groups(alerts, until=until, late=late)
        while contested:
            await self._sleep(1)
            contested, more = await self._tell_groups(contested, until=until, late=late)
            errors += more
        return errors

    async def _tell_groups(
        self, alerts: Sequence[Alert], *, until: datetime, late: bool
    ) -> tuple[list[Alert], list[Exception]]:
        """What another evaluator is sending, and what went wrong."""
        contested: list[Alert] = []
        errors: list[Exception] = []
        for group in groups(alerts):
            try:
                contested += await self._tell_group(group, until=until, late=late)
            except Exception as error:  # one group's failure must not silence the next
                log.exception("alert group failed", extra={"objective": group[0].objective.name})
                self._metrics.notifications.labels(group[0].severity, "failed").inc()
                errors.append(error)
        return contested, errors

    async def _tell_group(self, group: Sequence[Alert], *, until: datetime, late: bool) -> list[Alert]:
        """Claim, send; returns the alerts that another evaluator is sending right now."""
        token = str(uuid.uuid4())
        claimed = await self._claims.claim(group, token=token, now=self._clock())
        answers = list(zip(group, claimed, strict=True))
        granted = [alert for alert, answer in answers if answer.verdict.granted]
        if granted:
            notification = Notification(
                notification_id=token,
                alerts=tuple(granted),
                fired_at=granted[0].at,
                facts=await self._facts(granted[0], until),
                repeated=any(answer.verdict is Verdict.REPEATED for _, answer in answers),
                late_detection=late,
                without_memory=any(answer.without_memory for _, answer in answers),
            )
            await self._history.write(granted, "fired", notification_id=token, now=self._clock())
            await self._delivery.send(notification, token=token)
        inhibited = [alert for alert, answer in answers if answer.verdict is Verdict.INHIBITED]
        await self._history.write(inhibited, "inhibited", now=self._clock(), reason="its page is live")
        return [alert for alert, answer in answers if answer.verdict is Verdict.PENDING]

    async def _facts(self, alert: Alert, until: datetime) -> Facts:
        """Colour is optional: the page goes out without it. Once it fails, it is not asked again in this tick."""
        if self._colour_lost:
            return NO_FACTS
        try:
            async with asyncio.timeout(COLOUR_DEADLINE_S):
                return await self._colour.colour(alert, until=until)
        except Exception as error:  # of any kind
            self._colour_lost = True
            log.warning("no colour for an alert", extra={"error": str(error) or type(error).__name__})
            return NO_FACTS
