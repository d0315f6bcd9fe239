"""A thousand alerts at once: from the start of the tick to the first call of Slack, and to the end of the telling.

A thousand of 10,000 dimensions fail altogether, those of two providers, so that each fires a page and a ticket. Then
some eight hundred that share no name, each an incident of its own with its provider and its client. The query, the
incidents in an embedded Valkey, the outbox, the alert history and the webhook over HTTP are the real ones; each round
begins with an empty Redis. The CPU time is that of this process, the receiver's stand-in included.
"""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time

import chdb
import redis
from pydantic import SecretStr

from o11y.adapters.slack.pace import Pace
from o11y.adapters.slack.webhook import SlackWebhook
from o11y.adapters.valkey import ValkeyServer
from o11y.app import Worker, assemble, objectives_of
from o11y.metrics import Metrics
from o11y.settings import Settings, load_settings
from o11y.slo.windows import Severity
from o11y.stores import Stores, open_stores
from tests.bench.measure import Figure, Stopwatch, options, print_figures, print_table
from tests.bench.rollups import Fill
from tests.bench.tick import AT, tune_collector
from tests.http_stand_in import Answer, Request
from tests.slack_stand_in import SlackStandIn

DIMENSIONS = 10_000
DIMENSIONS_SHORT = 1_000


@dataclass(frozen=True, slots=True)
class Outage:
    """Who fails. ``apart``: no two dimensions share a name."""

    title: str
    one_in: int  # of so many dimensions of the bench one is there
    broken_one_in: int  # of those that are
    apart: bool


OUTAGES = (Outage("of few causes", 1, 10, apart=False), Outage("with nothing in common", 4, 3, apart=True))


class TimedSlack(SlackStandIn):
    """``called_at``: when each call arrived, on this process's performance counter."""

    def __init__(self) -> None:
        super().__init__()
        self.called_at: list[float] = []

    def answer_to(self, request: Request) -> Answer:
        self.called_at.append(perf_counter())
        return super().answer_to(request)


@dataclass(slots=True)
class Told:
    """Seconds from the start of the tick, a sample a round."""

    evaluated: list[float] = field(default_factory=list)
    first_call: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    verdicts: dict[str, float] = field(default_factory=dict)
    messages: int = 0


async def main() -> None:
    chosen = options(
        __doc__, rounds=5, longer="twice as many rounds", shorter="1,000 dimensions, one cold round, messages unpaced"
    )
    dimensions = DIMENSIONS_SHORT if chosen.short else DIMENSIONS
    rounds = chosen.rounds * (2 if chosen.long else 1)
    for outage in OUTAGES:
        told = await _flood(outage, dimensions // outage.one_in, rounds=rounds, short=chosen.short)
        _print(outage.title, told)


async def _flood(outage: Outage, dimensions: int, *, rounds: int, short: bool) -> Told:
    with tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder:
        valkey = ValkeyServer(Path(folder) / "valkey")
        valkey.start()
        try:
            settings = load_settings(
                data_dir=Path(folder) / "data",
                clickhouse_url=None,
                redis_url=SecretStr(valkey.url),
                objectives_file=None,
            )
            async with open_stores(settings, keep_forever=True) as stores:
                _fill(settings, stores, outage, dimensions=dimensions)
                return await _measure(settings, stores, valkey.url, rounds=rounds, short=short)
        finally:
            valkey.stop()


def _fill(settings: Settings, stores: Stores, outage: Outage, *, dimensions: int) -> None:
    engine = chdb.connect(str(settings.data_dir / "clickhouse"))
    engine.query(f"USE {stores.clickhouse.database}")
    slis = {objective.sli for objective in objectives_of(settings)}
    fill = Fill(engine, slis, AT, dimensions, broken_one_in=outage.broken_one_in, failing_one_in=1, apart=outage.apart)
    fill.names()
    fill.requests(weight=1)
    engine.close()


async def _measure(settings: Settings, stores: Stores, redis_url: str, *, rounds: int, short: bool) -> Told:
    told, apart_s = Told(), 0.0 if short else 1.0
    if not short:
        await _round(settings, stores, redis_url, Told(), apart_s)  # names are learnt, files are in the page cache
    tune_collector()
    for _ in range(rounds):
        await _round(settings, stores, redis_url, told, apart_s)
    return told


async def _round(settings: Settings, stores: Stores, redis_url: str, told: Told, apart_s: float) -> None:
    """``apart_s``: seconds from one message to the next."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    with TimedSlack() as slack:
        worker = _worker(settings, stores, slack, apart_s)
        with Stopwatch() as evaluating:
            await worker.ticker.evaluate(AT)
        started, cpu = perf_counter(), process_time()
        await worker.ticker.tick(AT)
        told.cpu.append(process_time() - cpu)
        told.ended.append(perf_counter() - started)
        told.first_call.append(slack.called_at[0] - started)
        told.evaluated.append(evaluating.seconds)
        told.messages = len(slack.messages)
    if worker.ticker.health.failures_in_a_row:
        raise SystemExit(f"the tick failed: {worker.ticker.health.last_error}")
    told.verdicts = {
        f"{sample.labels['severity']} {sample.labels['verdict']}": sample.value
        for metric in worker.metrics.verdicts.collect()
        for sample in metric.samples
    }


def _worker(settings: Settings, stores: Stores, slack: TimedSlack, apart_s: float) -> Worker:
    webhook = SlackWebhook(slack.webhook_url, pace=Pace(apart_s))
    return assemble(
        settings,
        stores,
        objectives=objectives_of(settings),
        notifiers=dict.fromkeys(Severity, webhook),
        clock=lambda: AT,
        metrics=Metrics(),
        simulated=True,
    )


def _print(title: str, told: Told) -> None:
    print_figures(
        f"{sum(told.verdicts.values()):,.0f} alerts {title}, told at once in {told.messages} messages a second apart",
        [
            Figure("an evaluation alone", "s", told.evaluated, digits=2),
            Figure("tick start to first Slack call", "s", told.first_call, digits=2),
            Figure("tick start to the end of the telling", "s", told.ended, digits=2),
            Figure("CPU of the tick", "s", told.cpu, digits=2),
        ],
    )
    print_table(
        "What the history says of them", ("", "alerts", ""), [(k, f"{n:,.0f}", "") for k, n in told.verdicts.items()]
    )


if __name__ == "__main__":
    asyncio.run(main())
