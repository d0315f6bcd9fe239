"""What the scenarios about pages have in common: servers, a door, a Slack, a clock, outages, and evaluators of them."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from redis import Redis

from tests.chaos.evaluator_process import Evaluator, SharedClock
from tests.chaos.ledger import Pages, audit_events, audit_pages
from tests.chaos.outcome import Outcome
from tests.chaos.processes import Servers, servers, workspace
from tests.program.program import SECRET, Program
from tests.program.waiting import until
from tests.slack_stand_in import SlackStandIn
from tests.wire_events import wire_event

MINUTE = timedelta(minutes=1)
#: requests of an outage a minute: enough evidence for a page at the end of its first minute
RATE = 20


@dataclass(frozen=True, slots=True)
class Outage:
    """Every request of one model fails, from ``start`` for so many minutes."""

    model: str
    start: datetime
    minutes: int = 2

    def events(self, dice: random.Random) -> list[dict[str, Any]]:
        every = 60 / RATE
        times = (self.start + timedelta(seconds=number * every) for number in range(RATE * self.minutes))
        return [_failed_request(self.model, time, dice) for time in times]


def _failed_request(model: str, time: datetime, dice: random.Random) -> dict[str, Any]:
    return wire_event(
        clientSecret=...,
        eventId=str(UUID(int=dice.getrandbits(128), version=4)),
        resolvedModel=model,
        requestedModel=model,
        statusCode=500,
        timestamp=time.isoformat(),
    )


@dataclass(slots=True)
class Stage:
    """``clock`` begins on a minute, hours ago: what else is posted now is out of sight of every window."""

    folder: Path
    servers: Servers
    slack: SlackStandIn
    clock: SharedClock
    dice: random.Random
    due: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)

    def evaluator(self, name: str) -> Evaluator:
        url = self.slack.webhook_url
        receivers = {"slack_page_webhook_url": url, "slack_ticket_webhook_url": url}
        return Evaluator(self.folder / name, clock=self.folder / "clock", **self.servers.settings, **receivers)

    def door(self, name: str = "door") -> Program:
        return Program(self.folder / name, "--role", "ingest", log_level="error", **self.servers.settings)

    def happen(self, door: Program, *outages: Outage) -> None:
        """Posted through the door; a page is due for each."""
        for outage in outages:
            self.post(door, outage.events(self.dice))
            self.due.append(outage.model)

    def post(self, door: Program, events: list[dict[str, Any]]) -> None:
        headers = {"Authorization": f"Bearer {SECRET}"}
        status, answer = door.post(json.dumps(events).encode(), "/ingest/api-metrics/batch", headers=headers)
        assert (status, json.loads(answer)["accepted"]) == (200, len(events)), answer
        self.acknowledged.update(event["eventId"] for event in events)

    def outcome(self, fault: str, *, injected: int, note: str = "", marks_allowed: int = 1) -> Outcome:
        """Count events and pages; a page that nothing was due for is a promise broken too."""
        events = audit_events(self.servers.clickhouse.rows, self.acknowledged)
        pages = self.pages(marks_allowed=marks_allowed)
        assert not pages.unexpected, f"told without a cause: {pages.unexpected}"
        assert self.slack.refusals == [], self.slack.refusals
        return Outcome(
            fault,
            injected,
            len(self.acknowledged),
            events.lost,
            events.duplicated,
            notifications=pages.due,
            notifications_lost=pages.lost,
            notifications_duplicated=pages.duplicated,
            marked=pages.marked,
            note=note,
        )

    def until_lease_over(self, minute: datetime) -> None:
        """Whoever has begun to evaluate this minute has finished it, or has lost it to the next who asks."""
        with Redis.from_url(self.servers.redis_url, decode_responses=True) as redis:
            until(lambda: not _leased(redis, minute), f"the lease of {minute:%H:%M} is over")

    def forget_watermark(self, *, pid: int) -> None:
        """Of a process that is gone. It lasts a minute, which for Redis is one of its own time."""
        with Redis.from_url(self.servers.redis_url, decode_responses=True) as redis:
            gone = [replica for replica in redis.hkeys("o11y:watermarks") if f"-{pid}-" in replica]
            if gone:
                redis.hdel("o11y:watermarks", *gone)

    def unfinished(self, first: datetime, last: datetime) -> list[datetime]:
        """The minutes that nobody has evaluated to their end."""
        minutes = [first + MINUTE * number for number in range((last - first) // MINUTE + 1)]
        with Redis.from_url(self.servers.redis_url, decode_responses=True) as redis:
            return [minute for minute in minutes if not redis.hget(_lease_key(minute), "done")]

    def pages(self, *, marks_allowed: int = 1) -> Pages:
        return audit_pages(list(self.slack.messages), self.due, marks_allowed=marks_allowed)


@contextmanager
def stage(seed: int, *, hours_ago: int = 5) -> Iterator[Stage]:
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=hours_ago)
    with workspace() as folder, servers(folder) as shared, SlackStandIn() as slack:
        clock = SharedClock(folder / "clock")
        clock.set(start)
        try:
            yield Stage(folder, shared, slack, clock, random.Random(seed))
        finally:
            clock.close()


def _leased(redis: "Redis", minute: datetime) -> bool:
    until_ms, done = redis.hmget(_lease_key(minute), "until", "done")
    seconds, microseconds = redis.time()
    return not done and int(until_ms or 0) > seconds * 1000 + microseconds // 1000


def _lease_key(minute: datetime) -> str:
    return f"o11y:{{tick}}:{int(minute.timestamp()) // 60}"
