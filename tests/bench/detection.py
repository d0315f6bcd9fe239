"""From an outage to the call of Slack, through the real program, doors and schedule: 100, 50 and 10 % bad.

Each round starts three dimensions of 60 requests a minute with a healthy past, and lets each fail at evenly spaced
requests from the moment at which its first due tick is the next whole minute: start + the formula's detection time +
the ingest lag. Requests are posted every second, as they complete; only the past is posted at once.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Any

from o11y.app import objectives_of
from o11y.settings import load_settings
from o11y.slo.detection import detection_s
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity
from tests.bench.measure import Figure, options, print_figures
from tests.bench.program import ANSWER_TIMEOUT_S, SECRET, Program, command, free_port, running
from tests.bench.traffic import event
from tests.http_stand_in import Answer, Request
from tests.slack_stand_in import SlackStandIn

BAD = (Fraction(1), Fraction(1, 2), Fraction(1, 10))
LAG_S = 10
PAST_S = 300
#: what must be left until the tick, to post the past and have it shipped
PREPARE_S = 15
MINUTE_S = 60
GIVEN_UP_S = 45


class TimedSlack(SlackStandIn):
    """``calls``: unix time and body of each."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[float, str]] = []

    def answer_to(self, request: Request) -> Answer:
        self.calls.append((time.time(), request.body.decode()))
        return super().answer_to(request)

    def told_of(self, model: str) -> float | None:
        """When the first page of the error rate that names ``model`` arrived."""
        return next((at for at, body in self.calls if "PAGE `error-rate`" in body and model in body), None)


@dataclass(frozen=True, slots=True)
class Outage:
    """A dimension that sends a request a second. Every 1 / ``bad``-th fails from ``start`` on (unix seconds)."""

    model: str
    dimension: int
    bad: Fraction
    start: int

    def event(self, second: int) -> dict[str, Any]:
        failing = second >= self.start and (second - self.start) % (1 / self.bad) == 0
        return event(
            Random(second),
            self.dimension,
            provider=f"provider-of-{self.model}",
            resolvedModel=self.model,
            userByok=False,
            statusCode=503 if failing else 200,
            timestamp=second * 1000,
        )


@dataclass(slots=True)
class Found:
    """Seconds, a sample a round."""

    after_tick: dict[Fraction, list[float]] = field(default_factory=lambda: {bad: [] for bad in BAD})
    after_start: dict[Fraction, list[float]] = field(default_factory=lambda: {bad: [] for bad in BAD})


def main() -> None:
    chosen = options(__doc__, rounds=3, longer="ten rounds, of a minute or two each")
    objective = _error_rate()
    detection = {bad: _detection(objective, bad) for bad in BAD}
    found = Found()
    with (
        tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder,
        TimedSlack() as slack,
        _worker(Path(folder), slack) as program,
    ):
        for number in range(10 if chosen.long else chosen.rounds):
            _round(program, slack, detection, number, found)
    _print(detection, found)


def _error_rate() -> Objective:
    settings = load_settings(objectives_file=None)
    return next(objective for objective in objectives_of(settings) if objective.name == "error-rate")


def _detection(objective: Objective, bad: Fraction) -> Fraction:
    """Of the page pair that is the quickest at this bad fraction."""
    times = (detection_s(pair, objective.budget, error=bad) for pair in objective.pairs_of(Severity.PAGE))
    return min(seconds for seconds in times if seconds is not None)


def _worker(data: Path, slack: TimedSlack) -> AbstractContextManager[Program]:
    port = free_port()
    environment = {
        "O11Y_PORT": str(port),
        "O11Y_DATA_DIR": str(data),
        "O11Y_CLIENT_SECRETS": json.dumps({"bench": [SECRET]}),
        "O11Y_LOG_LEVEL": "warning",
        "O11Y_INGEST_LAG_S": str(LAG_S),
        "O11Y_SLACK_PAGE_WEBHOOK_URL": slack.webhook_url,
        "O11Y_SLACK_TICKET_WEBHOOK_URL": slack.webhook_url,
    }
    return running([*command(), "serve"], port=port, ready="/readyz", environment=environment)


def _round(program: Program, slack: TimedSlack, detection: dict[Fraction, Fraction], number: int, found: Found) -> None:
    tick = _next_tick(time.time())
    outages = [
        Outage(f"vendor/model-{number}-{place}", place, bad, start=int(tick - LAG_S - detection[bad]))
        for place, bad in enumerate(BAD)
    ]
    posted = int(time.time())
    _post(program.port, [one.event(second) for one in outages for second in range(tick - PAST_S - 60, posted)])
    while any(slack.told_of(one.model) is None for one in outages):
        if time.time() > tick + GIVEN_UP_S:
            raise SystemExit(f"not told within {GIVEN_UP_S} s of the tick that is due")
        if (now := int(time.time())) > posted:
            _post(program.port, [one.event(second) for one in outages for second in range(posted, now)])
            posted = now
        time.sleep(0.05)  # how often to look; nothing is synchronised by it
    for one in outages:
        told = slack.told_of(one.model)
        assert told is not None
        found.after_tick[one.bad].append(told - tick)
        found.after_start[one.bad].append(told - one.start)


def _next_tick(now: float) -> int:
    """The first whole minute that leaves time to prepare."""
    ready = datetime.fromtimestamp(now, UTC) + timedelta(seconds=PREPARE_S + MINUTE_S)
    return int(ready.replace(second=0, microsecond=0).timestamp())


def _post(port: int, events: list[dict[str, Any]]) -> None:
    """A batch, accepted whole."""
    body = json.dumps(events).encode()
    connection = HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT_S)
    try:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
        connection.request("POST", "/ingest/api-metrics/batch", body, headers)
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    if answer.status != 200 or json.loads(said)["accepted"] != len(events):
        raise SystemExit(f"a batch of {len(events)} was answered with {answer.status}: {said[:200]!r}")


def _print(detection: dict[Fraction, Fraction], found: Found) -> None:
    for title, samples in (
        ("The Slack call, after the first tick at or after outage + formula + ingest lag", found.after_tick),
        ("The Slack call, after the outage began", found.after_start),
    ):
        print_figures(title, list(_figures(detection, samples)))


def _figures(detection: dict[Fraction, Fraction], samples: dict[Fraction, list[float]]) -> Iterator[Figure]:
    for bad in BAD:
        note = f"formula {float(detection[bad]):.1f} s + lag {LAG_S} s"
        yield Figure(f"{float(bad):.0%} bad", "s", samples[bad], digits=2, note=note)


if __name__ == "__main__":
    main()
