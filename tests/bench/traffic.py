"""Made-up traffic: seeded, so every run measures the same events."""

import json
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

DAY = datetime(2026, 3, 10, tzinfo=UTC)
DIMENSIONS = 60

_PROVIDERS = ("openrouter", "anthropic", "bedrock", "vertex", "together", "azure")
_TOOLS = ["read_file", "write_file", "search", "run_command", "browser"]


def event(rng: random.Random, dimension: int, **changes: Any) -> dict[str, Any]:
    """A healthy event of one of many models, of about 650 bytes."""
    complete = int(rng.lognormvariate(7.6, 0.6))
    model = f"vendor-{dimension % 12}/model-{dimension}"
    return {
        "kiloUserId": f"user-{rng.randrange(5_000):05d}",
        "organizationId": f"org-{rng.randrange(300):04d}",
        "mode": rng.choice(("code", "architect", "ask")),
        "isAnonymous": rng.random() < 0.1,
        "isStreaming": rng.random() < 0.8,
        "userByok": rng.random() < 0.05,
        "provider": _PROVIDERS[dimension % len(_PROVIDERS)],
        "requestedModel": model + rng.choice(("", "", ":free")),
        "resolvedModel": model,
        "inferenceProvider": f"inference-{rng.randrange(8)}",
        "toolsAvailable": _TOOLS,
        "toolsUsed": rng.sample(_TOOLS, 2),
        "ttfbMs": complete // 6,
        "completeRequestMs": complete,
        "statusCode": 200,
        "ipAddress": "203.0.113.7",
        "tokens": {"inputTokens": rng.randrange(20_000), "outputTokens": rng.randrange(2_000), "cacheHitTokens": 0},
        **changes,
    }


def day(events: int, *, seed: int = 1) -> Iterator[bytes]:
    """NDJSON lines over 24 h in order: fewer at night, a few popular models, three outages of half an hour.

    Every event has an id, so repeats are looked for as they are at the door.
    """
    rng = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(DIMENSIONS)]
    outages = {1: DAY + timedelta(hours=5), 4: DAY + timedelta(hours=13), 9: DAY + timedelta(hours=20)}
    times = sorted(_time_of_day(rng) for _ in range(events))
    for at, dimension in zip(times, rng.choices(range(DIMENSIONS), weights, k=events), strict=True):
        start = outages.get(dimension)
        broken = start is not None and start <= at < start + timedelta(minutes=30)
        failed = rng.random() < (0.5 if broken else 0.0004)
        wire = event(
            rng,
            dimension,
            statusCode=rng.choice((500, 503, 504)) if failed else 200,
            timestamp=int(at.timestamp() * 1000),
            eventId=str(UUID(int=rng.getrandbits(128), version=4)),
        )
        yield json.dumps(wire).encode() + b"\n"


def _time_of_day(rng: random.Random) -> datetime:
    """More by day than by night: accepted in proportion to a cosine around 14:00."""
    while True:
        hour = rng.random() * 24
        if rng.random() < 0.65 + 0.35 * math.cos((hour - 14) / 12 * math.pi):
            return DAY + timedelta(hours=hour)
