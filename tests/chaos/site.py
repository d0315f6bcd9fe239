"""Evaluators put together as ``o11y serve`` does it, on real stores and a clock that the scenario steps.

An hour passes in a second or two here, and every part but the clock is the real one.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.migrations import migrate
from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.incidents import RedisIncidents
from o11y.adapters.redis.outbox import RedisOutbox
from o11y.adapters.slack.conversation import EDIT_INTERVAL_S, Gates, SlackConversation
from o11y.adapters.slack.pace import Pace
from o11y.adapters.slack.web_api import SlackWebApi
from o11y.adapters.slack.webhook import SlackWebhook
from o11y.adapters.spool import SqliteSpool
from o11y.alerting.incident import Thread
from o11y.alerting.notification import Notice, Notification
from o11y.app import Worker, assemble
from o11y.metrics import Metrics
from o11y.settings import Settings
from o11y.slo.windows import Severity
from o11y.stores import Stores
from o11y.worker.ports import Notifier, NotifyError
from tests.builders import dimension, objective
from tests.chaos.receiver import Receiver
from tests.fakes import SteppingClock
from tests.http_stand_in import closed_url
from tests.slack_stand_in import PAGES, TOKEN
from tests.worker_fakes import QUIET, FakeCounts, counted

MINUTE = timedelta(minutes=1)
#: of Redis and ClickHouse: a store that hangs costs the scenario this much of real time
STORE_TIMEOUT_S = 0.4
RECEIVER_TIMEOUT_S = 1
#: of a receiver that hangs, on the scenario's clock
RECEIVER_HANGS_S = 8


@dataclass
class Site:
    """What replicas share. ``counts`` says what fires; without it ClickHouse is asked.

    Without ``clickhouse_url`` it is away all the time; otherwise it is there when a replica starts.
    """

    folder: Path
    clock: SteppingClock
    receiver: Receiver
    redis_url: str
    clickhouse_url: str | None = None
    counts: FakeCounts | None = field(default_factory=FakeCounts)
    in_place: bool = False  # the receiver is a channel, with one message an incident and buttons below it
    pace: Pace = field(init=False)
    _known: set[str] = field(default_factory=set)  # models that have fired

    def __post_init__(self) -> None:
        self.pace = Pace(monotonic=self._monotonic, sleep=self.pause)

    @asynccontextmanager
    async def replica(self, name: str = "a") -> AsyncIterator[Worker]:
        folder = self.folder / name
        folder.mkdir()
        clickhouse_url = self.clickhouse_url or closed_url()
        redis = RedisConnection(
            self.redis_url,
            monotonic=self._monotonic,
            timeout_s=STORE_TIMEOUT_S,
            connect_timeout_s=STORE_TIMEOUT_S,
        )
        clickhouse = ClickHouse.server(clickhouse_url, answer_timeout_s=1)
        spool = SqliteSpool.open(folder / "spool.sqlite")
        try:
            if self.clickhouse_url is not None:
                await migrate(clickhouse)
            else:  # a new Redis would wait for the history to say what it is to know
                await RedisIncidents(redis, RedisOutbox(redis, spool)).mark_generation()
            settings = Settings(data_dir=folder, clickhouse_url=SecretStr(clickhouse_url))
            yield self._worker(settings, Stores(folder, clickhouse, redis, spool))
        finally:
            spool.close()
            clickhouse.close()
            await redis.close()

    def _worker(self, settings: Settings, stores: Stores) -> Worker:
        worker = assemble(
            settings,
            stores,
            objectives=(objective(),),
            notifiers=dict.fromkeys(Severity, self._notifier()),
            clock=self.clock,
            metrics=Metrics(),
            simulated=True,
        )
        if self.counts is not None:
            worker.ticker.counts = self.counts
        return worker

    def fires(self, *models: str) -> None:
        """These models' requests fail from now on, half of them; those of any that failed before succeed again."""
        assert self.counts is not None, "ClickHouse counts what fires"
        self._known |= set(models)
        well = sorted(self._known - set(models))
        self.counts.now = {
            **(counted(50, *map(dimension, models)) if models else QUIET),
            **(counted(0, *map(dimension, well)) if well else QUIET),
        }

    def vanishes(self, model: str) -> None:
        """Nobody asks for it any more; of the others it is as it was."""
        assert self.counts is not None, "ClickHouse counts what fires"
        self.counts.now = {where: counts for where, counts in self.counts.now.items() if where != dimension(model)}

    async def minutes(self, workers: Sequence[Worker], *, until: datetime, outbox_every_s: int = 10) -> None:
        """Each evaluator's tick at second 0, and the outbox in between; the clock ends at ``until`` or later."""
        while self.clock.now < until:
            minute = self.clock.now.replace(second=0)
            for worker in workers:
                await worker.ticker.tick(self.clock.now)
            for second in range(outbox_every_s, 60, outbox_every_s):
                self.clock.now = max(self.clock.now, minute + timedelta(seconds=second))
                for worker in workers:
                    await worker.delivery.retry_due()
            self.clock.now = max(self.clock.now.replace(second=0), minute) + MINUTE

    async def pause(self, seconds: float) -> None:
        """Stands in for ``asyncio.sleep``: only the scenario's clock moves."""
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    def _monotonic(self) -> float:
        return self.clock.now.timestamp()

    def _notifier(self) -> Notifier:
        if self.in_place:
            edits = Pace(EDIT_INTERVAL_S, monotonic=self._monotonic, sleep=self.pause)
            api = SlackWebApi(TOKEN, base_url=self.receiver.api_url)
            return SlackConversation(api, PAGES, buttons=True, gates=Gates(self.pace, edits))
        webhook = SlackWebhook(self.receiver.webhook_url, timeout_s=RECEIVER_TIMEOUT_S, pace=self.pace)
        return _TakesItsTime(webhook, self.clock)


class _TakesItsTime:
    """A receiver that hangs costs as much on the scenario's clock as it does in life."""

    threads = False

    def __init__(self, inner: Notifier, clock: SteppingClock) -> None:
        self._inner = inner
        self._clock = clock

    async def notify(self, message: Notification | Notice, *, thread: Thread | None = None) -> Thread | None:
        try:
            return await self._inner.notify(message, thread=thread)
        except NotifyError as error:
            if "no answer" in str(error):
                self._clock.advance(RECEIVER_HANGS_S)
            raise


def recent_minute(*, ago: timedelta = timedelta(hours=12)) -> datetime:
    """A clock to start with: rows beyond their time to live would vanish from ClickHouse at once."""
    return datetime.now(UTC).replace(second=0, microsecond=0) - ago
