"""The weekly report of two replicas put together as ``o11y serve`` does it, on real embedded stores.

A process of its own, since an engine folder belongs to one: prints what it saw as JSON. Slack refuses the first
attempt.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from o11y.app import assemble, objectives_of
from o11y.metrics import Metrics
from o11y.receivers import notifiers_of
from o11y.settings import load_settings
from o11y.stores import open_stores
from tests.fakes import SteppingClock
from tests.slack_stand_in import SERVER_ERROR, SlackStandIn


async def scenario(data_dir: Path) -> dict[str, Any]:
    with SlackStandIn(SERVER_ERROR) as slack:
        settings = load_settings(data_dir=data_dir, slack_ticket_webhook_url=slack.webhook_url)
        clock = SteppingClock(datetime.now(UTC).replace(second=0, microsecond=0))
        due = clock.now
        async with open_stores(settings) as stores:
            one, two = (
                assemble(
                    settings,
                    stores,
                    objectives=objectives_of(settings),
                    notifiers=notifiers_of(settings),
                    clock=clock,
                    metrics=Metrics(),
                )
                for _ in range(2)
            )
            made = [await one.weekly_report.make(due), await two.weekly_report.make(due)]
            told_at_once = len(slack.messages)
            clock.advance(120)
            retried = await two.delivery.retry_due()
            again = await one.weekly_report.make(due)
            waiting = await one.weekly_report._turns.take(due + timedelta(days=7))
            return {
                "made": made,
                "told_at_once": told_at_once,
                "retried": retried,
                "again": again,
                "messages": slack.messages,
                "next": waiting.value,
            }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(scenario(Path(sys.argv[1])))))
