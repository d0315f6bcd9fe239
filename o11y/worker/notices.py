"""What o11y says about itself: the same trouble at most once an hour, through the same receivers as any page."""

from dataclasses import replace
from datetime import datetime, timedelta

from o11y.alerting.notification import Notice
from o11y.slo.windows import Severity
from o11y.worker.delivery import Delivery
from o11y.worker.ports import Clock, SpoolDepth, SpoolLoss

AT_MOST_EVERY = timedelta(hours=1)


class Notices:
    """A notice's id names the trouble; what is sent carries the minute too, so that it can be told again later."""

    def __init__(self, delivery: Delivery, *, clock: Clock) -> None:
        self._delivery = delivery
        self._clock = clock
        self._told: dict[str, datetime] = {}

    async def tell(self, notice: Notice) -> None:
        now, told = self._clock(), self._told.get(notice.notice_id)
        if told is not None and abs(now - told) < AT_MOST_EVERY:  # further ahead: the clock was stepped back
            return
        self._told[notice.notice_id] = now
        unique = f"{notice.notice_id}-{notice.at:%Y%m%dT%H%M%S}"
        try:
            await self._delivery.send(replace(notice, notice_id=unique), token=unique)
        except Exception:
            self._told.pop(notice.notice_id)  # not even in the outbox: it may be told again
            raise


def spool_too_old(depth: SpoolDepth, *, now: datetime, limit_s: int) -> Notice | None:
    """The spool's age is an alert about o11y itself: events are safe, but nobody is watching them."""
    if depth.oldest is None or (age := (now - depth.oldest).total_seconds()) < limit_s:
        return None
    return Notice(
        notice_id="spool-too-old",
        severity=Severity.TICKET,
        title="Events wait in the spool",
        text=f"The oldest of {depth.events:,} events has waited {age / 60:.0f} min for ClickHouse. "
        "Nothing is lost, but evaluations do not see them.",
        at=now,
    )


def spool_damaged(loss: SpoolLoss, *, now: datetime) -> Notice | None:
    """A page when acknowledged events are gone: objectives will look better or worse than they were."""
    if not loss.events and not loss.history and loss.exact:
        return None
    number = f"{loss.events:,}" if loss.exact else f"at least {loss.events:,}"
    text = f"The spool's file was damaged ({loss.reason}). {loss.carried:,} events were saved, {number} are lost"
    if loss.history:
        text += f", and {loss.history:,} rows of the alert history"
    if loss.maybe_shipped:
        text += f"; {loss.maybe_shipped:,} of them had been sent to ClickHouse and may be there"
    return Notice(
        notice_id=f"spool-damaged-{loss.number}",
        severity=Severity.PAGE,
        title=f"o11y lost {number} events: spool damaged",
        text=f"{text}.\nThe damaged file is kept as {loss.kept_as}. See `o11y spool list`, and the disk.",
        at=now,
    )


def dimensions_folded(client: str, limit: int, *, now: datetime) -> Notice:
    return Notice(
        notice_id=f"dimensions-folded-{client}",
        severity=Severity.TICKET,
        title="Too many models of one client",
        text=f"Client {client} has more than {limit:,} provider and model pairs; further models count as `other`.",
        at=now,
    )
