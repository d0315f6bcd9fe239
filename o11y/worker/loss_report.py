"""Telling what damage to the spool has cost: once each, also when the loss was found by a process before this one."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from o11y.alerting.notification import Notice
from o11y.metrics import Metrics
from o11y.worker.notices import spool_damaged
from o11y.worker.ports import Spool


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
