"""Events as a gateway posts them."""

import json
from typing import Any

from o11y.events import validate
from o11y.worker.event_row import row
from o11y.worker.ports import StoredEvent
from tests.builders import NOW

SECRET = "s3cret"


def wire_event(**changes: Any) -> dict[str, Any]:
    """Every required field and a few optional ones; a change to ``...`` leaves the field out."""
    event = {
        "clientSecret": SECRET,
        "kiloUserId": "user-1",
        "isAnonymous": False,
        "isStreaming": True,
        "userByok": False,
        "provider": "openrouter",
        "requestedModel": "Vendor/Model:free",
        "resolvedModel": "Vendor/Model:free",
        "toolsAvailable": ["read", "write"],
        "toolsUsed": ["read"],
        "ttfbMs": 120,
        "completeRequestMs": 900,
        "statusCode": 200,
        "tokens": {"inputTokens": 12, "outputTokens": 0},
        **changes,
    }
    return {name: value for name, value in event.items() if value is not ...}


def wire_json(**changes: Any) -> bytes:
    return json.dumps(wire_event(**changes)).encode()


def stored_event(*, client: str = "gateway", received_at: Any = NOW, **changes: Any) -> StoredEvent:
    event = validate(wire_event(**changes), now=received_at)
    bytes_ = row(event, client=client, received_at=received_at)
    return StoredEvent(client, event.event_id, event.given_id, event.event_time, bytes_)
