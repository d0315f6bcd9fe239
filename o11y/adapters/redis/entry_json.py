"""An outbox entry as text."""

import json
from datetime import datetime

from o11y.alerting import notification_json
from o11y.worker.ports import OutboxEntry


def dumps(entry: OutboxEntry) -> str:
    return json.dumps(
        {
            "message": notification_json.dumps(entry.notification),
            "attempts": entry.attempts,
            "due_at": entry.due_at.isoformat(),
        },
        separators=(",", ":"),
    )


def loads(text: str) -> OutboxEntry:
    """``ValueError`` when it is not an entry, or one of a version that this one cannot read."""
    value = json.loads(text)
    try:
        return OutboxEntry(
            notification=notification_json.loads(value["message"]),
            attempts=value["attempts"],
            due_at=datetime.fromisoformat(value["due_at"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an outbox entry: {type(error).__name__}: {error}") from error
