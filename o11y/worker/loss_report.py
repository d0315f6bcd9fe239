"""Telling what damage to the spool has cost: once each, also when the loss was found by a process before this one."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from o11y.alerting.notification import Notice
from o11y.metrics import Metrics
from o11y.slo.windows import Severity
from o11y.worker.ports import Spool, SpoolLoss


async def tell_losses(
    spool: Spool, *, tell: Callable[[Notice], Awaitable[None]], metrics: Metrics, now: datetime
) -> None:
    """Count and tell what nobody was told yet. What ``tell`` raises is raised, and the loss stays untold."""
    for loss in await asyncio.to_thread(spool.losses):
        if loss.told:
            continue
        if (notice := spool_damaged(loss, now=now)) is not None:
            await tell(notice)
        metrics.spool_events_lost.inc(loss.events)
        await asyncio.to_thread(spool.loss_told, loss.number)


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
