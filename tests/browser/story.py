"""What happened, as far as the browser's tests are told: who sends what, and which outages there were."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from o11y.slo.dimension import Dimension
from tests.wire_events import wire_event

CLIENTS = {"kilo-gateway": "a-secret-of-the-gateway", "ide-extension": "a-secret-of-the-extension"}
EDITOR, EDITORS_TOKEN = "ann", "a-token-of-ann-who-may-edit"
VIEWER, VIEWERS_TOKEN = "board", "a-token-of-the-board-on-the-wall"
ADMIN_TOKENS = {
    EDITOR: {"token": EDITORS_TOKEN, "role": "editor"},
    VIEWER: {"token": VIEWERS_TOKEN, "role": "viewer"},
}
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Stream:
    """The requests of one dimension. ``per_minute`` may be less than 1."""

    dimension: Dimension
    per_minute: float
    complete_ms: int
    ttfb_ms: int
    served_by: tuple[str, ...]


@dataclass(frozen=True)
class Outage:
    """From ``since`` on, up to ``until``, both counted from the story's present; None: it lasts. Of the requests a
    ``share`` ends in one of ``statuses``, or takes ``times`` as long.
    """

    of: Stream
    since: timedelta
    until: timedelta | None
    share: float
    statuses: tuple[int, ...] = (200,)
    times: int = 1

    def covers(self, moment: datetime, present: datetime) -> bool:
        return present + self.since <= moment and (self.until is None or moment < present + self.until)


def _stream(client: str, provider: str, model: str, **values: Any) -> Stream:
    return Stream(Dimension(client, provider, model), **values)


SONNET = _stream(
    "kilo-gateway",
    "openrouter",
    "anthropic/claude-sonnet-4.5",
    per_minute=12,
    complete_ms=3_900,
    ttfb_ms=900,
    served_by=("Anthropic", "Amazon Bedrock", "Google Vertex"),
)
GEMINI = _stream(
    "kilo-gateway",
    "google-vertex",
    "google/gemini-2.5-pro",
    per_minute=6,
    complete_ms=3_600,
    ttfb_ms=1_100,
    served_by=("us-east5", "europe-west1"),
)
GPT = _stream(
    "kilo-gateway", "openrouter", "openai/gpt-5", per_minute=8, complete_ms=4_100, ttfb_ms=700, served_by=("OpenAI",)
)
HAIKU = _stream(
    "ide-extension", "anthropic", "claude-haiku-4.5", per_minute=5, complete_ms=1_400, ttfb_ms=350, served_by=("",)
)
STREAMS = (
    SONNET,
    GEMINI,
    GPT,
    HAIKU,
    _stream(
        "kilo-gateway",
        "openrouter",
        "x-ai/grok-code-fast-1",
        per_minute=4,
        complete_ms=2_100,
        ttfb_ms=420,
        served_by=("xAI",),
    ),
    _stream(
        "ide-extension",
        "openrouter",
        "z-ai/glm-4.6",
        per_minute=0.5,
        complete_ms=3_900,
        ttfb_ms=1_000,
        served_by=("Z.AI", "DeepInfra"),
    ),
)

#: what fires when somebody looks: the first is nobody's yet, the second was acknowledged
FIRING = Outage(SONNET, since=-24 * MINUTE, until=None, share=0.45, statuses=(503, 503, 529, 500))
SLOW = Outage(GEMINI, since=-38 * MINUTE, until=None, share=0.97, times=7)
#: what is over, in the order of time; within the two days for which there are 10 s counts
PAST = (
    Outage(HAIKU, since=timedelta(hours=-26), until=timedelta(hours=-26) + 6 * MINUTE, share=0.9, statuses=(529,)),
    Outage(GPT, since=timedelta(hours=-9), until=timedelta(hours=-9) + 8 * MINUTE, share=0.6, statuses=(500,)),
)
OUTAGES = (FIRING, SLOW, *PAST)
ACKNOWLEDGED_BY = "bob"


def sent_in(minute: datetime, *, present: datetime) -> Iterator[tuple[str, datetime, dict[str, Any]]]:
    """Client, time, event of every request that completes in this minute; always the same."""
    for stream in STREAMS:
        dice = Random(f"{minute.isoformat()} {stream.dimension.model}")
        requests = int(stream.per_minute) + (dice.random() < stream.per_minute % 1)
        for _ in range(requests):
            at = minute + timedelta(milliseconds=dice.randrange(60_000))
            yield stream.dimension.client or "", at, _event(stream, at, dice, present)


def _event(stream: Stream, at: datetime, dice: Random, present: datetime) -> dict[str, Any]:
    status, times = 200, 1
    for outage in OUTAGES:
        if outage.of is stream and outage.covers(at, present) and dice.random() < outage.share:
            status, times = dice.choice(outage.statuses), outage.times
    complete_ms = int(stream.complete_ms * dice.lognormvariate(0, 0.3) * times)
    return wire_event(
        clientSecret=...,
        eventId=str(UUID(int=dice.getrandbits(128), version=4)),
        timestamp=at.isoformat(),
        kiloUserId=f"user-{dice.randrange(400)}",
        mode=dice.choice(("code", "ask", "architect")),
        provider=stream.dimension.provider,
        inferenceProvider=dice.choice(stream.served_by),
        requestedModel=stream.dimension.model,
        resolvedModel=stream.dimension.model,
        toolsAvailable=["read", "write", "search"],
        toolsUsed=dice.choice(([], ["read"], ["read", "write"])),
        ttfbMs=min(complete_ms, int(stream.ttfb_ms * dice.lognormvariate(0, 0.3))),
        completeRequestMs=complete_ms,
        statusCode=status,
        tokens={"inputTokens": dice.randrange(200, 90_000), "outputTokens": dice.randrange(20, 3_000)},
    )
