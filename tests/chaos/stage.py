"""What the scenarios about pages have in common: servers, a door, a Slack, a clock, outages, and evaluators of them."""

import json
import random
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from redis import Redis

from o11y.alerting.incident import Change
from tests.chaos.evaluator_process import Evaluator, SharedClock
from tests.chaos.ledger import Pages, audit_events, audit_told
from tests.chaos.outcome import Outcome
from tests.chaos.processes import Servers, servers, workspace
from tests.chaos.said import Said, said_in
from tests.program.program import SECRET, Program
from tests.slack_press import SIGNING_SECRET
from tests.slack_stand_in import PAGES, TICKETS, TOKEN, SlackStandIn
from tests.wire_events import wire_event

MINUTE = timedelta(minutes=1)
#: requests of an outage a minute: enough evidence for a page at the end of its first minute
RATE = 20
#: what o11y says of gateways whose events are hours old, as all of a scenario's are, once it has looked at them
CLOCKS_OFF = "events are far off"
#: what is told of an outage, from its first minute to the end of the good ones after it
STORY = (Change.FIRED, Change.RESOLVED)


@dataclass(frozen=True, slots=True)
class Outage:
    """Every request of one model fails, from ``start`` for so many minutes; then ``well`` minutes of good ones."""

    model: str
    start: datetime
    minutes: int = 2
    well: int = 2

    @property
    def over_at(self) -> datetime:
        """The first minute at which everybody knows that it is resolved.

        The last bad events are in the window of the minute after it, and five more have to pass.
        """
        return self.start + (self.minutes + 1 + 5) * MINUTE

    def events(self, dice: random.Random) -> list[dict[str, Any]]:
        times = [
            self.start + timedelta(seconds=number * 60 / RATE) for number in range(RATE * (self.minutes + self.well))
        ]
        bad = RATE * self.minutes
        return [request(self.model, at, dice, status=500 if n < bad else 200) for n, at in enumerate(times)]


def request(model: str, at: datetime, dice: random.Random, *, status: int) -> dict[str, Any]:
    return wire_event(
        clientSecret=...,
        eventId=str(UUID(int=dice.getrandbits(128), version=4)),
        resolvedModel=model,
        requestedModel=model,
        statusCode=status,
        timestamp=at.isoformat(),
    )


@dataclass(slots=True)
class Stage:
    """``clock`` begins on a minute, hours ago: what else is posted now is out of sight of every window."""

    folder: Path
    servers: Servers
    slack: SlackStandIn
    clock: SharedClock
    dice: random.Random
    due: dict[str, Sequence[Change]] = field(default_factory=dict)  # of each model, in its order
    may: Collection[Change] = ()  # told of each model once at most, for all that the scenario cares
    acknowledged: set[str] = field(default_factory=set)

    def evaluator(self, name: str, *, in_place: bool = False, **more: str) -> Evaluator:
        """``in_place``: it keeps conversations in channels."""
        url = self.slack.webhook_url
        receivers = {"slack_page_webhook_url": url, "slack_ticket_webhook_url": url}
        if in_place:
            receivers = {
                "slack_bot_token": TOKEN,
                "slack_signing_secret": SIGNING_SECRET,
                "slack_page_channel": PAGES,
                "slack_ticket_channel": TICKETS,
                "slack_base_url": self.slack.api_url,
            }
        settings = {**self.servers.settings, **receivers, **more}
        return Evaluator(self.folder / name, clock=self.folder / "clock", **settings)

    def door(self, name: str = "door") -> Program:
        return Program(self.folder / name, "--role", "ingest", log_level="error", **self.servers.settings)

    def happen(self, door: Program, *outages: Outage) -> None:
        """Posted through the door; each is to be told as a page, and its end."""
        for outage in outages:
            self.post(door, outage.events(self.dice))
            self.due[outage.model] = STORY

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

    def end_lease(self, minute: datetime) -> None:
        """Whoever has begun to evaluate this minute and has not finished it loses it to the next who asks.

        A lease passes in the time of Redis, which nobody can step.
        """
        with Redis.from_url(self.servers.redis_url, decode_responses=True) as redis:
            if redis.exists(_lease_key(minute)):
                redis.hset(_lease_key(minute), "until", 0)

    def forget_watermark(self, *, pid: int) -> None:
        """Of a process that is gone. It lasts a minute, which for Redis is one of its own time."""
        with Redis.from_url(self.servers.redis_url, decode_responses=True) as redis:
            gone = [replica for replica in redis.hkeys("o11y:watermarks") if f"-{pid}-" in replica]
            if gone:
                redis.hdel("o11y:watermarks", *gone)

    def nothing_waits(self) -> bool:
        """Whether every door has said that no event of its spool is on its way."""
        with Redis.from_url(self.servers.redis_url, decode_responses=True) as redis:
            return all(said.endswith(":") for said in redis.hvals("o11y:watermarks"))

    def unfinished(self, first: datetime, last: datetime) -> list[datetime]:
        """The minutes that nobody has evaluated to their end."""
        minutes = [first + MINUTE * number for number in range((last - first) // MINUTE + 1)]
        with Redis.from_url(self.servers.redis_url, decode_responses=True) as redis:
            return [minute for minute in minutes if not redis.hget(_lease_key(minute), "done")]

    def told(self) -> list[Said]:
        """All but what is rightly said of the times of these events."""
        return [said for said in said_in(self.slack) if said.change is not None or CLOCKS_OFF not in said.text]

    def pages(self, *, marks_allowed: int = 1) -> Pages:
        return audit_told(self.told(), self.due, may=self.may, marks_allowed=marks_allowed)


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


def _lease_key(minute: datetime) -> str:
    return f"o11y:{{tick}}:{int(minute.timestamp()) // 60}"
